// What must hold after a restart. Each check gives the sentences that say what is wrong.

import { ConfigMap, Service } from '#kinds/mod.ts';
import type { Kind } from '#machinery/mod.ts';
import { ApiError } from '#machinery/mod.ts';
import type { Client, HttpClient } from '#objects/mod.ts';
import type { Content, Recorder } from './recorder.ts';
import type { Counter } from './writers.ts';
import { configMapKey, LABEL, markOf, NAMESPACE, serviceKey } from './writers.ts';

/** Every acknowledged write is there, and nothing that nobody wrote. */
export async function lostWrites(client: Client, recorder: Recorder, counter: Counter): Promise<string[]> {
  const options = { namespace: NAMESPACE, labelSelector: LABEL };
  const [configMaps, services] = [await client.list(ConfigMap, options), await client.list(Service, options)];
  for (const object of [...configMaps.items, ...services.items]) recorder.see(object);
  const ofCounter = configMaps.items.find(({ metadata }) => metadata.name === 'counter');
  const found = new Map<string, { content: Content; resourceVersion: number; exact: boolean }>();
  for (const { metadata, data = {} } of configMaps.items)
    if (metadata.name !== 'counter')
      found.set(configMapKey(metadata.name), {
        content: data,
        resourceVersion: Number(metadata.resourceVersion),
        exact: true,
      });
  for (const one of services.items) {
    const { name, resourceVersion } = one.metadata;
    found.set(serviceKey(name), { content: markOf(one), resourceVersion: Number(resourceVersion), exact: false });
  }
  const wrong = [...new Set([...recorder.keys(), ...found.keys()])].map((key) => {
    const { content, resourceVersion, exact } = found.get(key) ?? {
      content: undefined,
      resourceVersion: 0,
      exact: true,
    };
    return recorder.verify(key, content, resourceVersion, exact);
  });
  return [...wrong, counter.verify(ofCounter)].flatMap((text) => text ?? []);
}

/** A watch from a number of an earlier life is refused as expired. */
export async function watchesThatGoOn(client: Client, numbers: readonly number[]): Promise<string[]> {
  const wrong: string[] = [];
  for (const [kind, number] of numbers.flatMap((one): [Kind, number][] => [
    [ConfigMap, one],
    [Service, one],
  ])) {
    const code = await codeOfWatch(client, kind, number);
    if (code !== 410) wrong.push(`a watch of ${kind.kind} from ${number} was answered ${code}`);
  }
  return wrong;
}

/** Longer than any refusal takes. */
const PATIENCE_MS = 2000;

async function codeOfWatch(client: Client, kind: Kind, from: number): Promise<number> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  try {
    for await (const event of client.watch(kind, String(from), {}, signal)) if (event.type !== 'BOOKMARK') break;
    return 200;
  } catch (error) {
    if (error instanceof ApiError) return error.code;
    throw error;
  }
}

interface Listed {
  readonly wrong: string[];
  readonly objects: number;
}

/** Every object of every kind that the server names can be listed, and read by itself where `reads` says so. */
export async function unreadable(client: HttpClient, reads: (index: number) => boolean): Promise<Listed> {
  const wrong: string[] = [];
  let objects = 0;
  for (const { base, plural, namespaced } of await listableResources(client)) {
    try {
      const { items } = (await client.raw('GET', `${base}/${plural}`)) as {
        items: { metadata: { name: string; namespace?: string } }[];
      };
      for (const { metadata } of items) {
        objects += 1;
        const path = namespaced ? `${base}/namespaces/${metadata.namespace}/${plural}` : `${base}/${plural}`;
        if (reads(objects)) await client.raw('GET', `${path}/${metadata.name}`);
      }
    } catch (error) {
      wrong.push(`${base}/${plural}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return { wrong, objects };
}

interface Resource {
  readonly base: string;
  readonly plural: string;
  readonly namespaced: boolean;
}

async function listableResources(client: HttpClient): Promise<Resource[]> {
  const { groups } = (await client.raw('GET', '/apis')) as { groups: { preferredVersion: { groupVersion: string } }[] };
  const bases = ['/api/v1', ...groups.map(({ preferredVersion }) => `/apis/${preferredVersion.groupVersion}`)];
  const found: Resource[] = [];
  for (const base of bases) {
    const { resources } = (await client.raw('GET', base)) as {
      resources: { name: string; namespaced: boolean; verbs: string[] }[];
    };
    for (const { name, namespaced, verbs } of resources)
      if (!name.includes('/') && verbs.includes('list')) found.push({ base, plural: name, namespaced });
  }
  return found;
}
