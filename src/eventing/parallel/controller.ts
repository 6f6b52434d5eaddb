// A Parallel is a channel that all branches hang on, and a channel for each branch behind its filter.

import type { ControllerDefinition, Turn } from '#engine/mod.ts';
import { defineController } from '#engine/mod.ts';
import type { Destination } from '#kinds/mod.ts';
import { eventingFeaturesConfig, EventPolicy, Parallel, Subscription } from '#kinds/mod.ts';
import type { AnyChannel } from '../broker/channel.ts';
import { channelKinds } from '../broker/channel.ts';
import { fromSubscription, passedOn, policyName, settleChannelPolicies } from '../channel-policies.ts';
import type { FlowLink, FlowPlan } from '../flows.ts';
import {
  areReady,
  channelByAddress,
  channelRefOf,
  makeChannels,
  makeSubscriptions,
  pruneFlow,
  subscriptionStatus,
  tellAddress,
  tellAuth,
} from '../flows.ts';
import { settlePolicies, watchPolicies } from '../policies.ts';

type ParallelTurn = Turn<Parallel>;

export function parallelController(): ControllerDefinition<Parallel> {
  return defineController({
    name: 'parallel-controller',
    of: Parallel,
    owns: [...channelKinds, Subscription, EventPolicy],
    watches: [watchPolicies(Parallel)],
    configs: [eventingFeaturesConfig],

    async reconcile(turn) {
      const plan = planOf(turn.object);
      const channels = await makeChannels(turn, plan);
      if ('fault' in channels) {
        const why = `failed to reconcile channels: ${channels.fault}`;
        return turn.mark.false('ChannelsReady', 'ChannelsNotReady', why);
      }
      const subscriptions = await makeSubscriptions(turn, plan);
      if ('fault' in subscriptions) {
        const why = `failed to reconcile subscriptions: ${subscriptions.fault}`;
        return turn.mark.false('SubscriptionsReady', 'SubscriptionsNotReady', why);
      }
      tellParts(turn, channels.made, subscriptions.made);
      await pruneFlow(turn, plan);
      await guardChannels(turn, plan);
      settlePolicies(turn);
    },
  });
}

const ingressName = (parallel: string): string => `${parallel}-kn-parallel`;
const branchName = (parallel: string, branch: number): string => `${parallel}-kn-parallel-${branch}`;
const filterName = (parallel: string, branch: number): string => `${parallel}-kn-parallel-filter-${branch}`;

/** The channel of all, then those of the branches; of each branch the Subscription of its filter, then that of its subscriber. */
export function planOf({ metadata, spec }: Parallel): FlowPlan {
  const { name, namespace = '' } = metadata;
  const { branches = [], channelTemplate: template = {} } = spec;
  return {
    template,
    channels: [ingressName(name), ...branches.map((_branch, i) => branchName(name, i))],
    subscriptions: branches.flatMap(({ filter, subscriber = {}, reply = spec.reply, delivery }, i): FlowLink[] => {
      const branch: Destination = { ref: channelRefOf(template, namespace, branchName(name, i)) };
      // Without a filter all goes straight into the branch.
      const first = filter ? { subscriber: filter, reply: branch } : { subscriber: branch };
      return [
        { name: filterName(name, i), channel: ingressName(name), ...first },
        { name: branchName(name, i), channel: branchName(name, i), subscriber, reply, delivery },
      ];
    }),
  };
}

/** The ingress channel takes from whoever may send to the Parallel, the channel of a branch only what its filter lets through. */
async function guardChannels(turn: ParallelTurn, { template, channels }: FlowPlan): Promise<void> {
  const { object } = turn;
  const { name, namespace = '' } = object.metadata;
  const reference = (channel: string) => ({ apiVersion: template.apiVersion, kind: template.kind, name: channel });
  await settleChannelPolicies(turn, { 'flows.knative.dev/parallel-name': name }, () => {
    const [ingress = '', ...branches] = channels;
    return [
      ...passedOn(object, turn.list(EventPolicy, namespace), reference(ingress), (policy) => policyName(name, policy)),
      ...branches.map((channel, i) => ({
        name: policyName(name, channel),
        channel: reference(channel),
        from: [fromSubscription(namespace, filterName(name, i))],
      })),
    ];
  });
}

function tellParts(
  { status, mark }: ParallelTurn,
  [ingress, ...branches]: readonly AnyChannel[],
  subscriptions: readonly Subscription[],
): void {
  if (ingress) status.ingressChannelStatus = channelByAddress(ingress);
  const links = subscriptions.map(subscriptionStatus);
  status.branchStatuses = branches.map((channel, i) => ({
    filterSubscriptionStatus: links[2 * i],
    filterChannelStatus: channelByAddress(channel),
    subscriberSubscriptionStatus: links[2 * i + 1],
  }));
  tellAuth(status, subscriptions);
  const isServed = [ingress, ...branches].every((channel) => channel?.status?.address !== undefined);
  if (isServed && branches.length > 0) mark.true('ChannelsReady');
  else mark.false('ChannelsReady', 'ChannelsNotReady', 'Channels are not ready yet, or there are none');
  if (areReady(links)) mark.true('SubscriptionsReady');
  else mark.false('SubscriptionsReady', 'SubscriptionsNotReady', 'Subscriptions are not ready yet, or there are none');
  tellAddress({ status, mark }, ingress, 'false');
}
