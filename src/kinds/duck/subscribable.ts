// What takes subscribers (duck/v1 Subscribable and Channelable): channels of every kind.

import type { TypeOf } from '#machinery/mod.ts';
import { int64, list, object, text } from '#machinery/mod.ts';
import { addressFields, AuthSchema, policyFields } from './addressable.ts';
import { deadLetterFields, DeliverySchema } from './delivery.ts';

const SubscriberSchema = object({
  name: text(),
  uid: text().doc('The uid of the Subscription.'),
  generation: int64(),
  subscriberUri: text(),
  subscriberCACerts: text(),
  subscriberAudience: text(),
  replyUri: text(),
  replyCACerts: text(),
  replyAudience: text(),
  delivery: DeliverySchema,
  auth: AuthSchema,
});
/** duck/v1 SubscriberSpec. */
export type Subscriber = TypeOf<typeof SubscriberSchema>;

const SubscriberStatusSchema = object({
  uid: text(),
  observedGeneration: int64(),
  ready: text(),
  message: text(),
  auth: AuthSchema,
});
/** duck/v1 SubscriberStatus. */
export type SubscriberStatus = TypeOf<typeof SubscriberStatusSchema>;

/** Fields of the spec of a channel. */
export const channelableSpecFields = {
  subscribers: list(SubscriberSchema).doc('Written by the platform: the resolved subscribers of the channel.'),
  delivery: DeliverySchema,
};

/** Fields of the status of a channel beside the conditions. */
export const channelableStatusFields = {
  ...addressFields,
  ...deadLetterFields,
  ...policyFields,
  subscribers: list(SubscriberStatusSchema),
};

export const ChannelTemplateSchema = object({
  apiVersion: text(),
  kind: text(),
  spec: object({}).with({ preserveUnknown: true }),
});
/** What kind of channel stands behind, and its spec (messaging/v1 ChannelTemplateSpec). */
export type ChannelTemplate = TypeOf<typeof ChannelTemplateSchema>;
