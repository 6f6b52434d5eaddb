// A Sequence: an event goes through steps one after another, each of which gets what the one before answered.

import type { ObjectOf } from '#machinery/mod.ts';
import { defineKind, list, living, livingStatus, object } from '#machinery/mod.ts';
import { addressColumns, addressFields, AuthSchema, policyFields } from '../duck/addressable.ts';
import { checkDelivery, DeliverySchema } from '../duck/delivery.ts';
import { checkDestination, defaultDestination, destinationFields, DestinationSchema } from '../duck/destination.ts';
import { noteUser } from '../duck/note-user.ts';
import { eventingFeatures, referenceRules } from '../duck/rules.ts';
import { ChannelTemplateSchema } from '../duck/subscribable.ts';
import { EVENTING_WEBHOOK, eventingLabels } from '../labels.ts';
import { checkChannelTemplate } from '../messaging/channel.ts';
import { defaultFlowChannel, FlowChannelSchema, FlowSubscriptionSchema, tellPart } from './flow.ts';

export const Sequence = defineKind({
  apiVersion: 'flows.knative.dev/v1',
  kind: 'Sequence',
  names: { plural: 'sequences', categories: ['all', 'knative', 'flows'] },
  scope: 'Namespaced',
  doc: 'Sequence defines a sequence of Subscribers that will be wired in series through Channels and Subscriptions.',
  spec: object({
    steps: list(object({ ...destinationFields, delivery: DeliverySchema })).doc('The steps, in their order.'),
    channelTemplate: ChannelTemplateSchema.doc('The kind of channel between the steps.'),
    reply: DestinationSchema.doc('Where the answer of the last step goes.'),
  }),
  status: livingStatus({
    ...addressFields,
    ...policyFields,
    channelStatuses: list(FlowChannelSchema),
    subscriptionStatuses: list(FlowSubscriptionSchema),
    auth: AuthSchema,
  }),
  conditions: living('ChannelsReady', 'SubscriptionsReady', 'Addressable', 'EventPoliciesReady'),
  columns: addressColumns,
  custom: true,
  crdLabels: { ...eventingLabels, 'duck.knative.dev/addressable': 'true' },
  webhook: EVENTING_WEBHOOK,
  defaults(sequence, context, before) {
    if (context.subresource === 'status') return;
    const { metadata, spec } = sequence;
    defaultFlowChannel(spec, context);
    for (const step of spec.steps ?? []) defaultDestination(step, metadata.namespace);
    defaultDestination(spec.reply, metadata.namespace);
    noteUser(sequence, context, before);
  },
  check({ spec }, errors, context) {
    if (context.subresource === 'status') return;
    const features = eventingFeatures(context);
    const rules = referenceRules(features);
    if (!spec.steps?.length) errors.missing('spec.steps');
    for (const [i, step] of (spec.steps ?? []).entries()) {
      const wrong = checkDestination(step, rules).merge(checkDelivery(step.delivery, features), 'delivery');
      tellPart(errors, step, `spec.steps[${i}]`, wrong);
    }
    errors.merge(checkChannelTemplate(spec.channelTemplate), 'spec');
    errors.merge(checkDestination(spec.reply, rules), 'spec.reply');
  },
});
export type Sequence = ObjectOf<typeof Sequence>;
