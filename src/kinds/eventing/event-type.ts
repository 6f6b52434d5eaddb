// An EventType: a kind of event that can be had here, and where. Three versions; v1beta2 is the stored one.

import type { Column, KubeObject, ObjectOf, TypeOf } from '#machinery/mod.ts';
import {
  condition,
  defineKind,
  field,
  flag,
  list,
  living,
  livingStatus,
  object,
  reason,
  text,
} from '#machinery/mod.ts';
import { noteUser } from '../duck/note-user.ts';
import { KReferenceSchema } from '../duck/reference.ts';
import { EVENTING_WEBHOOK, eventingLabels } from '../labels.ts';

const StatusSchema = livingStatus({});

const common = {
  kind: 'EventType',
  names: { plural: 'eventtypes', categories: ['all', 'knative', 'eventing'] },
  scope: 'Namespaced',
  doc: 'EventType represents a type of event that can be consumed from a Broker or another resource.',
  status: StatusSchema,
  conditions: living('ReferenceExists'),
  custom: true,
  crdLabels: eventingLabels,
  webhook: EVENTING_WEBHOOK,
} as const;

const lastColumns = {
  'Reference Name': field('spec.reference.name'),
  'Reference Kind': field('spec.reference.kind'),
  Description: field('spec.description'),
  Ready: condition('Ready'),
  Reason: reason('Ready'),
};

export const EventType = defineKind({
  ...common,
  apiVersion: 'eventing.knative.dev/v1beta2',
  spec: object({
    type: text().doc('The type of the events.'),
    source: text().doc('Where they come from.'),
    schema: text().doc('A URI of the schema of their data.'),
    schemaData: text().doc('The schema itself.'),
    broker: text().doc('Older spelling of reference.'),
    reference: KReferenceSchema.doc('The object that has the events.'),
    description: text(),
  }),
  columns: {
    Type: field('spec.type'),
    Source: field('spec.source'),
    Schema: field('spec.schema'),
    ...lastColumns,
  },
  defaults(eventType, context, before) {
    if (context.subresource === 'status') return;
    const { metadata, spec } = eventType;
    if (spec.reference && metadata.namespace) spec.reference.namespace ||= metadata.namespace;
    noteUser(eventType, context, before);
  },
  check({ spec }, errors, { subresource }) {
    if (subresource !== 'status' && !spec.type) errors.missing('spec.type');
  },
});
export type EventType = ObjectOf<typeof EventType>;

export const EventTypeV1Beta1: typeof EventType = {
  ...EventType,
  apiVersion: 'eventing.knative.dev/v1beta1',
  version: 'v1beta1',
  deprecation:
    'eventing.knative.dev/v1beta1 EventType is deprecated; see https://knative.dev/docs/eventing/event-registry/ for instructions to migrate to eventing.knative.dev/v1beta2 EventType',
};

const AttributeSchema = object({
  name: text().required(),
  required: flag().required(),
  value: text(),
});

const AttributesSpecSchema = object({
  reference: KReferenceSchema.doc('The object that has the events.'),
  description: text(),
  attributes: list(AttributeSchema).doc(
    'Attributes that the events have; type, source, specversion and id are among them.',
  ),
});
type AttributesSpec = TypeOf<typeof AttributesSpecSchema>;
type WithAttributes = Omit<EventType, 'spec'> & { spec: AttributesSpec };

/** A column that shows what an event of the type has as an attribute. */
const attribute = (name: string): Column => ({
  type: 'string',
  priority: 0,
  jsonPath: `.spec.attributes[?(@.name=='${name}')].value`,
  cell: (eventType) => valueOf((eventType as WithAttributes).spec, name) ?? null,
});

export const EventTypeV1Beta3 = defineKind({
  ...common,
  apiVersion: 'eventing.knative.dev/v1beta3',
  spec: AttributesSpecSchema,
  columns: { Type: attribute('type'), Source: attribute('source'), ...lastColumns },
  conversion: { fromStored, toStored },
  defaults(eventType, context, before) {
    if (context.subresource === 'status') return;
    const { metadata, spec } = eventType;
    if (spec.reference && metadata.namespace) spec.reference.namespace ||= metadata.namespace;
    noteUser(eventType, context, before);
  },
  check({ spec }, errors, { subresource }) {
    if (subresource === 'status') return;
    const names = new Set(spec.attributes?.map(({ name }) => name));
    const missing = ['type', 'source', 'specversion', 'id'].filter((name) => !names.has(name));
    if (missing.length > 0) errors.missing(...missing.map((name) => `spec.attributes.${name}`));
  },
});
export type EventTypeV1Beta3 = ObjectOf<typeof EventTypeV1Beta3>;

function valueOf({ attributes }: AttributesSpec, name: string): string | undefined {
  return attributes?.find((attribute) => attribute.name === name)?.value;
}

function fromStored(stored: KubeObject): WithAttributes {
  const { spec, ...rest } = stored as EventType;
  const { type, source, schema, broker, description } = spec;
  const byName = broker ? { kind: 'Broker', name: broker, apiVersion: 'eventing.knative.dev/v1' } : undefined;
  const reference = spec.reference ?? byName;
  const needed = (name: string, value?: string) => ({ name, required: true, ...(value ? { value } : {}) });
  return {
    ...rest,
    spec: {
      ...(reference ? { reference } : {}),
      ...(description === undefined ? {} : { description }),
      attributes: [
        needed('specversion'),
        needed('id'),
        needed('type', type),
        needed('source', source),
        ...(schema ? [{ name: 'schemadata', required: false, value: schema }] : []),
      ],
    },
  };
}

/** What the stored version has no word for is left out, as Knative does. */
function toStored({ spec, ...rest }: WithAttributes): KubeObject {
  const stored: EventType['spec'] = {};
  const { reference, description } = spec;
  if (reference) stored.reference = reference;
  if (description !== undefined) stored.description = description;
  const set = (field: 'type' | 'source' | 'schema', value: string | undefined) => {
    if (value) stored[field] = value;
  };
  set('type', valueOf(spec, 'type'));
  set('source', valueOf(spec, 'source'));
  set('schema', valueOf(spec, 'schemadata'));
  return { ...rest, spec: stored } as KubeObject;
}
