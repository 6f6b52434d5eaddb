// Who waits for the end of an invocation, for a while.

import type { Clock } from '#base/mod.ts';

export class Ends {
  readonly #clock: Clock;
  readonly #waiting = new Map<string, Set<() => void>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves once it has come, or after so long, or once the signal is aborted. */
  within(id: string, ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(id) ?? new Set();
      this.#waiting.set(id, waiting);
      const stop = () => {
        timer.cancel();
        signal.removeEventListener('abort', stop);
        waiting.delete(stop);
        if (waiting.size === 0) this.#waiting.delete(id);
        resolve();
      };
      const timer = this.#clock.after(ms, stop);
      signal.addEventListener('abort', stop, { once: true });
      waiting.add(stop);
    });
  }

  come(id: string): void {
    for (const stop of this.#waiting.get(id) ?? []) stop();
  }

  /** Nobody waits any longer. */
  close(): void {
    for (const waiting of this.#waiting.values()) for (const stop of waiting) stop();
  }
}
