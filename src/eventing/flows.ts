// What Sequence and Parallel are made of: channels and Subscriptions between them, brought about and told of.

import { equal } from '#base/mod.ts';
import type { Turn } from '#engine/mod.ts';
import type {
  Auth,
  ChannelTemplate,
  Destination,
  FlowChannel,
  FlowSubscription,
  KReference,
  Parallel,
  Sequence,
} from '#kinds/mod.ts';
import { Subscription } from '#kinds/mod.ts';
import type { KubeObject } from '#machinery/mod.ts';
import { findCondition } from '#machinery/mod.ts';
import type { AnyChannel } from './broker/channel.ts';
import { channelKind, channelKinds } from './broker/channel.ts';

/** A flow as it is to be. */
export interface FlowPlan {
  readonly template: ChannelTemplate;
  readonly channels: readonly string[];
  readonly subscriptions: readonly FlowLink[];
}

/** A Subscription of a flow. */
export interface FlowLink {
  readonly name: string;
  readonly channel: string;
  readonly subscriber: Destination;
  readonly reply?: Destination | undefined;
  readonly delivery?: Subscription['spec']['delivery'];
}

/** A reference to one of a flow's channels. */
export function channelRefOf({ apiVersion, kind }: ChannelTemplate, namespace: string, name: string): KReference {
  return { apiVersion, kind, name, namespace };
}

export type Made<T> = { readonly made: readonly T[] } | { readonly fault: string };

/** Makes the channels of a plan. What is there and somebody else's stands in its way. */
export async function makeChannels<O extends KubeObject>(
  turn: Turn<O>,
  { template, channels }: FlowPlan,
): Promise<Made<AnyChannel>> {
  const { apiVersion = '', kind: named = '', spec } = template;
  const kind = channelKind(template);
  if (!kind) return { fault: `no matches for kind ${JSON.stringify(named)} in version ${JSON.stringify(apiVersion)}` };
  const made: AnyChannel[] = [];
  for (const name of channels) {
    const { outcome, object } = await turn.claim(kind, {
      apiVersion,
      kind: named,
      metadata: { name, namespace: turn.object.metadata.namespace ?? '' },
      spec: { ...spec },
    });
    if (outcome === 'taken')
      return { fault: `channel ${JSON.stringify(name)} is there and not this ${turn.object.kind}'s` };
    made.push(object);
  }
  return { made };
}

/** Makes the Subscriptions of a plan. One keeps its place among the events unless its channel is another. */
export async function makeSubscriptions<O extends KubeObject>(
  turn: Turn<O>,
  { template, subscriptions }: FlowPlan,
): Promise<Made<Subscription>> {
  const { namespace = '' } = turn.object.metadata;
  const made: Subscription[] = [];
  for (const { name, channel, subscriber, reply, delivery } of subscriptions) {
    const wanted: Subscription = {
      apiVersion: Subscription.apiVersion,
      kind: Subscription.kind,
      metadata: { name, namespace },
      spec: {
        channel: { apiVersion: template.apiVersion, kind: template.kind, name: channel },
        subscriber,
        ...(reply ? { reply } : {}),
        ...(delivery ? { delivery } : {}),
      },
    };
    const there = turn.get(Subscription, namespace, name);
    if (there && !equal(there.spec.channel, wanted.spec.channel)) await turn.remove(Subscription, there);
    const { outcome, object } = await turn.apply(Subscription, wanted, { metadata: 'merge' });
    if (outcome === 'taken')
      return { fault: `subscription ${JSON.stringify(name)} is there and not this ${turn.object.kind}'s` };
    made.push(object);
  }
  return { made };
}

/** Removes what a plan no longer has. */
export async function pruneFlow<O extends KubeObject>(
  turn: Turn<O>,
  { template, channels, subscriptions }: FlowPlan,
): Promise<void> {
  for (const kind of channelKinds) {
    const isOurs = kind.kind === template.kind && kind.apiVersion === template.apiVersion;
    await turn.prune(kind, isOurs ? channels : []);
  }
  await turn.prune(
    Subscription,
    subscriptions.map(({ name }) => name),
  );
}

const referenceTo = ({ apiVersion, kind, metadata: { name, namespace } }: KubeObject) => ({
  apiVersion,
  kind,
  name,
  namespace,
});

/** A channel by its own condition. */
export function channelByCondition(channel: AnyChannel): FlowChannel {
  const ready = findCondition(channel.status, 'Ready') ?? notReady('Channel');
  return { channel: referenceTo(channel), ready: { ...ready } };
}

/** A channel by whether it has an address. */
export function channelByAddress(channel: AnyChannel): FlowChannel {
  const ready = channel.status?.address
    ? { type: 'Ready', status: 'True' }
    : { type: 'Ready', status: 'False', reason: 'NotAddressable', message: 'Channel is not addressable' };
  return { channel: referenceTo(channel), ready };
}

export function subscriptionStatus(subscription: Subscription): FlowSubscription {
  const ready = findCondition(subscription.status, 'Ready') ?? notReady('Subscription');
  return { subscription: referenceTo(subscription), ready: { ...ready } };
}

const notReady = (what: string) => ({
  type: 'Ready',
  status: 'Unknown',
  reason: 'NoReady',
  message: `${what} does not have Ready condition`,
});

/** Whether there are any, and all of them are ready. */
export function areReady(
  parts: readonly { readonly ready?: { readonly status?: string | undefined } | undefined }[],
): boolean {
  return parts.length > 0 && parts.every(({ ready }) => ready?.status === 'True');
}

/** Tells as whom the Subscriptions of a flow send. */
export function tellAuth(status: { auth?: Auth | undefined }, subscriptions: readonly Subscription[]): void {
  const names = subscriptions.flatMap(({ status: told }) => told?.auth?.serviceAccountName ?? []);
  if (names.length > 0) status.auth = { serviceAccountNames: names };
  else delete status.auth;
}

/** Gives a flow the address of its first channel; `otherwise` is what Addressable says where that has none. */
export function tellAddress(
  { status, mark }: Pick<Turn<Sequence | Parallel>, 'status' | 'mark'>,
  first: AnyChannel | undefined,
  otherwise: 'false' | 'unknown',
): void {
  const { address, addresses } = first?.status ?? {};
  delete status.address;
  delete status.addresses;
  if (addresses) status.addresses = addresses.map((one) => ({ ...one }));
  if (address) status.address = { ...address };
  if (address?.url) mark.true('Addressable');
  else mark[otherwise]('Addressable', 'emptyAddress', 'addressable is nil');
}
