// A Sequence is a channel before each step, and a Subscription that leads from it to the step and on to the next channel.

import type { ControllerDefinition, Turn } from '#engine/mod.ts';
import { defineController } from '#engine/mod.ts';
import type { Destination } from '#kinds/mod.ts';
import { eventingFeaturesConfig, EventPolicy, Sequence, Subscription } from '#kinds/mod.ts';
import { childName } from '#machinery/mod.ts';
import type { AnyChannel } from '../broker/channel.ts';
import { channelKinds } from '../broker/channel.ts';
import { fromSubscription, passedOn, settleChannelPolicies } from '../channel-policies.ts';
import type { FlowPlan } from '../flows.ts';
import {
  areReady,
  channelByCondition,
  channelRefOf,
  makeChannels,
  makeSubscriptions,
  pruneFlow,
  subscriptionStatus,
  tellAddress,
  tellAuth,
} from '../flows.ts';
import { settlePolicies, watchPolicies } from '../policies.ts';

type SequenceTurn = Turn<Sequence>;

export function sequenceController(): ControllerDefinition<Sequence> {
  return defineController({
    name: 'sequence-controller',
    of: Sequence,
    owns: [...channelKinds, Subscription, EventPolicy],
    watches: [watchPolicies(Sequence)],
    configs: [eventingFeaturesConfig],

    async reconcile(turn) {
      const plan = planOf(turn.object);
      const channels = await makeChannels(turn, plan);
      if ('fault' in channels) {
        const why = `failed to reconcile channels: ${channels.fault}`;
        return turn.mark.unknown('ChannelsReady', 'ChannelsNotReady', why);
      }
      tellChannels(turn, channels.made);
      const subscriptions = await makeSubscriptions(turn, plan);
      if ('fault' in subscriptions) {
        const why = `failed to reconcile subscriptions: ${subscriptions.fault}`;
        return turn.mark.unknown('SubscriptionsReady', 'SubscriptionsNotReady', why);
      }
      tellSubscriptions(turn, subscriptions.made);
      await pruneFlow(turn, plan);
      await guardChannels(turn, plan);
      settlePolicies(turn);
    },
  });
}

const partName = (sequence: string, step: number): string => `${sequence}-kn-sequence-${step}`;

/** Channels and Subscriptions by step. The answer of a step goes into the channel of the next; that of the last to the reply. */
export function planOf({ metadata, spec }: Sequence): FlowPlan {
  const { name, namespace = '' } = metadata;
  const { steps = [], channelTemplate: template = {}, reply } = spec;
  return {
    template,
    channels: steps.map((_step, i) => partName(name, i)),
    subscriptions: steps.map(({ delivery, ...subscriber }, i) => {
      const next: Destination = { ref: channelRefOf(template, namespace, partName(name, i + 1)) };
      return {
        name: partName(name, i),
        channel: partName(name, i),
        subscriber,
        reply: i + 1 < steps.length ? next : reply,
        delivery,
      };
    }),
  };
}

/** The first channel takes from whoever may send to the Sequence, each later one only what the step before answers. */
async function guardChannels(turn: SequenceTurn, { template, channels }: FlowPlan): Promise<void> {
  const { object } = turn;
  const { name, namespace = '' } = object.metadata;
  const reference = (channel: string) => ({ apiVersion: template.apiVersion, kind: template.kind, name: channel });
  // Knative names these without its usual `-ep`.
  const named = (of: string) => childName(name, `-${of}`);
  await settleChannelPolicies(turn, { 'flows.knative.dev/sequence-name': name }, () => {
    const [first = '', ...later] = channels;
    return [
      ...passedOn(object, turn.list(EventPolicy, namespace), reference(first), named),
      ...later.map((channel, i) => ({
        name: named(channel),
        channel: reference(channel),
        from: [fromSubscription(namespace, channels[i] ?? '')],
      })),
    ];
  });
}

function tellChannels({ status, mark }: SequenceTurn, channels: readonly AnyChannel[]): void {
  status.channelStatuses = channels.map(channelByCondition);
  tellAddress({ status, mark }, channels[0], 'unknown');
  const why = 'Channels are not ready yet, or there are none';
  if (areReady(status.channelStatuses)) mark.true('ChannelsReady');
  else mark.unknown('ChannelsReady', 'ChannelsNotReady', why);
}

function tellSubscriptions({ status, mark }: SequenceTurn, subscriptions: readonly Subscription[]): void {
  status.subscriptionStatuses = subscriptions.map(subscriptionStatus);
  tellAuth(status, subscriptions);
  const why = 'Subscriptions are not ready yet, or there are none';
  if (areReady(status.subscriptionStatuses)) mark.true('SubscriptionsReady');
  else mark.unknown('SubscriptionsReady', 'SubscriptionsNotReady', why);
}
