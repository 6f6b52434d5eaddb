import { expect, test } from 'vitest';
import type { JsonObject } from '#base/mod.ts';
import { deepFreeze } from '#base/mod.ts';
import type { KubeObject } from '#machinery/mod.ts';
import { SharedFields } from './shared-fields.ts';

function objectWith(...fields: JsonObject[]): KubeObject {
  const managedFields = fields.map((fieldsV1, i) => ({ manager: `m${i}`, operation: 'Update' as const, fieldsV1 }));
  return { apiVersion: 'v1', kind: 'X', metadata: { name: 'x', managedFields } };
}

const fieldsOf = (object: KubeObject) => object.metadata.managedFields?.map(({ fieldsV1 }) => fieldsV1) ?? [];

test('equal parts of the field sets of several objects are the very same', () => {
  const shared = new SharedFields();
  const of = (uid: string) => objectWith({ 'f:metadata': { [`k:${uid}`]: {} }, 'f:spec': { '.': {}, 'f:a': {} } });
  const [one, two] = [shared.sharing(of('1')), shared.sharing(of('2'))];
  expect(one).toEqual(of('1'));
  expect(two).toEqual(of('2'));
  expect(fieldsOf(one)[0]?.['f:spec']).toBe(fieldsOf(two)[0]?.['f:spec']);
  expect(fieldsOf(shared.sharing(of('1')))[0]).toBe(fieldsOf(one)[0]);
});

test('the order of fields and what is no field set stay as they are', () => {
  const shared = new SharedFields();
  shared.sharing(objectWith({ 'f:a': {}, 'f:b': {} }));
  const other = shared.sharing(objectWith({ 'f:b': {}, 'f:a': {} }, { 'f:c': [1, { d: null }], 'f:e': 'text' }));
  expect(JSON.stringify(fieldsOf(other))).toBe('[{"f:b":{},"f:a":{}},{"f:c":[1,{"d":null}],"f:e":"text"}]');
});

test('what an update leaves alone is not looked at again', () => {
  const shared = new SharedFields();
  const before = deepFreeze(shared.sharing(objectWith({ 'f:a': {} })));
  expect(shared.sharing(before, before)).toBe(before);
  const entries = before.metadata.managedFields ?? [];
  const after = {
    ...before,
    metadata: { ...before.metadata, managedFields: [...entries, { fieldsV1: { 'f:b': {} } }] },
  };
  const written = shared.sharing(after, before);
  expect(written.metadata.managedFields?.[0]).toBe(entries[0]);
  expect(written).toEqual(after);
});

test('what is met once is forgotten in time, what is met often is not', () => {
  const shared = new SharedFields();
  const common = { 'f:common': { 'f:a': {} } };
  const first = fieldsOf(shared.sharing(objectWith(common)))[0];
  const unique = fieldsOf(shared.sharing(objectWith({ 'k:unique': { 'f:u': {} } })))[0];
  for (let i = 0; i < 3000; i++)
    shared.sharing(objectWith({ [`k:${i}${'x'.repeat(500)}`]: {} }, structuredClone(common)));
  expect(fieldsOf(shared.sharing(objectWith(structuredClone(common))))[0]).toBe(first);
  expect(fieldsOf(shared.sharing(objectWith({ 'k:unique': { 'f:u': {} } })))[0]).not.toBe(unique);
});
