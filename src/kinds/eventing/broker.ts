// A Broker: a place where events come together, and from which Triggers take those that they are about.

import type { ObjectOf, WriteContext, FieldErrors } from '#machinery/mod.ts';
import { defineKind, living, livingStatus, object, wide } from '#machinery/mod.ts';
import { brokerDefaultsConfig } from '../config/broker-defaults.ts';
import { configOf } from '../config/of-context.ts';
import { addressColumns, addressFields, policyFields } from '../duck/addressable.ts';
import { checkDelivery, deadLetterFields, defaultDelivery, DeliverySchema } from '../duck/delivery.ts';
import { noteUser } from '../duck/note-user.ts';
import { checkReference, KReferenceSchema } from '../duck/reference.ts';
import { eventingFeatures, referenceRules } from '../duck/rules.ts';
import { checkUnchanged, except } from '../duck/unchanged.ts';
import { checkStreamSettings } from './check-settings.ts';
import { EVENTING_WEBHOOK, eventingLabels } from '../labels.ts';
import { BROKER_CLASS_ANNOTATION } from './labels.ts';

export const Broker = defineKind({
  apiVersion: 'eventing.knative.dev/v1',
  kind: 'Broker',
  names: { plural: 'brokers', categories: ['all', 'knative', 'eventing'] },
  scope: 'Namespaced',
  doc: 'Broker collects a pool of events that are consumable using Triggers.',
  spec: object({
    config: KReferenceSchema.doc('The configuration of the Broker, whose meaning is its class’s own.'),
    delivery: DeliverySchema.doc('How events are delivered where a Trigger does not say.'),
  }),
  status: livingStatus({ ...addressFields, ...deadLetterFields, ...policyFields }),
  conditions: living('IngressReady', 'TriggerChannelReady', 'FilterReady', 'Addressable', 'EventPoliciesReady'),
  columns: {
    ...addressColumns,
    Class: wide({
      type: 'string',
      priority: 1,
      jsonPath: '.metadata.annotations.eventing\\.knative\\.dev/broker\\.class',
      cell: ({ metadata }) => metadata.annotations?.[BROKER_CLASS_ANNOTATION] ?? null,
    }),
  },
  custom: true,
  crdLabels: { ...eventingLabels, 'duck.knative.dev/addressable': 'true' },
  webhook: EVENTING_WEBHOOK,
  defaults(broker, context, before) {
    if (context.subresource === 'status') return;
    defaultBroker(broker, context);
    noteUser(broker, context, before);
  },
  check(broker, errors, context, before) {
    if (context.subresource === 'status') return;
    const { metadata, spec } = broker;
    const features = eventingFeatures(context);
    if (!metadata.annotations?.[BROKER_CLASS_ANNOTATION]) errors.missing(BROKER_CLASS_ANNOTATION);
    const isBound = configOf(context, brokerDefaultsConfig).isConfigBound(metadata.namespace ?? '');
    const within = isBound ? metadata.namespace : undefined;
    if (spec.config) errors.merge(checkReference(spec.config, referenceRules(features, within)), 'spec.config');
    errors.merge(checkDelivery(spec.delivery, features, within), 'spec.delivery');
    errors.merge(checkStreamSettings(metadata));
    if (before) errors.merge(checkStanding(broker, before));
  },
});
export type Broker = ObjectOf<typeof Broker>;

/** The class, the configuration and the delivery that the platform or the namespace says. */
function defaultBroker({ metadata, spec }: Broker, context: WriteContext): void {
  const { namespace = '' } = metadata;
  const defaults = configOf(context, brokerDefaultsConfig);
  const brokerClass = metadata.annotations?.[BROKER_CLASS_ANNOTATION] ?? '';
  // A configuration that is given is looked up by its kind, as Knative does: so the cluster's delivery holds.
  const found = defaults.brokerConfigFor(namespace, spec.config ? (spec.config.kind ?? '') : brokerClass);
  if (found?.config && !spec.config) spec.config = { ...found.config };
  if (found?.delivery && !spec.delivery) {
    const { deadLetterSink, retry, backoffPolicy, backoffDelay } = found.delivery;
    spec.delivery = structuredClone({
      ...(deadLetterSink ? { deadLetterSink } : {}),
      ...(retry === undefined ? {} : { retry }),
      ...(backoffPolicy === undefined ? {} : { backoffPolicy }),
      ...(backoffDelay === undefined ? {} : { backoffDelay }),
    });
  }
  if (spec.config && namespace) spec.config.namespace ||= namespace;
  defaultDelivery(spec.delivery, namespace);
  const usual = brokerClass ? undefined : defaults.brokerClassIn(namespace);
  if (usual) metadata.annotations = { ...metadata.annotations, [BROKER_CLASS_ANNOTATION]: usual };
}

/** A Broker keeps its class and its configuration for life. */
function checkStanding(now: Broker, before: Broker): FieldErrors {
  const errors = checkUnchanged('v1.BrokerSpec', except(before.spec, 'delivery'), except(now.spec, 'delivery'), 'spec');
  const classOf = ({ metadata }: Broker) => metadata.annotations?.[BROKER_CLASS_ANNOTATION] ?? '';
  if (errors.text || classOf(before) === classOf(now)) return errors;
  return errors.add({
    message: 'Immutable annotations changed (-old +new)',
    paths: ['annotations'],
    details: `{string}:\n\t-: "${classOf(before)}"\n\t+: "${classOf(now)}"\n`,
  });
}
