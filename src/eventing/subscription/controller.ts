// A Subscription is written into its channel, and ready once the channel serves it.

import { messageOf } from '#base/mod.ts';
import type { JsonObject } from '#base/mod.ts';
import type { ControllerDefinition, Turn } from '#engine/mod.ts';
import { defineController, settleIdentity } from '#engine/mod.ts';
import type { Destination, KReference, Subscriber } from '#kinds/mod.ts';
import {
  Channel,
  eventingFeaturesConfig,
  isEmptyDestination,
  kreferenceMappingConfig,
  ServiceAccount,
  Subscription,
  SUBSCRIPTION_FINALIZER,
} from '#kinds/mod.ts';
import type { Kind } from '#machinery/mod.ts';
import { isReason, isTrue, splitApiVersion } from '#machinery/mod.ts';
import type { AnyChannel } from '../broker/channel.ts';
import { channelKinds } from '../broker/channel.ts';
import { followDestinations, followReferences } from '../resolve/follow.ts';
import type { Reachable } from '../resolve/resolve.ts';
import { resolve } from '../resolve/resolve.ts';
import { subscriberOf, withSubscriber } from './subscriber.ts';

type SubscriptionTurn = Turn<Subscription>;

export function subscriptionController(): ControllerDefinition<Subscription> {
  const followed = followDestinations(Subscription, ({ spec }) => [
    spec.subscriber,
    spec.reply,
    spec.delivery?.deadLetterSink,
  ]);
  // The channel that stands behind a Channel has its name.
  const channels = followReferences(
    Subscription,
    ({ spec: { channel = {} } }) => [
      channel,
      ...channelKinds.map(({ apiVersion, kind }) => ({ ...channel, apiVersion, kind })),
    ],
    channelKinds,
    'channel',
  );
  return defineController({
    name: 'subscription-controller',
    of: Subscription,
    owns: [ServiceAccount],
    watches: [...followed.watches, ...channels.watches],
    indexes: [...followed.indexes, ...channels.indexes],
    configs: [eventingFeaturesConfig, kreferenceMappingConfig],
    finalizer: SUBSCRIPTION_FINALIZER,

    async reconcile(turn) {
      if ((await settleIdentity(turn)) === false) return;
      const found = physicalChannel(turn);
      if ('fault' in found) return refuse(turn, 'ChannelReferenceFailed', found.fault);
      turn.mark.unknown('ReferencesResolved', 'Resolving', 'Subscription resolution interrupted.');
      if (!settleSubscriber(turn) || !settleReply(turn) || !settleDeadLetter(turn, found.channel)) return;
      turn.mark.true('ReferencesResolved');
      const entry = subscriberOf(turn.object, turn.status, found.channel);
      const channel = await synchronize(turn, found.kind, found.channel, entry);
      if (channel) tellChannel(turn, channel);
    },

    async finalize(turn) {
      const found = physicalChannel(turn);
      if ('fault' in found) return;
      await synchronize(turn, found.kind, found.channel, undefined);
    },
  });
}

function refuse(turn: SubscriptionTurn, reason: string, fault: string): void {
  const why = `Failed to get Spec.Channel or backing channel: ${fault}`;
  turn.mark.unknown('ReferencesResolved', reason, why);
  turn.event('Warning', reason, why);
}

type Found = { readonly kind: Kind<AnyChannel>; readonly channel: AnyChannel } | { readonly fault: string };

/** The channel that events come from: of a Channel, the one that stands behind it. */
function physicalChannel(turn: SubscriptionTurn): Found {
  const { object } = turn;
  const { channel: reference = {} } = object.spec;
  const isLinked = turn.config(eventingFeaturesConfig).isEnabled('cross-namespace-event-links');
  const namespace = (isLinked && reference.namespace) || (object.metadata.namespace ?? '');
  const found = channelAt(turn, reference, namespace);
  if ('fault' in found || found.kind.kind !== Channel.kind) return found;
  const { status }: { status?: Channel['status'] } = found.channel;
  // One that goes has a last word with those that hang on it.
  if (!status?.channel || (!isTrue(status, 'Ready') && !object.metadata.deletionTimestamp))
    return { fault: 'channel is not ready.' };
  return channelAt(turn, status.channel, namespace);
}

function channelAt(
  turn: SubscriptionTurn,
  { apiVersion, group, kind: named, name = '' }: KReference,
  namespace: string,
): Found {
  const of = apiVersion ? splitApiVersion(apiVersion).group : (group ?? '');
  const kind = channelKinds.find((one) => one.group === of && one.kind === named);
  if (!kind)
    return { fault: `no matches for kind ${JSON.stringify(named)} in version ${JSON.stringify(apiVersion ?? of)}` };
  const channel = turn.get(kind, namespace, name);
  return channel
    ? { kind, channel }
    : { fault: `${kind.names.plural}.${kind.group} ${JSON.stringify(name)} not found` };
}

/** Resolves a part of the spec. Undefined where there is none; false where it leads nowhere, which is told. */
function resolved(
  turn: SubscriptionTurn,
  destination: Destination | undefined,
  path: string,
  reason: string,
): Reachable | undefined | false {
  if (!destination || isEmptyDestination(destination)) return undefined;
  const found = resolve(destination, turn.object.metadata.namespace ?? '', turn);
  if ('address' in found) return found.address;
  const why = `Failed to resolve ${path}: ${found.fault}`;
  turn.mark.false('ReferencesResolved', reason, why);
  turn.event('Warning', reason, why);
  return false;
}

