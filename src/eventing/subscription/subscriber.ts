// A Subscription as an entry of its channel: what the channel is told of it.

import { equal } from '#base/mod.ts';
import type { Delivery, Subscriber, Subscription } from '#kinds/mod.ts';
import type { AnyChannel } from '../broker/channel.ts';

type Physical = NonNullable<NonNullable<Subscription['status']>['physicalSubscription']>;

/** The entry of a Subscription whose references are resolved. */
export function subscriberOf(
  { metadata, spec }: Subscription,
  status: NonNullable<Subscription['status']>,
  channel: AnyChannel,
): Subscriber {
  const physical = status.physicalSubscription ?? {};
  const delivery = deliveryOf(spec.delivery ?? channel.spec.delivery, physical);
  const fields = {
    name: metadata.name,
    uid: metadata.uid,
    generation: metadata.generation,
    subscriberUri: physical.subscriberUri,
    subscriberCACerts: physical.subscriberCACerts,
    subscriberAudience: physical.subscriberAudience,
    replyUri: physical.replyUri,
    replyCACerts: physical.replyCACerts,
    replyAudience: physical.replyAudience,
    delivery,
    auth: status.auth,
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Subscriber;
}

/** Retries are the Subscription's or the channel's as a whole; the dead letter sink is the one that was resolved. */
function deliveryOf(given: Delivery | undefined, physical: Physical): Delivery | undefined {
  const { retry, backoffPolicy, backoffDelay, timeout, retryAfterMax } = given ?? {};
  const { deadLetterSinkUri: uri, deadLetterSinkCACerts: CACerts, deadLetterSinkAudience: audience } = physical;
  const sink = { ...(CACerts ? { CACerts } : {}), ...(audience ? { audience } : {}) };
  const fields = {
    deadLetterSink: uri ? { uri, ...sink } : undefined,
    retry,
    backoffPolicy,
    backoffDelay,
    timeout,
    retryAfterMax,
  };
  const set = Object.entries(fields).filter(([, value]) => value !== undefined);
  return set.length > 0 ? (Object.fromEntries(set) as Delivery) : undefined;
}

/** The entries of a channel with this one among them, or without it; the same where nothing changes. */
export function withSubscriber(
  entries: readonly Subscriber[],
  uid: string,
  entry: Subscriber | undefined,
): readonly Subscriber[] {
  const there = entries.find((one) => one.uid === uid);
  if (!entry) return there ? entries.filter((one) => one.uid !== uid) : entries;
  if (!there) return [...entries, entry];
  return equal(there, entry) ? entries : entries.map((one) => (one === there ? entry : one));
}
