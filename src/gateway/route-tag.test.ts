import { expect, test } from 'vitest';
import { routeTag } from './route-tag.ts';
import type { RoutePath } from './routes.ts';

type Headers = Readonly<Record<string, string>>;

const TAG = 'Knative-Serving-Tag';
const DEFAULT = { 'Knative-Serving-Default-Route': 'true' };
const byTag = [['knative-serving-tag', 'blue']] as const;

/** What a path asks for, what it sets, what the client sent, and what comes of it. */
const cases: readonly [what: string, RoutePath['match'], set: Headers, sent: readonly string[], tag: string][] = [
  ["a tag's own host", [], { [TAG]: 'blue' }, [], 'blue'],
  ["a tag's own host, whatever the client says", [], { [TAG]: 'blue' }, [TAG, 'green'], 'blue'],
  ["a tag's header", byTag, {}, ['knative-serving-tag', 'blue'], 'blue'],
  ["a tag's header by way of another host", byTag, { 'K-Original-Host': 'shop.test' }, [TAG, 'blue'], 'blue'],
  ['no tag', [], DEFAULT, [], 'kn:default'],
  ['an empty tag', [], DEFAULT, [TAG, ''], 'kn:default'],
  ['a tag that is not known', [], DEFAULT, ['KNATIVE-SERVING-TAG', 'green'], 'kn:undefined'],
  ['tags by header are off', [], {}, [], 'kn:disabled'],
  ['tags by header are off, and the client names one', [], {}, [TAG, 'green'], 'kn:disabled'],
  ['a path by another header', [['x-group', 'testers']], {}, ['X-Group', 'testers'], 'kn:disabled'],
  ['a copy for a tag', [], { ...DEFAULT, [TAG]: 'shadow' }, [], 'shadow'],
];

test.each(cases)('%s', (_, match, set, headers, tag) => {
  expect(routeTag({ match }, set, { headers })).toBe(tag);
});

test('fields that only pass are not looked through', () => {
  const exchange = {
    passing: 'X-One: 1\r\n',
    get headers(): never {
      throw new Error('looked');
    },
  };
  expect(routeTag({ match: [] }, DEFAULT, exchange)).toBe('kn:default');
});