function settleSubscriber(turn: SubscriptionTurn): boolean {
  const found = resolved(turn, turn.object.spec.subscriber, 'spec.subscriber', 'SubscriberResolveFailed');
  if (found !== false) tell(turn, 'subscriberUri', 'subscriberCACerts', 'subscriberAudience', found);
  return found !== false;
}

function settleReply(turn: SubscriptionTurn): boolean {
  const found = resolved(turn, turn.object.spec.reply, 'spec.reply', 'ReplyResolveFailed');
  if (found !== false) tell(turn, 'replyUri', 'replyCACerts', 'replyAudience', found);
  return found !== false;
}

const DEAD_LETTER = ['deadLetterSinkUri', 'deadLetterSinkCACerts', 'deadLetterSinkAudience'] as const;

/** The Subscription's own, or else the channel's. */
function settleDeadLetter(turn: SubscriptionTurn, { metadata, spec, status }: AnyChannel): boolean {
  const reason = 'DeadLetterSinkResolveFailed';
  const own = turn.object.spec.delivery?.deadLetterSink;
  const found = resolved(turn, own, 'spec.delivery.deadLetterSink', reason);
  if (found === false) {
    tell(turn, ...DEAD_LETTER, undefined);
    return false;
  }
  const { deadLetterSinkUri: url, deadLetterSinkCACerts: CACerts, deadLetterSinkAudience: audience } = status ?? {};
  const inherited = url ? { url, CACerts, audience } : undefined;
  const wants = !own && spec.delivery?.deadLetterSink;
  tell(turn, ...DEAD_LETTER, found ?? (wants ? inherited : undefined));
  if (!wants || inherited) return true;
  const why = `channel ${metadata.name} didn't set status.deadLetterSinkURI`;
  turn.mark.false('ReferencesResolved', reason, why);
  turn.event('Warning', reason, why);
  return false;
}

type Field = keyof NonNullable<NonNullable<Subscription['status']>['physicalSubscription']>;

function tell(
  { status }: SubscriptionTurn,
  url: Field,
  caCerts: Field,
  audience: Field,
  found: Reachable | undefined,
): void {
  const physical = (status.physicalSubscription ??= {});
  const values = { [url]: found?.url, [caCerts]: found?.CACerts, [audience]: found?.audience };
  for (const [field, value] of Object.entries(values)) {
    if (value) physical[field as Field] = value;
    else delete physical[field as Field];
  }
}

const TRIES = 10;

/** Writes the Subscription into its channel, or takes it out, whatever others write there meanwhile. Undefined where that failed. */
async function synchronize(
  turn: SubscriptionTurn,
  kind: Kind<AnyChannel>,
  known: AnyChannel,
  entry: Subscriber | undefined,
): Promise<AnyChannel | undefined> {
  const { object, mark } = turn;
  const { namespace = '', name } = known.metadata;
  let channel: AnyChannel | undefined = known;
  for (let tries = 1; channel; tries++) {
    const before = channel.spec.subscribers ?? [];
    const subscribers = withSubscriber(before, object.metadata.uid ?? '', entry);
    if (subscribers === before) break;
    const { resourceVersion = '' } = channel.metadata;
    const patch = { metadata: { resourceVersion }, spec: { subscribers } } as unknown as JsonObject;
    try {
      channel = await turn.client.patch(kind, namespace, name, 'merge', patch);
      const what = entry ? 'SubscriberSync' : 'SubscriberRemoved';
      const how = entry ? 'synchronized to' : 'removed from';
      turn.event('Normal', what, `Subscription was ${how} channel ${JSON.stringify(name)}`);
      break;
    } catch (thrown) {
      if (!entry && isReason(thrown, 'NotFound')) return undefined;
      if (!isReason(thrown, 'Conflict') || tries >= TRIES) {
        mark.false(
          'AddedToChannel',
          'PhysicalChannelSyncFailed',
          `Failed to sync physical Channel: ${messageOf(thrown)}`,
        );
        throw thrown;
      }
      channel = await turn.client.get(kind, namespace, name);
    }
  }
  if (entry && channel) mark.true('AddedToChannel');
  return channel;
}

const NOT_READY = 'SubscriptionNotMarkedReadyByChannel';

/** Says whether the channel serves it. */
function tellChannel({ object, mark }: SubscriptionTurn, { metadata, status }: AnyChannel): void {
  const { uid, generation, name } = object.metadata;
  const found = status?.subscribers?.find((one) => one.uid === uid && one.observedGeneration === generation);
  if (found?.ready === 'True') return mark.true('ChannelReady');
  if (found?.ready === 'False') return mark.false('ChannelReady', NOT_READY, 'Subscription marked by Channel as False');
  const missing = `Failed to get subscription status: subscription ${JSON.stringify(name)} not present in channel ${JSON.stringify(metadata.name)} subscriber's list`;
  mark.unknown('ChannelReady', NOT_READY, found ? 'Subscription marked by Channel as Unknown' : missing);
}
