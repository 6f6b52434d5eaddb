import type { Arbitrary } from 'fast-check';
import { assert, constantFrom, dictionary, integer, pre, property, record, uniqueArray } from 'fast-check';
import { expect, test } from 'vitest';
import type { JsonObject } from '#base/mod.ts';
import { applyConfiguration, trackUpdate } from './apply.ts';
import { toFieldsV1 } from './field-set.ts';
import { fieldsOf } from './fields.ts';
import { defineKind } from './kind.ts';
import type { KubeObject } from './meta.ts';
import { int32, list, listByKey, map, object, set, text } from './schema.ts';

const Container = object({ name: text().required(), image: text(), args: list(text()) });
const Thing = defineKind({
  apiVersion: 'v1',
  kind: 'Thing',
  names: { plural: 'things' },
  scope: 'Namespaced',
  doc: '',
  spec: object({ containers: listByKey(Container, 'name'), tags: set(text()), labels: map(text()), size: int32() }),
});

const thing = (spec: JsonObject): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Thing',
  metadata: { name: 'a', namespace: 'd' },
  spec,
});
const apply = (live: KubeObject | undefined, spec: JsonObject, manager = 'one', force = false) =>
  applyConfiguration({ kind: Thing, live, applied: thing(spec), manager, force, now: 0 }) as unknown as KubeObject & {
    spec: JsonObject;
  };

test('an apply that creates owns what it said', () => {
  const made = apply(undefined, { size: 1, containers: [{ name: 'c', image: 'x' }] });
  expect(made.metadata.managedFields).toEqual([
    {
      manager: 'one',
      operation: 'Apply',
      apiVersion: 'v1',
      time: '1970-01-01T00:00:00Z',
      fieldsType: 'FieldsV1',
      fieldsV1: {
        'f:spec': { 'f:size': {}, 'f:containers': { 'k:{"name":"c"}': { '.': {}, 'f:name': {}, 'f:image': {} } } },
      },
    },
  ]);
});

test('what an apply no longer says goes, unless another owns it too', () => {
  const first = apply(undefined, { size: 1, labels: { a: '1', b: '2' } });
  const second = apply(first, { labels: { b: '2' } }, 'two');
  expect(apply(second, { size: 1 }).spec).toEqual({ size: 1, labels: { b: '2' } });
});

test('an entry of a list goes as a whole', () => {
  const first = apply(undefined, { containers: [{ name: 'c', image: 'x' }, { name: 'd' }] });
  expect(apply(first, { containers: [{ name: 'd' }] }).spec).toEqual({ containers: [{ name: 'd' }] });
});

test('two managers at odds: 409 that names the field; force takes it over', () => {
  const first = apply(undefined, { size: 1 });
  expect(() => apply(first, { size: 2 }, 'two')).toThrow(
    'Apply failed with 1 conflict: conflict with "one": .spec.size',
  );
  const forced = apply(first, { size: 2 }, 'two', true);
  expect(forced.spec).toEqual({ size: 2 });
  expect(forced.metadata.managedFields?.map(({ manager }) => manager)).toEqual(['two']);
});

test('several conflicts are told by manager; a writer that did not apply is named with its version', () => {
  const first = apply(undefined, { size: 1, labels: { a: '1', b: '1' } });
  const after = { ...first, spec: { ...first.spec, size: 5 } };
  const managedFields = trackUpdate({
    kind: Thing,
    before: first,
    after,
    manager: 'editor',
    subresource: 'scale',
    now: 0,
  });
  const live = { ...after, metadata: { ...after.metadata, managedFields } };
  const clash = () => apply(live, { size: 2, labels: { a: '2', b: '2' } }, 'two');
  expect(clash).toThrow(
    'Apply failed with 3 conflicts: conflicts with "editor" with subresource "scale" using v1:\n- .spec.size\nconflicts with "one":\n- .spec.labels.a\n- .spec.labels.b',
  );
  expect(clash).toThrow(
    expect.objectContaining({
      code: 409,
      reason: 'Conflict',
      status: expect.objectContaining({
        details: {
          causes: [
            {
              reason: 'FieldManagerConflict',
              message: 'conflict with "editor" with subresource "scale" using v1',
              field: '.spec.size',
            },
            { reason: 'FieldManagerConflict', message: 'conflict with "one"', field: '.spec.labels.a' },
            { reason: 'FieldManagerConflict', message: 'conflict with "one"', field: '.spec.labels.b' },
          ],
        },
      }) as object,
    }) as Error,
  );
});

test('an empty object is a place of its own: who fills it is no rival', () => {
  const first = apply(undefined, { labels: {} });
  const second = apply(first, { labels: { a: '1' } }, 'two');
  expect(second.spec).toEqual({ labels: { a: '1' } });
  expect(second.metadata.managedFields?.map(({ manager, fieldsV1 }) => [manager, fieldsV1])).toEqual([
    ['one', { 'f:spec': { 'f:labels': {} } }],
    ['two', { 'f:spec': { 'f:labels': { 'f:a': {} } } }],
  ]);
});

test('a list without keys is one value', () => {
  const first = apply(undefined, { containers: [{ name: 'c', args: ['a', 'b'] }] });
  expect(() => apply(first, { containers: [{ name: 'c', args: ['a'] }] }, 'two')).toThrow(
    '.spec.containers[name="c"].args',
  );
});

test('entries keep the order of the one who applies, beside those of others', () => {
  const first = apply(undefined, { tags: ['a', 'b', 'c', 'x'] });
  expect(apply(first, { tags: ['c', 'n', 'b'] }, 'two').spec).toEqual({ tags: ['a', 'c', 'x', 'n', 'b'] });
});

