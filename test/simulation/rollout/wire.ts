// A connection between two processes in virtual time: what is written arrives a little later, and so does the end.

import { Duplex } from 'node:stream';
import type { Clock } from '#base/mod.ts';

const LATENCY_MS = 1;

/** Both ends of a connection that is on its way. */
export function wire(clock: Clock): [near: Duplex, far: Duplex] {
  const near = new End(clock);
  const far = new End(clock);
  near.other = far;
  far.other = near;
  clock.after(LATENCY_MS, () => {
    if (!near.destroyed) near.emit('connect');
  });
  return [near, far];
}

class End extends Duplex {
  other: End | undefined;
  readonly #clock: Clock;

  constructor(clock: Clock) {
    super({ allowHalfOpen: false });
    this.#clock = clock;
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#later((other) => other.push(chunk));
    done();
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#later((other) => other.push(null));
    done();
  }

  /** A process that dies closes its connections; what it had written still arrives. */
  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#later((other) => other.push(null));
    done(error);
  }

  #later(run: (other: End) => void): void {
    this.#clock.after(LATENCY_MS, () => {
      const { other } = this;
      if (other && !other.destroyed && !other.readableEnded) run(other);
    });
  }
}
