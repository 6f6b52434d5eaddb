// The API as a client meets it over TLS: writes that are on disk, news to many watchers, long lists.

import { ConfigMap, Namespace } from '#kinds/mod.ts';
import type { Client } from '#objects/mod.ts';
import { startEbb } from './ebb.ts';
import { median } from './processes.ts';
import type { Section } from './section.ts';
import { ms } from './section.ts';

const NAMESPACE = 'bench';
const WRITERS = 32;
const WATCHERS = 100;
const LISTED = 1000;
const LOOKS = 10;

export const api: Section = {
  name: 'api',
  needs: [],
  async run({ rounds = 5, quick, say }) {
    const ebb = await startEbb();
    const seconds = quick ? 0.5 : 2;
    try {
      const { client } = ebb;
      await client.create(Namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE }, spec: {} });
      await writesPerSecond(client, 'warm-up', WRITERS, seconds);
      const writes: Writes[] = [];
      for (let round = 1; round <= (quick ? 1 : rounds); round++) {
        const single = await writesPerSecond(client, `single-${round}`, 1, seconds);
        const parallel = await writesPerSecond(client, `parallel-${round}`, WRITERS, seconds);
        writes.push({ single, parallel });
        say(`round ${round}: ${single.toFixed(0)} writes/s alone, ${parallel.toFixed(0)} with ${WRITERS} at once`);
      }
      const heardMs = await fanOut(client, quick ? 3 : 20);
      const listMs = await lists(client);
      return figures(writes, heardMs, listMs);
    } finally {
      await ebb.platform.discard();
    }
  },
};

interface Writes {
  readonly single: number;
  readonly parallel: number;
}

function figures(writes: readonly Writes[], heardMs: readonly number[], listMs: readonly number[]) {
  const single = median(writes.map((round) => round.single));
  const parallel = median(writes.map((round) => round.parallel));
  return {
    rows: [
      { what: 'durable writes a second, one at a time', value: single.toFixed(0) },
      { what: `durable writes a second, ${WRITERS} at once`, value: parallel.toFixed(0) },
      { what: `write to the last of ${WATCHERS} watchers (median)`, value: ms(median(heardMs)) },
      { what: `list of ${LISTED} (median)`, value: ms(median(listMs)) },
    ],
    data: { singleWritesPerSecond: single, parallelWritesPerSecond: parallel, fanOutMs: heardMs, listMs, writes },
  };
}

function configMap(name: string, value: string): ConfigMap {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: NAMESPACE }, data: { value } };
}

/** Each writer has one object and updates it over and over; an update is answered when it is on disk. */
async function writesPerSecond(client: Client, name: string, writers: number, seconds: number): Promise<number> {
  const names = Array.from({ length: writers }, (_, index) => `${name}-${index}`);
  await Promise.all(names.map((one) => client.create(ConfigMap, configMap(one, '0'))));
  let done = 0;
  const began = performance.now();
  const end = began + seconds * 1000;
  await Promise.all(
    names.map(async (one) => {
      for (let value = 1; performance.now() < end; value++) {
        await client.update(ConfigMap, configMap(one, String(value)));
        done++;
      }
    }),
  );
  const took = (performance.now() - began) / 1000;
  await Promise.all(names.map((one) => client.delete(ConfigMap, NAMESPACE, one)));
  return done / took;
}

/** Milliseconds from the beginning of a write until the last watcher has heard of it, once for each write. */
async function fanOut(client: Client, writes: number): Promise<number[]> {
  const stop = new AbortController();
  const { resourceVersion } = await client.list(ConfigMap, { namespace: NAMESPACE });
  const audience = Array.from({ length: WATCHERS }, () => new Watcher(client, resourceVersion, stop.signal));
  const times: number[] = [];
  // The first write tells that all of them watch.
  for (let write = 0; write <= writes; write++) {
    const name = `news-${write}`;
    const heard = Promise.all(audience.map((watcher) => watcher.hears(name)));
    const began = performance.now();
    await client.create(ConfigMap, configMap(name, 'x'));
    await heard;
    if (write > 0) times.push(performance.now() - began);
  }
  stop.abort();
  await Promise.all(audience.map(({ ended }) => ended));
  return times;
}

class Watcher {
  readonly ended: Promise<void>;
  readonly #waiting = new Map<string, () => void>();

  constructor(client: Client, resourceVersion: string, signal: AbortSignal) {
    this.ended = this.#run(client, resourceVersion, signal);
  }

  hears(name: string): Promise<void> {
    return new Promise((resolve) => this.#waiting.set(name, resolve));
  }

  async #run(client: Client, resourceVersion: string, signal: AbortSignal): Promise<void> {
    try {
      for await (const event of client.watch(ConfigMap, resourceVersion, { namespace: NAMESPACE }, signal))
        if (event.type === 'ADDED') this.#waiting.get(event.object.metadata.name)?.();
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}

async function lists(client: Client): Promise<number[]> {
  const names = Array.from({ length: LISTED }, (_, index) => `listed-${index}`);
  for (let from = 0; from < LISTED; from += WRITERS)
    await Promise.all(names.slice(from, from + WRITERS).map((name) => client.create(ConfigMap, configMap(name, 'x'))));
  const times: number[] = [];
  for (let look = 0; look < LOOKS; look++) {
    const began = performance.now();
    const { items } = await client.list(ConfigMap, { namespace: NAMESPACE });
    if (items.length < LISTED)
      throw new Error(`the list has ${items.length} objects, but at least ${LISTED} are there`);
    times.push(performance.now() - began);
  }
  return times;
}
