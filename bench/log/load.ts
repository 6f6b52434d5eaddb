// The load of the log's bench: so many appends in flight, each followed by the next as soon as it is durable.

import { createHistogram } from 'node:perf_hooks';

export interface LoopResult {
  readonly events: number;
  readonly seconds: number;
  /** Milliseconds from the call to the word that it is durable. */
  readonly p50: number;
  readonly p99: number;
}

export const RECORD_BYTES = 1024;

/** A payload of the bench. Its bytes are no zeros, and no two are the same for long. */
export function payload(): Buffer {
  return Buffer.alloc(RECORD_BYTES, 'An event of a kilobyte, as most are that people send. ');
}

/** Appends for so long, with so many in flight. The first half second does not count. */
export async function closedLoop(
  append: () => Promise<unknown>,
  inFlight: number,
  seconds: number,
): Promise<LoopResult> {
  const latencies = createHistogram();
  const counted = performance.now() + WARM_UP_MS;
  const end = counted + seconds * 1000;
  let events = 0;
  const lane = async () => {
    for (let began = performance.now(); began < end; ) {
      await append();
      const now = performance.now();
      if (began >= counted && now <= end) {
        events++;
        latencies.record(Math.max(1, Math.round((now - began) * 1000)));
      }
      began = now;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, lane));
  return { events, seconds, p50: latencies.percentile(50) / 1000, p99: latencies.percentile(99) / 1000 };
}

export const WARM_UP_MS = 500;
