// A KafkaSink: events into a topic of Apache Kafka.

import type { ObjectOf } from '#machinery/mod.ts';
import { defineKind, int32, list, living, livingStatus, object, text } from '#machinery/mod.ts';
import { addressColumns, addressFields, policyFields } from '../duck/addressable.ts';
import { noteUser } from '../duck/note-user.ts';
import { EVENTING_WEBHOOK, eventingLabels } from '../labels.ts';

const MODES = ['binary', 'structured'];
const FIXED = ['topic', 'numPartitions', 'replicationFactor'] as const;

export const KafkaSink = defineKind({
  apiVersion: 'eventing.knative.dev/v1alpha1',
  kind: 'KafkaSink',
  names: { plural: 'kafkasinks', categories: ['all', 'knative', 'eventing'] },
  scope: 'Namespaced',
  doc: 'KafkaSink takes events into a topic of Apache Kafka.',
  spec: object({
    topic: text().doc('The topic that events are written to.'),
    numPartitions: int32().doc('With replicationFactor: the topic is made, with so many partitions.'),
    replicationFactor: int32(),
    bootstrapServers: list(text()).doc('Brokers to begin with, as host:port.'),
    contentMode: text().doc('How events are written: binary or structured.'),
    auth: object({ secret: object({ ref: object({ name: text() }) }) }),
  }),
  status: livingStatus({ ...addressFields, ...policyFields }),
  conditions: living('Addressable', 'TopicReady', 'EventPoliciesReady'),
  columns: addressColumns,
  custom: true,
  crdLabels: { ...eventingLabels, 'duck.knative.dev/addressable': 'true' },
  webhook: EVENTING_WEBHOOK,
  defaults(sink, context, before) {
    if (context.subresource === 'status') return;
    sink.spec.contentMode ||= 'binary';
    noteUser(sink, context, before);
  },
  check({ spec }, errors, context, before) {
    if (context.subresource === 'status') return;
    if (!spec.topic) errors.missing('spec.topic');
    if (!spec.bootstrapServers?.length) errors.missing('spec.bootstrapServers');
    if (!MODES.includes(spec.contentMode ?? '')) errors.invalid(spec.contentMode, 'spec.contentMode');
    for (const field of ['numPartitions', 'replicationFactor'] as const)
      if (spec[field] !== undefined && spec[field] <= 0) errors.invalid(spec[field], `spec.${field}`);
    const changed = before ? FIXED.filter((field) => before.spec[field] !== spec[field]) : [];
    if (changed.length > 0)
      errors.generic('Immutable fields changed (-old +new)', ...changed.map((field) => `spec.${field}`));
  },
});
export type KafkaSink = ObjectOf<typeof KafkaSink>;
