// Time as a port. Everything that waits or stamps takes a Clock, so tests and simulations own the hours.

import type { CancelSignal } from './cancel.ts';

/** A pending timer; `cancel` after it fired does nothing. */
export interface Timer {
  cancel(): void;
}

/** The one way to know or wait for time. */
export interface Clock {
  /** Wall time in milliseconds since 1970; may jump. For stamps that people read. */
  now(): number;
  /** Milliseconds that only ever grow. For durations. */
  monotonic(): number;
  /** Runs `run` once after `ms` milliseconds. Does not keep the process alive by itself. */
  after(ms: number, run: () => void): Timer;
}

/** Found once: by its global name it is looked for at each call. */
const stopwatch = performance;

/** The machine's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => stopwatch.now(),
  after(ms, run) {
    const handle = setTimeout(run, Math.min(ms, 2 ** 31 - 1));
    handle.unref();
    return { cancel: () => clearTimeout(handle) };
  },
};

/** Resolves after `ms`, or rejects with the signal's reason, whichever is first. */
export function sleep(clock: Clock, ms: number, signal?: CancelSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const timer = clock.after(ms, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    const onAbort = () => {
      timer.cancel();
      reject(signal?.reason);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** Of one second there is one text, for whatever many objects are stamped with it. */
let lastSecond = NaN;
let lastText = '';

/** RFC 3339 in UTC with whole seconds, as the Kubernetes API writes `metav1.Time`. */
export function rfc3339(ms: number): string {
  const second = Math.floor(ms / 1000);
  if (second !== lastSecond) {
    lastText = `${new Date(ms).toISOString().slice(0, 19)}Z`;
    lastSecond = second;
  }
  return lastText;
}

let lastMilli = NaN;
let lastMilliText = '';

/** RFC 3339 in UTC with milliseconds, as JavaScript writes times; of one millisecond there is one text. */
export function rfc3339Milli(ms: number): string {
  if (ms !== lastMilli) {
    lastMilliText = new Date(ms).toISOString();
    lastMilli = ms;
  }
  return lastMilliText;
}

/** RFC 3339 in UTC with microseconds, as the Kubernetes API writes `metav1.MicroTime`. */
export function rfc3339Micro(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 23)}000Z`;
}
