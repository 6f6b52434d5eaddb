import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { equal } from '#base/mod.ts';
import { reuse } from './reuse.ts';

test('reuse keeps the value, and is what was there where all is equal', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (before, after) => {
      expect(equal(reuse(before, after), after)).toBe(true);
      expect(equal(reuse(before, structuredClone(before)), before)).toBe(true);
    }),
  );
});

test('what is equal is the very same', () => {
  const before = { spec: { a: [1, { b: 2 }] }, status: { c: 3 } };
  expect(reuse(before, structuredClone(before))).toBe(before);
  const after = reuse(before, { spec: { a: [1, { b: 2 }] }, status: { c: 4 } });
  expect(after.spec).toBe(before.spec);
  expect(after.status).toEqual({ c: 4 });
});

test('a field that is taken away counts as a change', () => {
  const before = { a: 1, b: { c: 2 } };
  expect(reuse<object>(before, { a: 1 })).toEqual({ a: 1 });
});
