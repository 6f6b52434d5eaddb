// A Parallel: an event goes to branches, each of which may look at it first and let it go.

import type { ObjectOf } from '#machinery/mod.ts';
import { defineKind, list, living, livingStatus, object } from '#machinery/mod.ts';
import { addressColumns, addressFields, AuthSchema, policyFields } from '../duck/addressable.ts';
import { DeliverySchema } from '../duck/delivery.ts';
import { checkDestination, defaultDestination, DestinationSchema } from '../duck/destination.ts';
import { noteUser } from '../duck/note-user.ts';
import { eventingFeatures, referenceRules } from '../duck/rules.ts';
import { ChannelTemplateSchema } from '../duck/subscribable.ts';
import { EVENTING_WEBHOOK, eventingLabels } from '../labels.ts';
import { checkChannelTemplate } from '../messaging/channel.ts';
import { defaultFlowChannel, FlowChannelSchema, FlowSubscriptionSchema, tellPart } from './flow.ts';

export const Parallel = defineKind({
  apiVersion: 'flows.knative.dev/v1',
  kind: 'Parallel',
  names: { plural: 'parallels', categories: ['all', 'knative', 'flows'] },
  scope: 'Namespaced',
  doc: 'Parallel defines conditional branches that will be wired in series through Channels and Subscriptions.',
  spec: object({
    branches: list(
      object({
        filter: DestinationSchema.doc('What looks at the event first: its answer goes on, and no answer ends it.'),
        subscriber: DestinationSchema.doc('Where the event of the branch goes.'),
        reply: DestinationSchema.doc('Where the answer of the subscriber goes.'),
        delivery: DeliverySchema,
      }),
    ),
    channelTemplate: ChannelTemplateSchema.doc('The kind of channel between the parts.'),
    reply: DestinationSchema.doc('Where answers go of branches that do not say it.'),
  }),
  status: livingStatus({
    ...addressFields,
    ...policyFields,
    ingressChannelStatus: FlowChannelSchema,
    branchStatuses: list(
      object({
        filterSubscriptionStatus: FlowSubscriptionSchema,
        filterChannelStatus: FlowChannelSchema,
        subscriberSubscriptionStatus: FlowSubscriptionSchema,
      }),
    ),
    auth: AuthSchema,
  }),
  conditions: living('ChannelsReady', 'SubscriptionsReady', 'Addressable', 'EventPoliciesReady'),
  columns: addressColumns,
  custom: true,
  crdLabels: { ...eventingLabels, 'duck.knative.dev/addressable': 'true' },
  webhook: EVENTING_WEBHOOK,
  defaults(parallel, context, before) {
    if (context.subresource === 'status') return;
    const { metadata, spec } = parallel;
    defaultFlowChannel(spec, context);
    for (const { filter, subscriber, reply } of spec.branches ?? [])
      for (const destination of [filter, subscriber, reply]) defaultDestination(destination, metadata.namespace);
    defaultDestination(spec.reply, metadata.namespace);
    noteUser(parallel, context, before);
  },
  check({ spec }, errors, context) {
    if (context.subresource === 'status') return;
    const rules = referenceRules(eventingFeatures(context));
    if (!spec.branches?.length) errors.missing('spec.branches');
    for (const [i, branch] of (spec.branches ?? []).entries()) {
      tellPart(errors, branch, `spec.branches.filter[${i}]`, checkDestination(branch.filter, rules));
      tellPart(errors, branch, `spec.branches.subscriber[${i}]`, checkDestination(branch.subscriber ?? {}, rules));
      tellPart(errors, branch, `spec.branches.reply[${i}]`, checkDestination(branch.reply, rules));
    }
    errors.merge(checkChannelTemplate(spec.channelTemplate), 'spec');
    if (spec.channelTemplate) errors.merge(checkDestination(spec.reply, rules), 'spec.reply');
  },
});
export type Parallel = ObjectOf<typeof Parallel>;
