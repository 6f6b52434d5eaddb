// Which rule a request meets, and how shares are drawn.

import { seededRandom } from '#base/mod.ts';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { IngressRules, PathRule } from './control.ts';
import type { Door } from './routes.ts';
import { choose, plainHost, RouteTable } from './routes.ts';

const to = (target: string, rule: Partial<PathRule> = {}): PathRule => ({
  prefix: '/',
  splits: [{ target, percent: 100 }],
  ...rule,
});

const table = new RouteTable(
  new Map<string, IngressRules>([
    [
      'default/shop',
      {
        rules: [
          {
            hosts: ['shop.test'],
            visibility: 'external',
            paths: [
              to('root'),
              to('tagged', { headers: { 'Knative-Serving-Tag': 'v1' } }),
              to('cart', { prefix: '/cart' }),
              to('cart-item', { prefix: '/cart/item' }),
            ],
          },
          {
            hosts: ['tag.first.test'],
            visibility: 'external',
            paths: [
              to('tagged', { headers: { tag: 'a', other: 'b' } }),
              to('one', { headers: { tag: 'a' } }),
              to('root'),
            ],
          },
          {
            hosts: ['shop.default', 'shop.default.svc', 'shop.default.svc.cluster.local'],
            visibility: 'internal',
            paths: [to('inner')],
          },
          { hosts: ['both.test'], visibility: 'external', paths: [to('outer')], redirectToHttps: true },
          { hosts: ['both.test'], visibility: 'internal', paths: [to('inner')] },
          { hosts: ['[::1]'], visibility: 'external', paths: [to('six')] },
        ],
      },
    ],
    [
      'default/thief',
      {
        rules: [
          { hosts: ['shop.test', 'own.test'], visibility: 'external', paths: [to('stolen', { prefix: '/very/long' })] },
        ],
      },
    ],
  ]),
);

describe('RouteTable', () => {
  it.each<[string, Door, string, string, string[], string | undefined]>([
    ['root', 'external', 'shop.test', '/', [], 'root'],
    ['any path', 'external', 'shop.test', '/x/y?z=/cart', [], 'root'],
    ['case and port do not matter', 'external', 'SHOP.test:8080', '/', [], 'root'],
    ['nor does a trailing dot', 'external', 'shop.test.', '/', [], 'root'],
    ['the longest prefix', 'external', 'shop.test', '/cart/item/1', [], 'cart-item'],
    ['a literal prefix', 'external', 'shop.test', '/carts', [], 'cart'],
    ['a query is no path', 'external', 'shop.test', '/?/cart', [], 'root'],
    ['equal prefixes in the order given', 'external', 'shop.test', '/', ['knative-serving-tag', 'v1'], 'root'],
    ['headers, all of them', 'external', 'tag.first.test', '/', ['Tag', 'a', 'Other', 'b'], 'tagged'],
    ['headers, one of them', 'external', 'tag.first.test', '/', ['Tag', 'a', 'Other', 'c'], 'one'],
    ['headers, exactly', 'external', 'tag.first.test', '/', ['Tag', 'a, b'], 'root'],
    ['headers given twice are one list', 'external', 'tag.first.test', '/', ['Tag', 'a', 'Tag', 'a'], 'root'],
    ['unknown host', 'external', 'who.test', '/', [], undefined],
    ['no host', 'external', '', '/', [], undefined],
    ['internal hosts are not there from outside', 'external', 'shop.default', '/', [], undefined],
    ['internal hosts from inside', 'internal', 'shop.default.svc:80', '/', [], 'inner'],
    ['external hosts from inside', 'internal', 'shop.test', '/', [], 'root'],
    ['inside, the internal rule of a host goes first', 'internal', 'both.test', '/', [], 'inner'],
    ['outside, the external one', 'external', 'both.test', '/', [], 'outer'],
    ['an address with colons', 'external', '[::1]:8080', '/', [], 'six'],
    ['a host stays with whom had it first', 'external', 'shop.test', '/very/long', [], 'root'],
    ['and its other hosts are still served', 'external', 'own.test', '/very/long', [], 'stolen'],
    ['no path', 'external', 'own.test', '/', [], undefined],
    ['the server as a whole has no path', 'external', 'shop.test', '*', [], undefined],
  ])('%s', (_, door, host, path, headers, target) => {
    expect(table.find(door, host, path, { headers })?.path.splits[0]?.target).toBe(target);
  });

  it('redirects no path that is to be answered plainly', () => {
    const rules = [{ hosts: ['a.test'], visibility: 'external' as const, redirectToHttps: true }];
    const paths = [to('app'), { ...to('proof'), prefix: '/.well-known/acme-challenge/x', plain: true }];
    const table = new RouteTable(new Map([['a', { rules: rules.map((rule) => ({ ...rule, paths })) }]]));
    expect(table.find('external', 'a.test', '/.well-known/acme-challenge/x', { headers: [] })?.redirectToHttps).toBe(
      false,
    );
    expect(table.find('external', 'a.test', '/.well-known/acme-challenge/', { headers: [] })?.redirectToHttps).toBe(
      true,
    );
  });

  it('redirects outside only', () => {
    expect(table.find('external', 'both.test', '/', { headers: [] })?.redirectToHttps).toBe(true);
    expect(table.find('internal', 'both.test', '/', { headers: [] })?.redirectToHttps).toBe(false);
  });

  it.each([
    ['a.test', 'a.test'],
    ['A.Test:80', 'a.test'],
    ['a.test.:80', 'a.test'],
    ['[::1]', '[::1]'],
    ['[::1]:80', '[::1]'],
    ['', ''],
    [':80', ':80'],
  ])('the plain host of %j is %j', (authority, host) => expect(plainHost(authority)).toBe(host));
});

describe('choose', () => {
  const path = (percents: number[]) =>
    new RouteTable(
      new Map([
        [
          'i',
          {
            rules: [
              {
                hosts: ['h'],
                visibility: 'external',
                paths: [to('x', { splits: percents.map((percent, i) => ({ target: String(i), percent })) })],
              },
            ],
          },
        ],
      ]),
    ).find('external', 'h', '/', { headers: [] })!.path;

  it.each([
    [[], 0.5, undefined],
    [[0], 0.5, '0'],
    [[100], 0.99, '0'],
    [[80, 20], 0.79, '0'],
    [[80, 20], 0.8, '1'],
    [[0, 100], 0, '1'],
    [[1, 1, 1], 0.999, '2'],
    [[50, 0, 50], 0.5, '2'],
  ])('%j at %d gives %s', (percents, next, target) =>
    expect(choose(path(percents), { next: () => next })?.target).toBe(target),
  );

  it('draws each share about as often as it weighs, and none that weighs nothing', () => {
    fc.assert(
      fc.property(fc.integer(), fc.array(fc.nat(100), { minLength: 2, maxLength: 5 }), (seed, percents) => {
        const total = percents.reduce((sum, percent) => sum + percent, 0);
        fc.pre(total > 0);
        const random = seededRandom(seed);
        const counts = percents.map(() => 0);
        const made = path(percents);
        for (let i = 0; i < 2000; i++) counts[Number(choose(made, random)?.target)]!++;
        percents.forEach((percent, i) => {
          if (percent === 0) expect(counts[i]).toBe(0);
          else expect(Math.abs(counts[i]! / 2000 - percent / total)).toBeLessThan(0.07);
        });
      }),
      { numRuns: 30 },
    );
  });
});
