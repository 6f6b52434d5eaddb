import { expect, test } from 'vitest';
import { at } from '#base/mod.ts';
import { condition, field, wide } from './columns.ts';
import { crdOf, kindsOfCrd } from './crd.ts';
import { decodeObject } from './decode.ts';
import { defineKind } from './kind.ts';
import type { KubeObject } from './meta.ts';
import { int32, list, object, text } from './schema.ts';
import { tableOf } from './table.ts';

const DEFINITION = {
  kind: 'Boat',
  names: { plural: 'boats', short: ['bt'], categories: ['all'] },
  scope: 'Namespaced',
  doc: 'A boat.',
  custom: true,
  spec: object({ size: int32().required(), crew: list(text()) }),
  status: object({ phase: text() }),
  columns: { Size: { ...field('spec.size', 'integer'), doc: 'How long.' }, Ready: wide(condition('Ready')) },
  selectableFields: ['spec.size'],
  scale: { specReplicasPath: '.spec.size', statusReplicasPath: '.status.size' },
  crdLabels: { 'duck.knative.dev/source': 'true' },
} as const;
const V1 = defineKind({ ...DEFINITION, apiVersion: 'sea.example.com/v1' });
const V1Beta1 = defineKind({ ...DEFINITION, apiVersion: 'sea.example.com/v1beta1' });
const crd = crdOf([V1, V1Beta1]);

test('a definition says what there is to know of its kinds', () => {
  expect(crd).toMatchObject({
    metadata: { name: 'boats.sea.example.com', labels: { 'duck.knative.dev/source': 'true' } },
    spec: {
      group: 'sea.example.com',
      scope: 'Namespaced',
      names: {
        plural: 'boats',
        singular: 'boat',
        kind: 'Boat',
        listKind: 'BoatList',
        shortNames: ['bt'],
        categories: ['all'],
      },
    },
  });
  expect(at(crd, ['spec', 'versions'])).toMatchObject([
    {
      name: 'v1',
      served: true,
      storage: true,
      subresources: { status: {}, scale: { specReplicasPath: '.spec.size' } },
      additionalPrinterColumns: [
        { name: 'Size', type: 'integer', jsonPath: '.spec.size', description: 'How long.' },
        { name: 'Ready', type: 'string', jsonPath: ".status.conditions[?(@.type=='Ready')].status", priority: 1 },
      ],
      selectableFields: [{ jsonPath: '.spec.size' }],
    },
    { name: 'v1beta1', served: true, storage: false },
  ]);
});

test('kinds of a definition are those it was made of', () => {
  const kinds = kindsOfCrd(crd as unknown as KubeObject);
  expect(kinds.map(({ apiVersion }) => apiVersion)).toEqual(['sea.example.com/v1', 'sea.example.com/v1beta1']);
  for (const [i, kind] of [V1, V1Beta1].entries()) {
    const { group, version, names, scope, hasStatus, scale, custom, selectableFields, resource } = kind;
    expect(kinds[i]).toMatchObject({
      group,
      version,
      names,
      scope,
      hasStatus,
      scale,
      custom,
      selectableFields,
      resource,
    });
  }
});

const crdWith = (version: object, more: object = {}) =>
  ({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'x' },
    spec: {
      group: 'a.b',
      scope: 'Cluster',
      names: { plural: 'xs', kind: 'X' },
      versions: [{ name: 'v1', served: true, storage: true, ...version }],
      ...more,
    },
  }) as unknown as KubeObject;

test('columns of a definition show values, ages and JSON', () => {
  const column = (name: string, type: string, jsonPath: string) => ({ name, type, jsonPath });
  const [kind] = kindsOfCrd(
    crdWith({
      schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      additionalPrinterColumns: [
        column('Size', 'integer', '.spec.size'),
        column('Since', 'date', '.spec.at'),
        column('All', 'string', '.spec'),
        column('None', 'string', '.x'),
      ],
    }),
  );
  const spec = { size: 3, at: '2026-01-01T00:00:00Z' };
  const thing = { apiVersion: 'a.b/v1', kind: 'X', metadata: { name: 'n' }, spec };
  const table = kind && tableOf(kind, [thing], { now: Date.parse('2026-01-01T00:01:00Z') });
  expect(table?.rows[0]?.cells).toEqual(['n', 3, '60s', JSON.stringify(spec), null]);
});

test('objects of a definition are read as it says: pruned, or kept where it keeps them, and no spec made up', () => {
  const schema = {
    openAPIV3Schema: {
      type: 'object',
      properties: { spec: { type: 'object', required: ['a'], properties: { a: { type: 'string' } } } },
    },
  };
  const [kind] = kindsOfCrd(crdWith({ schema }));
  const [free] = kindsOfCrd(crdWith({}));
  const input = { metadata: { name: 'n' }, b: 1 };
  expect(kind && decodeObject(kind, input, { fieldValidation: 'Ignore' }).object).toEqual({
    apiVersion: 'a.b/v1',
    kind: 'X',
    metadata: { name: 'n' },
  });
  expect(free && decodeObject(free, input, { fieldValidation: 'Ignore' }).object).toMatchObject({ b: 1 });
});

test('a version that is not served is no kind, and a column that cannot be read is told', () => {
  expect(kindsOfCrd(crdWith({ served: false }))).toEqual([]);
  expect(() =>
    kindsOfCrd(crdWith({ additionalPrinterColumns: [{ name: 'A', type: 'string', jsonPath: '.a[' }] })),
  ).toThrow('unterminated array');
});
