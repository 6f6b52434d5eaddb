// What is left when a story is over, in words that do not depend on moments, numbers and names by chance.

import type { Json } from '#base/mod.ts';
import { allKinds, Event } from '#kinds/mod.ts';
import type { KubeObject } from '#machinery/mod.ts';
import type { Client } from '#objects/mod.ts';

/** What differs between two runs that come to the same. */
const MOMENTARY = new Set([
  'uid',
  'resourceVersion',
  'generation',
  'observedGeneration',
  'managedFields',
  'creationTimestamp',
  'lastTransitionTime',
  'lastUpdateTime',
  'lastProbeTime',
  'lastScaleTime',
  'restartCount',
]);
/** Which step of a roll-out that never ends was seen last: one that a process did not live to tell is not made up for. */
const ON_THE_WAY = new Set(['NewReplicaSetCreated', 'FoundNewReplicaSet', 'ReplicaSetUpdated']);
const HASHES = ['pod-template-hash', 'serving.knative.dev/deployment-hash'];
/** Words that may be one of these. */
const BY_CHANCE = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b[0-9a-z]{5,10}\b/g;
/** Dates, and nanoseconds since 1970. */
const MOMENT = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z|\b\d{19}\b/g;

/** Every object but Events by its kind and name. */
export async function endStateOf(client: Client): Promise<Record<string, string>> {
  const objects = await objectsOf(client);
  const names = chanceNames(objects);
  const plain = (text: string) => text.replaceAll(BY_CHANCE, (word) => names.get(word) ?? word);
  const told = objects.map((object) => {
    const { apiVersion, kind, metadata } = object;
    const name = `${apiVersion} ${kind} ${metadata.namespace ?? ''}/${metadata.name}`;
    return [plain(name), plain(JSON.stringify(lasting(object as unknown as Json)))] as const;
  });
  return Object.fromEntries(told.sort(([one], [other]) => one.localeCompare(other)));
}

/** Where two end states differ, each with some of what stands around. */
export function differences(one: Record<string, string>, other: Record<string, string>): string[] {
  const names = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...names].flatMap((name) => {
    const [here = 'is not there', there = 'is not there'] = [one[name], other[name]];
    if (here === there) return [];
    let at = 0;
    while (here[at] === there[at]) at++;
    const around = (text: string) => text.slice(Math.max(0, at - 60), at + 100);
    return [`${name} differs: without a crash ${around(here)}, after it ${around(there)}`];
  });
}

/** What chance has put into names: uids, the hashes of templates that carry uids, and what follows a `generateName`. */
function chanceNames(objects: readonly KubeObject[]): Map<string, string> {
  const names = new Map<string, string>();
  for (const { kind, metadata } of objects) {
    names.set(metadata.uid ?? '', `uid of ${kind} ${metadata.name}`);
    for (const label of HASHES) {
      const hash = metadata.labels?.[label];
      if (hash) names.set(hash, 'HASH');
    }
    const { generateName = '' } = metadata;
    if (generateName) names.set(metadata.name.slice(generateName.length), 'CHANCE');
  }
  return names;
}

/** What names an owner that is not there, and what says of itself that it has not seen its newest state. */
export async function oddities(client: Client): Promise<string[]> {
  const objects = await objectsOf(client);
  const uids = new Set(objects.map(({ metadata }) => metadata.uid));
  return objects.flatMap((object) => {
    const { metadata, kind } = object;
    const name = `${kind} ${metadata.name}`;
    const orphan = (metadata.ownerReferences ?? []).filter(({ uid }) => !uids.has(uid));
    const { observedGeneration } = (object as { status?: { observedGeneration?: number } }).status ?? {};
    return [
      ...orphan.map((owner) => `${name} belongs to ${owner.kind} ${owner.name}, which is gone`),
      ...(metadata.deletionTimestamp ? [`${name} is still being deleted`] : []),
      ...(observedGeneration !== undefined && observedGeneration !== metadata.generation
        ? [`${name} has seen generation ${observedGeneration} of ${metadata.generation}`]
        : []),
    ];
  });
}

async function objectsOf(client: Client): Promise<KubeObject[]> {
  const lists = await Promise.all(allKinds.filter((kind) => kind !== Event).map((kind) => client.list(kind)));
  return lists.flatMap(({ items }) => [...items]);
}

function lasting(value: Json): Json {
  if (Array.isArray(value)) return value.map((one) => lasting(one));
  if (typeof value === 'string') return value.replaceAll(MOMENT, 'T');
  if (typeof value !== 'object' || value === null) return value;
  if (typeof value['reason'] === 'string' && ON_THE_WAY.has(value['reason']))
    return { type: 'Progressing', reason: 'on its way' };
  const entries = Object.entries(value).filter(([key]) => !MOMENTARY.has(key));
  return Object.fromEntries(entries.sort(([a], [b]) => a.localeCompare(b)).map(([key, one]) => [key, lasting(one)]));
}
