// One piece of upkeep that is done again whenever somebody says that something changed; never twice at a time.

import type { Backoff, Clock, Timer } from '#base/mod.ts';
import { backoffMs } from '#base/mod.ts';
import type { Logger } from '#telemetry/mod.ts';

const BACKOFF: Backoff = { firstMs: 50, maxMs: 10_000, factor: 2 };

export class TurnLoop {
  readonly #turn: () => Promise<void>;
  readonly #clock: Clock;
  readonly #log: Logger;
  #wanted = false;
  #running: Promise<void> | undefined;
  #timer: Timer | undefined;
  #failures = 0;
  #stopped = false;

  /** `turn` looks at what is so and does what is missing; when it throws, it is done again after a while. */
  constructor(turn: () => Promise<void>, clock: Clock, log: Logger) {
    this.#turn = turn;
    this.#clock = clock;
    this.#log = log;
  }

  /** Asks for a turn: at once, or after the one that is under way. */
  poke(): void {
    this.#wanted = true;
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      if (this.#wanted && !this.#timer && !this.#stopped) this.poke();
    });
  }

  /** Resolves when no turn is under way or asked for (one that waits after a failure does not count). */
  async settled(): Promise<void> {
    while (this.#running) await this.#running;
  }

  /** No more turns; resolves when the present one is through. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.settled();
  }

  async #run(): Promise<void> {
    while (this.#wanted && !this.#stopped) {
      this.#wanted = false;
      try {
        await this.#turn();
        this.#failures = 0;
      } catch (error) {
        this.#later(error);
        return;
      }
    }
  }

  #later(error: unknown): void {
    const waitMs = backoffMs(BACKOFF, ++this.#failures);
    this.#log.warn('upkeep failed and is tried again', { error, waitMs });
    this.#timer?.cancel();
    this.#timer = this.#clock.after(waitMs, () => {
      this.#timer = undefined;
      this.poke();
    });
  }
}