test.each<[string, JsonObject, string]>([
  [
    'an entry without its key',
    { containers: [{ image: 'x' }] },
    '.spec.containers: element 0: associative list with keys has an element that omits key field "name"',
  ],
  [
    'the same entry twice',
    { containers: [{ name: 'c' }, { name: 'c' }] },
    '.spec.containers: duplicate entries for key [name="c"]',
  ],
  ['the same value twice', { tags: ['x', 'x'] }, '.spec.tags: duplicate entries for key [="x"]'],
])('an apply with %s is refused', (_, spec, message) => {
  expect(() => apply(undefined, spec)).toThrow(message);
});

test('an apply may not say who owns what', () => {
  const applied = { ...thing({}), metadata: { name: 'a', managedFields: [{}] } };
  expect(() => applyConfiguration({ kind: Thing, applied, manager: 'one', force: false, now: 0 })).toThrow(
    'metadata.managedFields must be nil',
  );
});

test('a write that makes an object owns all of it but its identity', () => {
  const after = {
    ...thing({ size: 1 }),
    metadata: { name: 'a', uid: 'u', labels: { l: '1' } },
  } as unknown as KubeObject;
  expect(trackUpdate({ kind: Thing, after, manager: 'editor', now: 0 }).map(({ fieldsV1 }) => fieldsV1)).toEqual([
    { 'f:metadata': { 'f:labels': { '.': {}, 'f:l': {} } }, 'f:spec': { '.': {}, 'f:size': {} } },
  ]);
});

test('two managers who agree share a field', () => {
  const both = apply(apply(undefined, { size: 1 }), { size: 1 }, 'two');
  expect(both.metadata.managedFields?.map(({ manager }) => manager)).toEqual(['one', 'two']);
});

test('a plain write owns what it changed, and the one who applied it is told at its next apply', () => {
  const first = apply(undefined, { size: 1, labels: { a: '1' } });
  const after = { ...first, spec: { ...first.spec, size: 5 } };
  const managedFields = trackUpdate({ kind: Thing, before: first, after, manager: 'editor', now: 0 });
  expect(managedFields.map(({ manager, operation, fieldsV1 }) => [manager, operation, fieldsV1])).toEqual([
    ['one', 'Apply', { 'f:spec': { 'f:labels': { 'f:a': {} } } }],
    ['editor', 'Update', { 'f:spec': { 'f:size': {} } }],
  ]);
  const live = { ...after, metadata: { ...after.metadata, managedFields } };
  expect(() => apply(live, { size: 1, labels: { a: '1' } })).toThrow('conflict with "editor" using v1: .spec.size');
});

test('a write that changes nothing owns nothing', () => {
  const first = apply(undefined, { size: 1 });
  expect(trackUpdate({ kind: Thing, before: first, after: first, manager: 'editor', now: 0 })).toEqual(
    first.metadata.managedFields,
  );
});

const SPEC = record(
  {
    size: integer(),
    labels: dictionary(constantFrom('a', 'b', 'c'), constantFrom('1', '2')),
    tags: uniqueArray(constantFrom('x', 'y', 'z')),
    containers: uniqueArray(record({ name: constantFrom('c', 'd'), image: constantFrom('i', 'j') }), {
      selector: ({ name }) => name,
    }),
  },
  { requiredKeys: [] },
) as Arbitrary<JsonObject>;

// An empty list is nobody's. One that an apply empties goes with its entries; said again it is there, and stays. So it is in Kubernetes.
const hasEmptyList = (spec: JsonObject): boolean =>
  Object.values(spec).some((value) => Array.isArray(value) && value.length === 0);

test('applying twice is applying once, but for empty lists', () => {
  assert(
    property(SPEC, SPEC, (before, wanted) => {
      pre(!hasEmptyList(wanted));
      const once = apply(apply(undefined, before), wanted);
      expect(apply(once, wanted)).toEqual(once);
    }),
  );
});

test('the one who applied last, with force, has all it said', () => {
  assert(
    property(SPEC, SPEC, SPEC, (a, b, wanted) => {
      const { spec } = apply(apply(apply(undefined, a), b, 'two', true), wanted, 'three', true);
      expect(apply({ ...thing(spec) } as unknown as KubeObject, wanted, 'three', true).spec).toEqual(spec);
    }),
  );
});

test('what one manager applies and then takes back leaves the other as it was, but for empty lists', () => {
  assert(
    property(SPEC, SPEC, (a, b) => {
      pre(!hasEmptyList(b));
      const first = apply(undefined, a);
      const second = apply(first, b, 'two', true);
      const back = apply(apply(second, {}, 'two'), a, 'one');
      const placesOf = (object: KubeObject) =>
        toFieldsV1(fieldsOf(Thing.schema, { spec: Reflect.get(object, 'spec') as object }));
      expect(placesOf(back)).toEqual(placesOf(first));
    }),
  );
});

test('what nobody keeps book of stays so until somebody applies; then it belongs to those before', () => {
  const live = { ...thing({ size: 1 }) } as unknown as KubeObject;
  const after = { ...live, spec: { size: 2 } } as unknown as KubeObject;
  expect(trackUpdate({ kind: Thing, before: live, after, manager: 'editor', now: 0 })).toEqual([]);
  expect(() => apply(live, { size: 3 })).toThrow('conflict with "before-first-apply" using v1: .spec.size');
});
