// A signal that something is no longer wanted, cheaper than an AbortController: for work that is done for every event.

/** The part of an AbortSignal that most need; every AbortSignal is one. */
export interface CancelSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: 'abort', run: () => void, options?: { readonly once?: boolean }): void;
  removeEventListener(type: 'abort', run: () => void): void;
}

/**
 * One's own signal, given once. An AbortController makes two objects with the whole of an EventTarget, which goes through all
 * who listen whenever one comes or goes; here that costs the same for many as for one.
 */
export class Cancel implements CancelSignal {
  readonly #listeners = new Set<() => void>();
  aborted = false;
  reason: unknown = undefined;

  /** Tells all who listen. A second time does nothing. */
  abort(reason: unknown): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    for (const run of this.#listeners) run();
    this.#listeners.clear();
  }

  /** Each listener runs once. One that comes after the signal hears nothing, and looks at `aborted`. */
  addEventListener(_: 'abort', run: () => void): void {
    if (!this.aborted) this.#listeners.add(run);
  }

  removeEventListener(_: 'abort', run: () => void): void {
    this.#listeners.delete(run);
  }
}

/** The same as an AbortSignal, for those who need one; `letGo` ends the tie. */
export function asAbortSignal(signal: CancelSignal): { readonly signal: AbortSignal; letGo(): void } {
  if (signal instanceof AbortSignal) return { signal, letGo() {} };
  const controller = new AbortController();
  const onAbort = () => controller.abort(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort);
  return { signal: controller.signal, letGo: () => signal.removeEventListener('abort', onAbort) };
}

/** Runs with a signal of its own, which is aborted after so many milliseconds, or with `signal` where there is one. */
export async function within<T>(
  clock: { after(ms: number, run: () => void): { cancel(): void } },
  ms: number,
  signal: CancelSignal | undefined,
  run: (signal: CancelSignal) => Promise<T>,
): Promise<T> {
  // Let go of after the run: what outlives many must not gather them.
  const own = new Cancel();
  const onAbort = () => own.abort(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  const timer = clock.after(ms, () => own.abort(new Error(`no answer within ${ms} ms`)));
  try {
    return await run(own);
  } finally {
    timer.cancel();
    signal?.removeEventListener('abort', onAbort);
  }
}
