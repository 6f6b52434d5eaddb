import { expect, test } from 'vitest';
import { at } from '#base/mod.ts';
import { defineKind } from './kind.ts';
import { componentName, nodeOf, openApiDocument, openApiOf } from './open-api.ts';
import type { Schema } from './schema.ts';
import {
  any,
  bytes,
  flag,
  int32,
  int64,
  intOrString,
  list,
  listByKey,
  map,
  number,
  object,
  oneOf,
  openObject,
  quantity,
  set,
  text,
  time,
} from './schema.ts';

const Entry = object({ containerPort: int32().required(), protocol: text().default('TCP') });

test.each<[string, Schema<unknown, boolean>, object]>([
  [
    'text',
    text().doc('A word.').with({ minLength: 1, pattern: '^a' }),
    { type: 'string', description: 'A word.', minLength: 1, pattern: '^a' },
  ],
  ['one of some words', oneOf('a', 'b'), { type: 'string', enum: ['a', 'b'] }],
  ['a time', time(), { type: 'string', format: 'date-time' }],
  ['bytes', bytes(), { type: 'string', format: 'byte' }],
  ['a number', int64().with({ minimum: 0 }), { type: 'integer', format: 'int64', minimum: 0 }],
  ['a fraction', number(), { type: 'number' }],
  ['a flag', flag().default(true), { type: 'boolean', default: true }],
  ['what may be null', text().with({ nullable: true }), { type: 'string', nullable: true }],
  [
    'a number or word',
    intOrString(),
    { anyOf: [{ type: 'integer' }, { type: 'string' }], 'x-kubernetes-int-or-string': true },
  ],
  ['anything', any(), { 'x-kubernetes-preserve-unknown-fields': true }],
  [
    'a map',
    map(text()).with({ atomic: true }),
    { type: 'object', additionalProperties: { type: 'string' }, 'x-kubernetes-map-type': 'atomic' },
  ],
  [
    'a list',
    list(text()).with({ maxItems: 2 }),
    { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'atomic', maxItems: 2 },
  ],
  ['a set', set(text()), { type: 'array', items: { type: 'string' }, 'x-kubernetes-list-type': 'set' }],
  [
    'a keyed list',
    listByKey(Entry, 'containerPort', 'protocol'),
    {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          containerPort: { type: 'integer', format: 'int32' },
          protocol: { type: 'string', default: 'TCP' },
        },
        required: ['containerPort'],
      },
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['containerPort', 'protocol'],
    },
  ],
  ['an open object', openObject({}), { type: 'object', properties: {}, 'x-kubernetes-preserve-unknown-fields': true }],
])('%s as a schema, and back', (_, { node }, schema) => {
  expect(openApiOf(node)).toEqual(schema);
  expect(nodeOf(openApiOf(node))).toEqual(node);
});

test('a quantity keeps its meaning on the way', () => {
  expect(nodeOf(openApiOf(quantity().node))).toEqual(quantity().node);
});

test('only clients are told how strategic merge knows entries', () => {
  const { node } = listByKey(Entry, 'containerPort', 'protocol');
  const PATCH = { 'x-kubernetes-patch-strategy': 'merge', 'x-kubernetes-patch-merge-key': 'containerPort' };
  expect(openApiOf(node, 'client')).toMatchObject(PATCH);
  expect(openApiOf(node, 'crd')).not.toHaveProperty('x-kubernetes-patch-strategy');
  expect(openApiOf(set(text()).node, 'client')).toMatchObject({ 'x-kubernetes-patch-strategy': 'merge' });
  expect(openApiOf(list(text()).node, 'client')).not.toHaveProperty('x-kubernetes-patch-strategy');
});

const BuiltIn = defineKind({
  apiVersion: 'apps/v1',
  kind: 'Thing',
  names: { plural: 'things' },
  scope: 'Namespaced',
  doc: 'A thing.',
  spec: object({ size: int32() }),
});
const Custom = defineKind({
  apiVersion: 'boats.example.com/v1',
  kind: 'Boat',
  names: { plural: 'boats' },
  scope: 'Cluster',
  doc: '',
  custom: true,
});

test.each([
  [BuiltIn, 'io.k8s.api.apps.v1.Thing', '/apis/apps/v1/namespaces/{namespace}/things', true],
  [Custom, 'com.example.boats.v1.Boat', '/apis/boats.example.com/v1/boats', false],
] as const)('the document of $kind has what clients look for', (kind, name, path, isStrategic) => {
  const document = openApiDocument([kind], 'v1');
  const gvk = { group: kind.group, version: 'v1', kind: kind.kind };
  expect(componentName(kind)).toBe(name);
  expect(at(document, ['components', 'schemas', name, 'x-kubernetes-group-version-kind'])).toEqual([gvk]);
  expect(at(document, ['paths', path, 'get', 'x-kubernetes-group-version-kind'])).toEqual(gvk);
  const patch = at(document, ['paths', `${path}/{name}`, 'patch']) as {
    parameters: { name: string }[];
    requestBody: { content: object };
  };
  expect(patch.parameters.map((parameter) => parameter.name)).toEqual(
    expect.arrayContaining(['dryRun', 'fieldValidation']),
  );
  expect(Object.keys(patch.requestBody.content).includes('application/strategic-merge-patch+json')).toBe(isStrategic);
});
