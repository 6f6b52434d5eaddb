// A Trigger: which events of a Broker go to which receiver.

import type { ObjectOf } from '#machinery/mod.ts';
import {
  ageSince,
  condition,
  defineKind,
  field,
  living,
  livingStatus,
  map,
  object,
  reason,
  text,
} from '#machinery/mod.ts';
import { AuthSchema } from '../duck/addressable.ts';
import { checkDelivery, deadLetterFields, defaultDelivery, DeliverySchema } from '../duck/delivery.ts';
import { checkDestination, defaultDestination, DestinationSchema } from '../duck/destination.ts';
import { noteUser } from '../duck/note-user.ts';
import { KReferenceSchema } from '../duck/reference.ts';
import { eventingFeatures, referenceRules } from '../duck/rules.ts';
import { checkUnchanged } from '../duck/unchanged.ts';
import { checkConsumerSettings } from './check-settings.ts';
import { EVENTING_WEBHOOK, eventingLabels } from '../labels.ts';
import { checkBrokerOf, checkTriggerAnnotations } from './check-trigger.ts';
import { checkAttributes, checkFilters, FiltersSchema } from './filter.ts';
import { BROKER_LABEL } from './labels.ts';

export const Trigger = defineKind({
  apiVersion: 'eventing.knative.dev/v1',
  kind: 'Trigger',
  names: { plural: 'triggers', categories: ['all', 'knative', 'eventing'] },
  scope: 'Namespaced',
  doc: 'Trigger represents a request to have events delivered to a subscriber from a Broker’s event pool.',
  spec: object({
    broker: text().doc('The name of the Broker.'),
    brokerRef: KReferenceSchema.doc('The Broker, where it is in another namespace.'),
    filter: object({ attributes: map(text()).doc('Attributes and values that events must have.') }),
    filters: FiltersSchema.doc(
      'Filters that must all let an event through; where there are any, filter does not count.',
    ),
    subscriber: DestinationSchema.doc('Where the events go.'),
    delivery: DeliverySchema.doc('How they are delivered, in place of all that the Broker says.'),
  }),
  status: livingStatus({
    subscriberUri: text(),
    subscriberCACerts: text(),
    subscriberAudience: text(),
    ...deadLetterFields,
    auth: AuthSchema,
  }),
  conditions: living(
    'BrokerReady',
    'SubscriptionReady',
    'DependencyReady',
    'SubscriberResolved',
    'DeadLetterSinkResolved',
    'OIDCIdentityCreated',
  ),
  columns: {
    Broker: field('spec.broker'),
    Subscriber_URI: field('status.subscriberUri'),
    Age: ageSince,
    Ready: condition('Ready'),
    Reason: reason('Ready'),
  },
  custom: true,
  crdLabels: eventingLabels,
  webhook: EVENTING_WEBHOOK,
  defaults(trigger, context, before) {
    if (context.subresource === 'status') return;
    const { metadata, spec } = trigger;
    spec.filter ??= {};
    defaultDestination(spec.subscriber, metadata.namespace);
    defaultDelivery(spec.delivery, metadata.namespace);
    const isLinked = eventingFeatures(context).isEnabled('cross-namespace-event-links');
    const broker = (isLinked && spec.brokerRef?.name) || spec.broker;
    if (broker) metadata.labels = { ...metadata.labels, [BROKER_LABEL]: broker };
    noteUser(trigger, context, before);
  },
  check(trigger, errors, context, before) {
    if (context.subresource === 'status') return;
    const { metadata, spec } = trigger;
    const features = eventingFeatures(context);
    errors.merge(checkBrokerOf(spec, features), 'spec');
    errors.merge(checkAttributes(spec.filter?.attributes), 'spec.filter.attributes');
    errors.merge(checkFilters(spec.filters), 'spec.filters');
    errors.merge(checkDestination(spec.subscriber ?? {}, referenceRules(features)), 'spec.subscriber');
    errors.merge(checkDelivery(spec.delivery, features), 'spec.delivery');
    errors.merge(checkConsumerSettings(metadata));
    errors.merge(checkTriggerAnnotations(metadata, spec.broker ?? ''));
    if (before) errors.merge(checkUnchanged('string', before.spec.broker, spec.broker, 'spec', 'broker'));
  },
});
export type Trigger = ObjectOf<typeof Trigger>;
