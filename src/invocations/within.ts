// Work that has an end: by its own time, or with what it is a part of.

import type { Clock } from '#base/mod.ts';

/** Ends what takes longer. */
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
