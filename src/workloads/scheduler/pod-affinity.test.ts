import { describe, expect, test } from 'vitest';
import type { JsonObject } from '#base/mod.ts';
import type { Pod } from '#kinds/mod.ts';
import { companyOf, nodeOf, podOf } from './company.fixture.ts';
import { affinityProblem, guardProblem } from './pod-affinity.ts';
import type { Labels } from './rules.ts';

const NEAR = "node(s) didn't match pod affinity rules";
const FAR = "node(s) didn't match pod anti-affinity rules";
const HOST = 'kubernetes.io/hostname';

/** Two nodes in one zone, and one that is in none. */
const NODES = [nodeOf('a', { zone: 'z' }), nodeOf('b', { zone: 'z' }), nodeOf('c')];

const app = (value: string, topologyKey = HOST, more: JsonObject = {}): JsonObject => ({
  labelSelector: { matchLabels: { app: value } },
  topologyKey,
  ...more,
});
const wants = (which: 'podAffinity' | 'podAntiAffinity', labels: Labels, ...terms: JsonObject[]): Pod =>
  podOf(labels, { affinity: { [which]: { requiredDuringSchedulingIgnoredDuringExecution: terms } } });
const near = (...terms: JsonObject[]) => wants('podAffinity', { app: 'web' }, ...terms);
const far = (...terms: JsonObject[]) => wants('podAntiAffinity', { app: 'web' }, ...terms);

const db = podOf({ app: 'db' });
const elsewhere = podOf({ app: 'db' }, {}, 'other');

describe('its own rules', () => {
  const cases: readonly [string, Pod, string, [string, Pod][], string | undefined][] = [
    ['no rules', podOf({}), 'a', [['a', db]], undefined],
    ['near: it is here', near(app('db')), 'a', [['a', db]], undefined],
    ['near: it is next door', near(app('db')), 'a', [['b', db]], NEAR],
    ['near: it is in the same zone', near(app('db', 'zone')), 'a', [['b', db]], undefined],
    ['near: the node is in no zone', near(app('db', 'zone')), 'c', [['c', db]], NEAR],
    ['near: there is none', near(app('db')), 'a', [], NEAR],
    ['near: the first of its own group', near(app('web')), 'a', [['b', db]], undefined],
    ['near: the second of its own group', near(app('web')), 'a', [['b', podOf({ app: 'web' })]], NEAR],
    ['near: the first of its own group, where there is no zone', near(app('web', 'zone')), 'c', [], NEAR],
    [
      'near: a group in a namespace that is not its own',
      near(app('web', HOST, { namespaces: ['other'] })),
      'a',
      [],
      NEAR,
    ],
    [
      'near: one Pod must fit all terms',
      near(app('db'), app('log')),
      'a',
      [
        ['a', db],
        ['a', podOf({ app: 'log' })],
      ],
      NEAR,
    ],
    ['near: one Pod fits all terms', near(app('db'), app('db', 'zone')), 'a', [['a', db]], undefined],
    ['near: it is in another namespace', near(app('db')), 'a', [['a', elsewhere]], NEAR],
    ['near: by the namespace', near(app('db', HOST, { namespaces: ['other'] })), 'a', [['a', elsewhere]], undefined],
    [
      'near: by the labels of the namespace',
      near(app('db', HOST, { namespaceSelector: { matchLabels: { team: 'red' } } })),
      'a',
      [['a', elsewhere]],
      undefined,
    ],
    [
      'near: by other labels of the namespace',
      near(app('db', HOST, { namespaceSelector: { matchLabels: { team: 'blue' } } })),
      'a',
      [['a', elsewhere]],
      NEAR,
    ],
    ['near: in any namespace', near(app('db', HOST, { namespaceSelector: {} })), 'a', [['a', elsewhere]], undefined],
    ['near: no selector means no Pod', near({ topologyKey: HOST }), 'a', [['a', db]], NEAR],
    ['far: it is here', far(app('db')), 'a', [['a', db]], FAR],
    ['far: it is next door', far(app('db')), 'a', [['b', db]], undefined],
    ['far: it is in the same zone', far(app('db', 'zone')), 'a', [['b', db]], FAR],
    ['far: the node is in no zone', far(app('db', 'zone')), 'c', [['c', db]], undefined],
    ['far: one term is enough', far(app('log'), app('db')), 'a', [['a', db]], FAR],
    ['far: from its own like', far(app('web')), 'a', [['a', podOf({ app: 'web' })]], FAR],
    ['far: it is in another namespace', far(app('db')), 'a', [['a', elsewhere]], undefined],
    [
      'far: from others of its version alone',
      wants('podAntiAffinity', { app: 'web', v: '2' }, app('web', HOST, { matchLabelKeys: ['v'] })),
      'a',
      [['a', podOf({ app: 'web', v: '1' })]],
      undefined,
    ],
    [
      'far: from all but its version',
      wants('podAntiAffinity', { app: 'web', v: '2' }, app('web', HOST, { mismatchLabelKeys: ['v'] })),
      'a',
      [['a', podOf({ app: 'web', v: '1' })]],
      FAR,
    ],
  ];
  test.each(cases)('%s', (_why, pod, name, there, expected) => {
    const node = NODES.find(({ metadata }) => metadata.name === name) ?? nodeOf(name);
    expect(affinityProblem(pod, node, companyOf(NODES, there))).toBe(expected);
  });
});

describe('rules of those that are there', () => {
  const NOT_BORNE = "node(s) didn't satisfy existing pods anti-affinity rules";
  const cases: readonly [string, Pod, Pod, string, string | undefined][] = [
    ['it keeps this one away', podOf({ app: 'db' }), far(app('db')), 'a', NOT_BORNE],
    ['it keeps others away', podOf({ app: 'log' }), far(app('db')), 'a', undefined],
    ['it keeps it off its own node only', podOf({ app: 'db' }), far(app('db')), 'b', undefined],
    ['it keeps it out of its zone', podOf({ app: 'db' }), far(app('db', 'zone')), 'b', NOT_BORNE],
    ['it speaks of its own namespace', elsewhere, far(app('db')), 'a', undefined],
    ['what it wants near is no matter', podOf({ app: 'log' }), near(app('db')), 'a', undefined],
  ];
  test.each(cases)('%s', (_why, pod, guard, name, expected) => {
    const node = NODES.find(({ metadata }) => metadata.name === name) ?? nodeOf(name);
    const company = companyOf(NODES, [['a', guard]]);
    expect(guardProblem(pod, node, company.placed, company)).toBe(expected);
  });
});
