// A Subscription: events of a channel go to a subscriber, and its replies onward.

import type { ObjectOf } from '#machinery/mod.ts';
import {
  ageSince,
  condition,
  defineKind,
  FieldErrors,
  living,
  livingStatus,
  object,
  reason,
  text,
} from '#machinery/mod.ts';
import type { EventingFeatures } from '../config/eventing-features.ts';
import { AuthSchema } from '../duck/addressable.ts';
import { checkDelivery, deadLetterFields, defaultDelivery, DeliverySchema } from '../duck/delivery.ts';
import { checkDestination, defaultDestination, DestinationSchema, isEmptyDestination } from '../duck/destination.ts';
import { noteUser } from '../duck/note-user.ts';
import { checkReference, KReferenceSchema } from '../duck/reference.ts';
import { eventingFeatures, referenceRules } from '../duck/rules.ts';
import { checkUnchanged } from '../duck/unchanged.ts';
import { NEAR_ONLY } from '../eventing/check-trigger.ts';
import { checkConsumerSettings } from '../eventing/check-settings.ts';
import { EVENTING_WEBHOOK, eventingLabels } from '../labels.ts';

export const Subscription = defineKind({
  apiVersion: 'messaging.knative.dev/v1',
  kind: 'Subscription',
  names: { plural: 'subscriptions', short: ['sub'], categories: ['all', 'knative', 'messaging'] },
  scope: 'Namespaced',
  doc: 'Subscription routes events received on a Channel to a DNS name and corresponds to the subscriptions.channels.knative.dev CRD.',
  spec: object({
    channel: KReferenceSchema.doc('The channel whose events these are.'),
    subscriber: DestinationSchema.doc('Where the events go.'),
    reply: DestinationSchema.doc('Where events go that the subscriber answers with.'),
    delivery: DeliverySchema.doc('How they are delivered, in place of what the channel says.'),
  }),
  status: livingStatus({
    physicalSubscription: object({
      subscriberUri: text(),
      subscriberCACerts: text(),
      subscriberAudience: text(),
      replyUri: text(),
      replyCACerts: text(),
      replyAudience: text(),
      ...deadLetterFields,
    }).doc('Where events, replies, and what cannot be delivered really go.'),
    auth: AuthSchema,
  }),
  conditions: living('ReferencesResolved', 'AddedToChannel', 'ChannelReady', 'OIDCIdentityCreated'),
  columns: { Age: ageSince, Ready: condition('Ready'), Reason: reason('Ready') },
  custom: true,
  crdLabels: eventingLabels,
  webhook: EVENTING_WEBHOOK,
  defaults(subscription, context, before) {
    if (context.subresource === 'status') return;
    const { metadata, spec } = subscription;
    defaultDestination(spec.subscriber, metadata.namespace);
    defaultDestination(spec.reply, metadata.namespace);
    defaultDelivery(spec.delivery, metadata.namespace);
    noteUser(subscription, context, before);
  },
  check({ metadata, spec }, errors, context, before) {
    if (context.subresource === 'status') return;
    errors.merge(checkConsumerSettings(metadata));
    errors.merge(checkSpec(spec, eventingFeatures(context)), 'spec');
    if (before) {
      const [old, now] = [{ channel: before.spec.channel }, { channel: spec.channel }];
      errors.merge(checkUnchanged('v1.SubscriptionSpec', old, now, 'spec'));
    }
  },
});
export type Subscription = ObjectOf<typeof Subscription>;

function checkSpec(spec: Subscription['spec'], features: EventingFeatures): FieldErrors {
  const errors = new FieldErrors();
  const { channel = {}, subscriber, reply, delivery } = spec;
  const rules = referenceRules(features);
  if (Object.values(channel).every((value) => !value)) {
    const details = 'the Subscription must reference a channel';
    return errors.add({ message: 'missing field(s)', paths: ['channel'], details });
  }
  errors.merge(checkReference(channel, rules), 'channel');
  if (channel.namespace && !features.isEnabled('cross-namespace-event-links'))
    errors.add({ message: 'must not set the field(s)', paths: ['channel.namespace'], details: NEAR_ONLY });
  if (isEmptyDestination(subscriber)) {
    const details = 'the Subscription must reference a subscriber';
    errors.add({ message: 'missing field(s)', paths: ['subscriber'], details });
  } else errors.merge(checkDestination(subscriber, rules), 'subscriber');
  if (!isEmptyDestination(reply)) errors.merge(checkDestination(reply, rules), 'reply');
  return errors.merge(checkDelivery(delivery, features), 'delivery');
}
