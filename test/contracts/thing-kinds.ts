// Small kinds for tests of the objects room: one that Kubernetes refuses, one that a webhook does, one without status, one with grace.

import type { ObjectOf } from '#machinery/mod.ts';
import { defineKind, int32, list, listByKey, map, object, text } from '#machinery/mod.ts';

export const Space = defineKind({
  apiVersion: 'v1',
  kind: 'Namespace',
  names: { plural: 'namespaces' },
  scope: 'Cluster',
  doc: 'A place for names.',
  spec: object({ finalizers: list(text()) }),
  status: object({ phase: text() }),
  defaults(space, { operation }) {
    if (operation !== 'CREATE') return;
    space.spec.finalizers ??= ['kubernetes'];
    space.status = { phase: 'Active' };
  },
});
export type Space = ObjectOf<typeof Space>;

const PortSchema = object({ number: int32().required(), protocol: text().default('TCP') });

export const Thing = defineKind({
  apiVersion: 'test.ebb.dev/v1',
  kind: 'Thing',
  names: { plural: 'things' },
  scope: 'Namespaced',
  doc: 'A thing with a spec and a status.',
  spec: object({ replicas: int32(), color: text(), ports: listByKey(PortSchema, 'number') }),
  status: object({ replicas: int32(), phase: text(), ports: list(PortSchema) }),
  scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' },
  selectableFields: ['spec.color', 'status.phase'],
  defaults(thing) {
    thing.spec.replicas ??= 1;
  },
  validate({ spec }, problems, _context, before) {
    if ((spec.replicas ?? 0) < 0) {
      problems.under('spec').invalid('replicas', spec.replicas, 'must be greater than or equal to 0');
    }
    if (before && before.spec.color !== spec.color && before.spec.color === 'fixed') {
      problems.under('spec').invalid('color', spec.color, 'field is immutable');
    }
  },
});
export type Thing = ObjectOf<typeof Thing>;

/** The same things in another version. */
export const ThingV2: typeof Thing = { ...Thing, apiVersion: 'test.ebb.dev/v2', version: 'v2' };

export const Gadget = defineKind({
  apiVersion: 'gadgets.ebb.dev/v1',
  kind: 'Gadget',
  names: { plural: 'gadgets' },
  scope: 'Namespaced',
  doc: 'A custom kind with a webhook.',
  custom: true,
  webhook: 'validation.webhook.gadgets.ebb.dev',
  spec: object({ image: text() }),
  status: object({ phase: text() }),
  check({ spec }, errors) {
    if (!spec.image) errors.missing('spec.image');
    if (spec.image === 'old') errors.warn('deprecated image', 'spec.image');
  },
  checkDelete({ metadata }, errors) {
    if (metadata.annotations?.['keep'] === 'yes') errors.generic('is to be kept', 'metadata.annotations.keep');
  },
});
export type Gadget = ObjectOf<typeof Gadget>;

export const Note = defineKind({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  names: { plural: 'configmaps' },
  scope: 'Namespaced',
  doc: 'A kind without spec and status.',
  fields: { data: map(text()) },
});
export type Note = ObjectOf<typeof Note>;

/** Goes at once unless it runs somewhere. */
export const Runner = defineKind({
  apiVersion: 'v1',
  kind: 'Pod',
  names: { plural: 'pods' },
  scope: 'Namespaced',
  doc: 'A kind with a grace.',
  spec: object({ node: text() }),
  status: object({ phase: text() }),
  lossy: 'status',
  statusAnnotations: ['test.ebb.dev/mark'],
  gracePeriodSeconds: ({ spec }) => (spec.node ? 30 : 0),
});
export type Runner = ObjectOf<typeof Runner>;

export const thingKinds = [Space, Thing, ThingV2, Gadget, Note, Runner];
