import { expect, test } from 'vitest';
import { age, field, ownName, wide } from './columns.ts';
import { defineKind } from './kind.ts';
import { int32, object } from './schema.ts';
import { tableOf } from './table.ts';

const DEFINITION = {
  apiVersion: 'v1',
  kind: 'Thing',
  names: { plural: 'things' },
  scope: 'Namespaced',
  doc: '',
} as const;
const Plain = defineKind({ ...DEFINITION, spec: object({ size: int32() }) });
const Columned = { ...Plain, columns: { Size: field('spec.size', 'integer'), Age: age, Far: wide(field('spec.far')) } };
const NOW = Date.parse('2026-01-01T00:05:00Z');
const THING = {
  apiVersion: 'v1',
  kind: 'Thing',
  metadata: { name: 'a', creationTimestamp: '2026-01-01T00:00:00Z' },
  spec: { size: 3 },
};

test('a kind without columns has its name and age', () => {
  const table = tableOf(Plain, [THING], { now: NOW, metadata: { resourceVersion: '7' } });
  expect(table).toMatchObject({ kind: 'Table', apiVersion: 'meta.k8s.io/v1', metadata: { resourceVersion: '7' } });
  expect(table.columnDefinitions.map(({ name, type, format }) => [name, type, format])).toEqual([
    ['Name', 'string', 'name'],
    ['Age', 'string', ''],
  ]);
  expect(table.rows.map(({ cells }) => cells)).toEqual([['a', '5m']]);
});

test('the age of a custom kind is a date, told in the same words', () => {
  const table = tableOf({ ...Plain, custom: true }, [THING], { now: NOW });
  expect(table.columnDefinitions[1]?.type).toBe('date');
  expect(table.rows[0]?.cells).toEqual(['a', '5m']);
});

test('columns of the kind follow the name, with their priority', () => {
  const table = tableOf(Columned, [THING], { now: NOW, includeObject: 'None', version: 'v1beta1' });
  expect(table.apiVersion).toBe('meta.k8s.io/v1beta1');
  expect(table.columnDefinitions.map(({ name, priority }) => [name, priority])).toEqual([
    ['Name', 0],
    ['Size', 0],
    ['Age', 0],
    ['Far', 1],
  ]);
  expect(table.rows).toEqual([{ cells: ['a', 3, '5m', null] }]);
});

test.each([
  ['None', undefined],
  ['Metadata', { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: THING.metadata }],
  ['Object', THING],
] as const)('with %s a row carries that much of its object', (includeObject, object) => {
  expect(tableOf(Plain, [THING], { now: NOW, includeObject }).rows[0]?.object).toEqual(object);
});

test('the name stands where the kind puts it', () => {
  const last = { ...Plain, columns: { Size: field('spec.size', 'integer'), Name: wide(ownName) } };
  const { columnDefinitions, rows } = tableOf(last, [THING], { now: NOW, includeObject: 'None' });
  expect(columnDefinitions.map(({ name, format, priority }) => [name, format, priority])).toEqual([
    ['Size', '', 0],
    ['Name', 'name', 1],
  ]);
  expect(rows).toEqual([{ cells: [3, 'a'] }]);
});
