// Which stream a Broker or channel is, and who its consumers are.

import type { InMemoryChannel } from '#kinds/mod.ts';
import { Broker, Channel, InMemoryChannel as ChannelKind, Subscription } from '#kinds/mod.ts';
import type { JournalConsumer } from '#kinds/mod.ts';
import type { Kind, KubeObject } from '#machinery/mod.ts';
import { ApiError, notFound, unknownResource } from '#machinery/mod.ts';
import type { JournalOwner } from '#objects/mod.ts';
import { triggerOf } from '../names.ts';
import type { ResolveReader } from '../resolve/resolve.ts';
import { streamKey } from '../streams/rule.ts';
import { streamSettings } from '../streams/settings.ts';
import { channelRef } from '../trigger/subscription.ts';

type Reader = Pick<ResolveReader, 'get' | 'list'>;

/** What is asked about. */
export interface JournalStream {
  readonly key: string;
  /** Whether what happens to events is noted. */
  readonly journal: boolean;
  readonly consumers: readonly JournalConsumer[];
}

/** Throws 404 for what is not there, and for what has no channel of this platform. */
export function streamOf(owner: JournalOwner, reader: Reader): JournalStream {
  const object = ownerObject(owner, reader);
  const channel = channelOf(object, reader);
  if (!channel) throw new ApiError(404, 'NotFound', withoutChannel(owner));
  const annotations = { ...channel.metadata.annotations, ...object.metadata.annotations };
  return {
    key: streamKey(channel),
    journal: streamSettings(annotations).journal === true,
    consumers: consumersOf(channel, reader),
  };
}

const OWNERS: readonly Kind[] = [Broker, Channel, ChannelKind];

function ownerObject({ kind: named, namespace, name }: JournalOwner, reader: Reader): KubeObject {
  const kind = OWNERS.find((one) => one.kind === named);
  if (!kind) throw unknownResource();
  const object = reader.get(kind, namespace, name);
  if (!object) throw notFound({ group: kind.group, plural: kind.names.plural }, name);
  return object;
}

function withoutChannel({ kind, namespace, name }: JournalOwner): string {
  const look = `kubectl describe -n ${namespace} ${kind.toLowerCase()} ${name}`;
  return `${kind} ${name} has no channel of this platform, so there is no journal of it; '${look}' tells how it stands`;
}

function channelOf(object: KubeObject, reader: Reader): InMemoryChannel | undefined {
  const { namespace = '' } = object.metadata;
  if (object.kind === ChannelKind.kind) return object as InMemoryChannel;
  const ref = object.kind === Broker.kind ? channelRef(object as Broker) : (object as Channel).status?.channel;
  if (ref?.kind === Channel.kind) {
    const front = reader.get(Channel, namespace, ref.name ?? '');
    return front && channelOf(front, reader);
  }
  return ref?.kind === ChannelKind.kind ? reader.get(ChannelKind, namespace, ref.name ?? '') : undefined;
}

/** Triggers and Subscriptions by the uid by which the data plane knows them. */
function consumersOf({ spec, metadata }: InMemoryChannel, reader: Reader): JournalConsumer[] {
  const own = reader.list(Subscription, metadata.namespace);
  return (spec.subscribers ?? []).map(({ uid = '', subscriberUri = '', name = '' }) => {
    const trigger = triggerOf(subscriberUri);
    if (trigger) return { kind: 'Trigger', namespace: trigger.namespace, name: trigger.name, uid };
    const subscription = own.find((one) => one.metadata.uid === uid);
    const { namespace = metadata.namespace } = subscription?.metadata ?? {};
    return { kind: 'Subscription', namespace: namespace ?? '', name: subscription?.metadata.name ?? name, uid };
  });
}

/** A consumer by its uid; what is none any more is told as what it was, as far as one can see. */
export function consumerNamed({ consumers }: JournalStream, uid: string): JournalConsumer {
  const known = consumers.find((one) => one.uid === uid);
  if (known) return known;
  return { kind: uid.startsWith('replay-') ? 'Replay' : '', namespace: '', name: uid, uid };
}
