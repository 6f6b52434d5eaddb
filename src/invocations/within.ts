// Work with a time limit that is also cancelled by the signal of what it is a part of.

import type { Clock } from '#base/mod.ts';

/** Runs with a signal that is aborted after so long, or with `signal`. */
export async function within<T>(
  clock: Clock,
  ms: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  const onAbort = () => late.abort(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  const timer = clock.after(ms, () => late.abort(new Error(`no answer within ${ms} ms`)));
  try {
    return await work(late.signal);
  } finally {
    timer.cancel();
    signal.removeEventListener('abort', onAbort);
  }
}
