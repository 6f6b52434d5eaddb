// A KafkaSource: events from topics of Apache Kafka.

import type { ObjectOf } from '#machinery/mod.ts';
import {
  ageSince,
  condition,
  defineKind,
  field,
  FieldErrors,
  flag,
  int32,
  list,
  living,
  livingStatus,
  object,
  reason,
  text,
} from '#machinery/mod.ts';
import { configOf } from '../config/of-context.ts';
import { eventingFeaturesConfig } from '../config/eventing-features.ts';
import { checkDelivery, DeliverySchema } from '../duck/delivery.ts';
import { noteUser } from '../duck/note-user.ts';
import { sourceSpecFields, sourceStatusFields } from '../duck/source.ts';
import { EVENTING_WEBHOOK } from '../labels.ts';
import { checkSource } from './check-source.ts';
import { eventTypesAnnotation, KAFKA_EVENT_TYPE, sourceLabels } from './labels.ts';

const secretKey = object({ secretKeyRef: object({ name: text(), key: text() }) });

/** How brokers are spoken to. */
export const KafkaNetSchema = object({
  sasl: object({ enable: flag(), user: secretKey, password: secretKey, type: secretKey }),
  tls: object({ enable: flag(), cert: secretKey, key: secretKey, caCert: secretKey }),
});

const OFFSETS = ['earliest', 'latest'];
const ORDERS = ['ordered', 'unordered'];
/** On a KafkaSource: how the keys of records are read. */
export const KAFKA_KEY_TYPE_LABEL = 'kafkasources.sources.knative.dev/key-type';
const KEY_TYPES = ['string', 'int', 'float', 'byte-array'];

export const KafkaSource = defineKind({
  apiVersion: 'sources.knative.dev/v1',
  kind: 'KafkaSource',
  names: { plural: 'kafkasources', categories: ['all', 'knative', 'eventing', 'sources'] },
  scope: 'Namespaced',
  doc: 'KafkaSource reads messages of topics of Apache Kafka and sends them as events.',
  spec: object({
    ...sourceSpecFields,
    bootstrapServers: list(text()).doc('Brokers to begin with, as host:port.'),
    topics: list(text()).doc('The topics that are read.'),
    consumerGroup: text().doc('The group whose offsets are kept; one of its own where it is not set.'),
    consumers: int32().doc('How many consumers there are.'),
    initialOffset: text().doc('Where a new group begins: earliest or latest.'),
    ordering: text().doc('Whether events of a partition wait for each other: ordered or unordered.'),
    net: KafkaNetSchema,
    delivery: DeliverySchema,
  }),
  status: livingStatus({
    ...sourceStatusFields,
    consumers: int32(),
    selector: text(),
    claims: text(),
  }),
  conditions: living('SinkProvided', 'ConnectionEstablished', 'InitialOffsetsCommitted', 'OIDCIdentityCreated'),
  columns: {
    Topics: field('spec.topics'),
    BootstrapServers: field('spec.bootstrapServers'),
    Ready: condition('Ready'),
    Reason: reason('Ready'),
    Age: ageSince,
  },
  scale: {
    specReplicasPath: '.spec.consumers',
    statusReplicasPath: '.status.consumers',
    labelSelectorPath: '.status.selector',
  },
  custom: true,
  crdLabels: sourceLabels,
  crdAnnotations: eventTypesAnnotation(KAFKA_EVENT_TYPE),
  webhook: EVENTING_WEBHOOK,
  defaults(source, context, before) {
    if (context.subresource === 'status') return;
    const { spec, metadata } = source;
    spec.consumerGroup ||= `knative-kafka-source-${metadata.uid ?? metadata.name}`;
    spec.consumers ??= 1;
    spec.initialOffset ||= 'latest';
    spec.ordering ||= 'ordered';
    noteUser(source, context, before);
  },
  check({ metadata, spec }, errors, context, before) {
    if (context.subresource === 'status') return;
    errors.merge(checkSource(spec, context), 'spec');
    errors.merge(checkKafka(spec), 'spec');
    errors.merge(checkDelivery(spec.delivery, configOf(context, eventingFeaturesConfig)), 'spec.delivery');
    const keyType = metadata.labels?.[KAFKA_KEY_TYPE_LABEL];
    if (keyType !== undefined && !KEY_TYPES.includes(keyType))
      errors.invalid(keyType, `metadata.labels.${KAFKA_KEY_TYPE_LABEL}`);
    if (before && before.spec.consumerGroup !== spec.consumerGroup)
      errors.generic('Immutable fields changed (-old +new)', 'spec.consumerGroup');
  },
});
export type KafkaSource = ObjectOf<typeof KafkaSource>;

type KafkaParts = Partial<
  Pick<KafkaSource['spec'], 'topics' | 'bootstrapServers' | 'initialOffset' | 'ordering' | 'consumers'>
>;

function checkKafka({ topics, bootstrapServers, initialOffset, ordering, consumers }: KafkaParts): FieldErrors {
  const errors = new FieldErrors();
  if (!topics?.length) errors.missing('topics');
  if (!bootstrapServers?.length) errors.missing('bootstrapServers');
  if (!OFFSETS.includes(initialOffset ?? '')) errors.invalid(initialOffset, 'initialOffset');
  if (!ORDERS.includes(ordering ?? '')) errors.invalid(ordering, 'ordering');
  if (consumers !== undefined && consumers < 0) errors.invalid(consumers, 'consumers');
  return errors;
}
