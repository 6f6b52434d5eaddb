// Many generated connections to the gateway's own engine and to Node's strict parser: never looser, no crash, nothing left behind.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { fuzz } from '../../src/gateway/engine/fuzz.ts';

export interface FuzzSummary {
  readonly judged: number;
  /** How often the engine was stricter, by its own words. */
  readonly stricter: Readonly<Record<string, number>>;
  /** Bytes of the heap after the first tenth, and at the end. */
  readonly heap: readonly [number, number];
  readonly seconds: number;
  readonly wrong: readonly string[];
}

/** Caches may fill, but a byte for each connection would show. */
const MOST_GROWTH = 16 * 1024 * 1024;
const PARTS = 10;

export async function soakFuzz(options: {
  readonly count: number;
  readonly seed: number;
  readonly say: (text: string) => void;
}): Promise<FuzzSummary> {
  const begun = performance.now();
  const stricter: Record<string, number> = {};
  const wrong: string[] = [];
  const heaps: number[] = [];
  let judged = 0;
  for (let part = 0; part < PARTS && wrong.length === 0; part++) {
    const found = await fuzz(Math.ceil(options.count / PARTS), options.seed + part * options.count);
    judged += found.judged;
    for (const [why, times] of found.stricter) stricter[why] = (stricter[why] ?? 0) + times;
    for (const { bytes, complaint } of found.complaints) wrong.push(`${complaint}: ${JSON.stringify(bytes)}`);
    heaps.push(heapAfterCollection());
    options.say(`${judged} judged, ${wrong.length} complaints, ${Math.round((heaps.at(-1) ?? 0) / 1024 / 1024)} MiB`);
  }
  const heap = [heaps[0] ?? 0, heaps.at(-1) ?? 0] as const;
  if (heap[1] - heap[0] > MOST_GROWTH) wrong.push(`the heap grew from ${heap[0]} to ${heap[1]} bytes`);
  return { judged, stricter, heap, seconds: Math.round((performance.now() - begun) / 1000), wrong };
}

function heapAfterCollection(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}
