// Where events come to: the Brokers and channels that a command line means.

import { Broker, Channel, InMemoryChannel, Subscription, Trigger } from '#kinds/mod.ts';
import type { Kind, KubeObject } from '#machinery/mod.ts';
import { controllerOf } from '#machinery/mod.ts';
import type { Client, JournalOwner } from '#objects/mod.ts';
import { absent, usage } from '../failure.ts';
import type { PlaceFlags } from './flags.ts';

/** A Broker or channel, and whose share of it is meant where that was said. */
export interface Place {
  readonly of: JournalOwner;
  readonly consumer?: string;
}

/** `Broker default`. */
export const placeName = ({ of }: Place): string => `${of.kind} ${of.name}`;

/** The one that is named, or all of the namespace. */
export async function placesOf(flags: PlaceFlags, client: Client): Promise<Place[]> {
  const { namespace, broker, channel, trigger, subscription } = flags;
  const named = [broker, channel, trigger, subscription].filter((name) => name !== undefined);
  const isOfBroker = named.length === 2 && broker !== undefined && trigger !== undefined;
  if (named.length > 1 && !isOfBroker)
    throw usage('give one of --broker, --channel, --trigger and --subscription; each of them says where to look');
  if (trigger !== undefined) return [await ofTrigger(trigger, namespace, client)];
  if (subscription !== undefined) return [await ofSubscription(subscription, namespace, client)];
  if (broker !== undefined) return [placeOf(await needed([Broker], broker, namespace, client))];
  if (channel !== undefined) return [placeOf(await needed([Channel, InMemoryChannel], channel, namespace, client))];
  return all(namespace, client);
}

/** The only one that can be meant. */
export async function placeMeant(flags: PlaceFlags, client: Client): Promise<Place> {
  const places = await placesOf(flags, client);
  const [place, ...others] = places;
  if (place && others.length === 0) return place;
  throw usage(`there are ${places.map(placeName).join(', ')}; say which with --broker or --channel`);
}

async function all(namespace: string, client: Client): Promise<Place[]> {
  const within = { namespace };
  const [brokers, channels, inMemory] = await Promise.all([
    client.list(Broker, within),
    client.list(Channel, within),
    client.list(InMemoryChannel, within),
  ]);
  const places = [...brokers.items, ...[...channels.items, ...inMemory.items].filter(isInFront)].map(placeOf);
  if (places.length > 0) return places;
  throw absent(
    `There is no Broker or channel in namespace ${namespace}. 'kn broker create default -n ${namespace}' makes a Broker; -n looks elsewhere.`,
  );
}

/** What stands behind a Broker or Channel is told of as theirs. */
function isInFront(channel: KubeObject): boolean {
  const { kind } = controllerOf(channel) ?? {};
  return kind !== Broker.kind && kind !== Channel.kind;
}

const placeOf = ({ kind, metadata: { namespace = '', name } }: KubeObject): Place => ({
  of: { kind, namespace, name },
});

async function ofTrigger(name: string, namespace: string, client: Client): Promise<Place> {
  const { spec } = (await needed([Trigger], name, namespace, client)) as Trigger;
  const { broker, brokerRef } = spec;
  const of = {
    kind: Broker.kind,
    namespace: (!broker && brokerRef?.namespace) || namespace,
    name: broker || (brokerRef?.name ?? ''),
  };
  return { of, consumer: name };
}

async function ofSubscription(name: string, namespace: string, client: Client): Promise<Place> {
  const { spec } = (await needed([Subscription], name, namespace, client)) as Subscription;
  const { kind = Channel.kind, name: channel = '', namespace: elsewhere } = spec.channel ?? {};
  return { of: { kind, namespace: elsewhere ?? namespace, name: channel }, consumer: name };
}

/** The object of the first kind that has it. */
async function needed(kinds: readonly Kind[], name: string, namespace: string, client: Client): Promise<KubeObject> {
  for (const kind of kinds) {
    const found = await client.get(kind, namespace, name);
    if (found) return found;
  }
  const [kind] = kinds;
  const there = (await Promise.all(kinds.map((one) => client.list(one, { namespace })))).flatMap(({ items }) =>
    items.filter(isInFront).map(({ metadata }) => metadata.name),
  );
  const names = there.length > 0 ? `There are: ${there.join(', ')}.` : 'There is none.';
  throw absent(`There is no ${kind?.kind ?? ''} ${name} in namespace ${namespace}. ${names}`);
}
