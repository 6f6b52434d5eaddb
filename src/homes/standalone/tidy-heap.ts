// Memory that starting or a burst of work has left behind goes back to the machine once the process is at rest. V8 collects
// when memory is allocated, so a process that does nothing keeps its garbage, and the room that it had grown for it.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Clock, Timer } from '#base/mod.ts';

export interface Heap {
  /** CPU time of this process so far. */
  cpuMs(): number;
  /** What V8 holds of the machine's memory, and what of it is in use or garbage. */
  size(): { readonly totalBytes: number; readonly usedBytes: number };
  collect(): void;
}

const LOOK_MS = 15_000;
/** CPU time between two looks up to which a process counts as at rest. */
const REST_MS = 100;
/** A collection stops everything for about a millisecond for each megabyte in use: only where nobody could feel it. */
const MOST_USED_BYTES = 64 * 2 ** 20;
/** How much has to have been taken since the last collection to make another one worth it. */
const WORTH_BYTES = 8 * 2 ** 20;

/** Looks four times a minute. Returns the stop. */
export function tidyHeap(clock: Clock, heap: Heap = ownHeap()): () => void {
  let timer: Timer;
  let cpuMs = heap.cpuMs();
  let tidyBytes = 0;
  const look = () => {
    const used = heap.cpuMs() - cpuMs;
    const { totalBytes, usedBytes } = heap.size();
    if (used <= REST_MS && usedBytes <= MOST_USED_BYTES && totalBytes >= tidyBytes + WORTH_BYTES) {
      heap.collect();
      tidyBytes = heap.size().totalBytes;
    }
    cpuMs = heap.cpuMs();
    timer = clock.after(LOOK_MS, look);
  };
  timer = clock.after(LOOK_MS, look);
  return () => timer.cancel();
}

function ownHeap(): Heap {
  return {
    cpuMs() {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1000;
    },
    size() {
      const { heapTotal, heapUsed } = process.memoryUsage();
      return { totalBytes: heapTotal, usedBytes: heapUsed };
    },
    collect() {
      setFlagsFromString('--expose-gc');
      const collect = runInNewContext('gc') as () => void;
      setFlagsFromString('--no-expose-gc');
      collect();
    },
  };
}
