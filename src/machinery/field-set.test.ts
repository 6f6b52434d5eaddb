import type { Arbitrary } from 'fast-check';
import { assert, constant, constantFrom, dictionary, letrec, oneof, property } from 'fast-check';
import { expect, test } from 'vitest';
import type { JsonObject } from '#base/mod.ts';
import {
  both,
  fieldsHold,
  fieldsMeet,
  fromFieldsV1,
  isEmpty,
  meets,
  minus,
  pathText,
  pathsIn,
  toFieldsV1,
  union,
} from './field-set.ts';

const WRITTEN = {
  'f:spec': {
    'f:size': {},
    'f:labels': { '.': {}, 'f:a.b/c': {} },
    'f:ports': { 'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {} } },
    'f:tags': { 'v:"x"': {} },
  },
};

test('a set survives the way through its form in managedFields', () => {
  expect(toFieldsV1(fromFieldsV1(WRITTEN))).toEqual(WRITTEN);
});

test('paths read as in conflicts', () => {
  expect(pathsIn(fromFieldsV1(WRITTEN)).map((path) => pathText(path))).toEqual([
    '.spec.labels',
    '.spec.size',
    '.spec.labels.a.b/c',
    '.spec.ports[containerPort=80,protocol="TCP"]',
    '.spec.ports[containerPort=80,protocol="TCP"].containerPort',
    '.spec.tags[="x"]',
  ]);
});

test.each([undefined, null, 1, [], { 'f:a': null }])('%j holds no places', (fields) => {
  expect(isEmpty(fromFieldsV1(fields))).toBe(true);
});

const { fields } = letrec<{ fields: JsonObject }>((tie) => ({
  fields: oneof(
    { maxDepth: 4 },
    constant({}),
    dictionary(constantFrom('f:a', 'f:b', 'v:1', '.'), tie('fields'), { maxKeys: 3 }) as Arbitrary<JsonObject>,
  ),
}));
const sets = fields.map((value) => fromFieldsV1(value));
const written = (set: Parameters<typeof toFieldsV1>[0]) => toFieldsV1(set);

test('what is asked of sets, and of managedFields without taking them apart, is what their sets say', () => {
  assert(
    property(fields, sets, (value, set) => {
      const there = fromFieldsV1(value);
      expect(meets(there, set)).toBe(!isEmpty(both(there, set)));
      expect(fieldsMeet(value, set)).toBe(!isEmpty(both(there, set)));
      expect(fieldsHold(value, set)).toBe(isEmpty(minus(set, there)));
    }),
  );
});

test('sets follow the laws of sets', () => {
  assert(
    property(sets, sets, (a, b) => {
      expect(written(union(a, b))).toEqual(written(union(b, a)));
      expect(written(both(a, b))).toEqual(written(both(b, a)));
      expect(written(union(minus(a, b), both(a, b)))).toEqual(written(a));
      expect(isEmpty(both(minus(a, b), b))).toBe(true);
      expect(written(minus(union(a, b), b))).toEqual(written(minus(a, b)));
      expect(written(fromFieldsV1(written(a)))).toEqual(written(a));
    }),
  );
});
