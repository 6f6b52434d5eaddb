// Profiles of this process, taken while it works: its CPU time by function, and everything on its heap.

import { Readable } from 'node:stream';

export type ProfileKind = 'cpu' | 'heap';

/** What one may be named when it is written to a file: Chrome's developer tools open both by these endings. */
export const PROFILE_ENDINGS: Readonly<Record<ProfileKind, string>> = { cpu: 'cpuprofile', heap: 'heapsnapshot' };

export const MOST_PROFILE_SECONDS = 300;

let isTaking = false;

/** `seconds` is for CPU alone. Throws where one is being taken already. The signal ends it early, without a result. */
export async function takeProfile(kind: ProfileKind, seconds: number, signal: AbortSignal): Promise<Readable> {
  if (isTaking) throw new Error('a profile of this process is being taken already; try again when it is done');
  isTaking = true;
  try {
    return kind === 'cpu' ? Readable.from([await cpuProfile(seconds, signal)]) : await heapSnapshot();
  } finally {
    isTaking = false;
  }
}

async function cpuProfile(seconds: number, signal: AbortSignal): Promise<string> {
  const [{ Session }, { setTimeout: wait }] = await Promise.all([
    import('node:inspector/promises'),
    import('node:timers/promises'),
  ]);
  const session = new Session();
  session.connect();
  try {
    await session.post('Profiler.enable');
    await session.post('Profiler.start');
    await wait(seconds * 1000, undefined, { signal });
    const { profile } = await session.post('Profiler.stop');
    return JSON.stringify(profile);
  } finally {
    session.disconnect();
  }
}

/** While it is gathered the process does nothing else. */
async function heapSnapshot(): Promise<Readable> {
  const { getHeapSnapshot } = await import('node:v8');
  return getHeapSnapshot();
}
