import type { Arbitrary } from 'fast-check';
import { assert, jsonValue, property } from 'fast-check';
import { expect, test } from 'vitest';
import type { Json, JsonObject } from '#base/mod.ts';
import { defineKind } from './kind.ts';
import { applyPatch, mergePatch } from './patch.ts';
import { int32, listByKey, map, object, set, text } from './schema.ts';

const Container = object({
  name: text().required(),
  image: text(),
  ports: listByKey(object({ containerPort: int32().required(), protocol: text() }), 'containerPort', 'protocol'),
});
const Thing = defineKind({
  apiVersion: 'v1',
  kind: 'Thing',
  names: { plural: 'things' },
  scope: 'Namespaced',
  doc: '',
  spec: object({
    containers: listByKey(Container, 'name'),
    finalizers: set(text()),
    labels: map(text()),
    size: int32(),
  }),
});
const spec = (value: JsonObject): JsonObject => ({ spec: value });
const names = (...list: string[]) => list.map((name) => ({ name }));

test.each<[string, JsonObject, JsonObject, JsonObject]>([
  ['adds and changes fields', { size: 1 }, { labels: { a: 'b' } }, { size: 1, labels: { a: 'b' } }],
  ['removes by null', { size: 1, labels: { a: 'b' } }, { size: null }, { labels: { a: 'b' } }],
  [
    'merges entries by key',
    { containers: [{ name: 'a', image: 'x' }] },
    { containers: [{ name: 'a', image: 'y' }, { name: 'b' }] },
    { containers: [{ name: 'a', image: 'y' }, { name: 'b' }] },
  ],
  [
    'deletes an entry',
    { containers: names('a', 'b') },
    { containers: [{ name: 'a', $patch: 'delete' }] },
    { containers: names('b') },
  ],
  [
    'replaces a list',
    { containers: names('a', 'b') },
    { containers: [{ $patch: 'replace' }, { name: 'c' }] },
    { containers: names('c') },
  ],
  ['adds to a set', { finalizers: ['a', 'c'] }, { finalizers: ['a', 'b'] }, { finalizers: ['a', 'b', 'c'] }],
  [
    'deletes from a set',
    { finalizers: ['a', 'b'] },
    { '$deleteFromPrimitiveList/finalizers': ['a'] },
    { finalizers: ['b'] },
  ],
  [
    'orders entries',
    { containers: names('a', 'b') },
    { '$setElementOrder/containers': names('c', 'b', 'a'), containers: names('c') },
    { containers: names('c', 'b', 'a') },
  ],
  ['keeps only some keys', { labels: { a: '1', b: '2' } }, { labels: { $retainKeys: ['b'] } }, { labels: { b: '2' } }],
  [
    'knows ports by number alone',
    { containers: [{ name: 'a', ports: [{ containerPort: 80, protocol: 'TCP' }] }] },
    { containers: [{ name: 'a', ports: [{ containerPort: 80, protocol: 'UDP' }] }] },
    { containers: [{ name: 'a', ports: [{ containerPort: 80, protocol: 'UDP' }] }] },
  ],
  [
    'lets unnamed entries keep their place',
    { containers: names('a', 'b', 'c', 'x') },
    { '$setElementOrder/containers': names('c', 'b') },
    { containers: names('a', 'c', 'b', 'x') },
  ],
  [
    'orders a set',
    { finalizers: ['a', 'b'] },
    { '$setElementOrder/finalizers': ['b', 'c', 'a'], finalizers: ['c'] },
    { finalizers: ['b', 'c', 'a'] },
  ],
  [
    'deletes every entry of a key',
    { containers: names('a', 'b', 'a') },
    { containers: [{ name: 'a', $patch: 'delete' }] },
    { containers: names('b') },
  ],
  ['replaces an object', { labels: { a: '1' } }, { labels: { $patch: 'replace', b: '2' } }, { labels: { b: '2' } }],
  ['empties an object', { labels: { a: '1' } }, { labels: { $patch: 'delete' } }, { labels: {} }],
  [
    'merges by its word',
    { labels: { a: '1' } },
    { labels: { $patch: 'merge', b: '2' } },
    { labels: { a: '1', b: '2' } },
  ],
  [
    'leaves data with a dollar alone',
    { labels: { $ref: 'x' } },
    { labels: { $id: 'y' } },
    { labels: { $ref: 'x', $id: 'y' } },
  ],
])('a strategic merge %s', (_, before, patch, after) => {
  expect(applyPatch('strategic', spec(before), spec(patch), Thing)).toEqual(spec(after));
});

test.each<[string, JsonObject]>([
  ['an entry without its key', { containers: [{ image: 'x' }] }],
  ['an entry that is no object', { containers: ['a'] }],
  ['an unknown directive', { labels: { $patch: 'turn' } }],
  ['a field that is not retained', { labels: { $retainKeys: ['a'], b: '1' } }],
  ['an order that is no list', { containers: [], '$setElementOrder/containers': 'a' }],
])('a strategic merge with %s is refused', (_, patch) => {
  expect(() => applyPatch('strategic', spec({ labels: {} }), spec(patch), Thing)).toThrow(
    expect.objectContaining({ code: 400 }) as Error,
  );
});

test('a custom kind answers 415 to a strategic merge', () => {
  expect(() => applyPatch('strategic', {}, {}, { ...Thing, custom: true })).toThrow(
    expect.objectContaining({ code: 415 }) as Error,
  );
});

test.each([
  ['a failing test', [{ op: 'test', path: '/spec/size', value: 2 }], 422],
  ['a path that is not there', [{ op: 'remove', path: '/spec/none' }], 422],
  ['what is no operation', [{ op: 'add' }], 400],
  ['an unknown operation', [{ op: 'toString', path: '/spec' }], 400],
  ['no value', [{ op: 'add', path: '/spec/size' }], 400],
  ['no origin', [{ op: 'move', path: '/spec/size' }], 400],
  ['the way to a prototype', [{ op: 'add', path: '/spec/__proto__/x', value: 1 }], 400],
  ['no object left', [{ op: 'replace', path: '', value: [] }], 400],
  ['a missing parent', [{ op: 'add', path: '/a/b', value: 1 }], 422],
  ['a wrong index', [{ op: 'add', path: '/spec/list/5', value: 1 }], 422],
  ['a million operations', Array.from({ length: 10_001 }, () => ({ op: 'remove', path: '/a' })), 413],
  ['what is no list', {} as never, 400],
])('a JSON patch with %s is refused', (_, patch, code) => {
  expect(() => applyPatch('json', spec({ size: 1 }), patch as JsonObject[], Thing)).toThrow(
    expect.objectContaining({ code }) as Error,
  );
});

test('a JSON patch replaces what an object does not have', () => {
  const patch = [{ op: 'replace', path: '/spec/size', value: 2 }];
  expect(applyPatch('json', spec({}), patch, Thing)).toEqual(spec({ size: 2 }));
});

test('a JSON patch leaves what it was given alone', () => {
  const before = spec({ size: 1 });
  expect(applyPatch('json', before, [{ op: 'replace', path: '/spec/size', value: 2 }], Thing)).toEqual(
    spec({ size: 2 }),
  );
  expect(before).toEqual(spec({ size: 1 }));
});

test('merging a patch twice is merging it once', () => {
  const json = jsonValue({ maxDepth: 3 }) as Arbitrary<Json>;
  assert(
    property(json, json, (before, patch) => {
      const once = mergePatch(before, patch);
      expect(mergePatch(once, patch)).toEqual(once);
    }),
  );
});
