// The control process and the data process with a socket between them: everything takes a while, and nothing overtakes.

import type { Clock, Random } from '#base/mod.ts';
import type { GatewayControl } from '#gateway/mod.ts';
import { between } from './chance.ts';

const LONGEST_MS = 3;

/** One direction of the socket. */
class Way {
  readonly #clock: Clock;
  readonly #random: Random;
  #lastMs = 0;

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  send(deliver: () => void): void {
    const now = this.#clock.monotonic();
    this.#lastMs = Math.max(this.#lastMs, now + between(this.#random, 0, LONGEST_MS));
    this.#clock.after(this.#lastMs - now, deliver);
  }
}

/** The control as it is seen from the other process. */
export function linkTo(control: GatewayControl, clock: Clock, random: Random): GatewayControl {
  const down = new Way(clock, random);
  const up = new Way(clock, random);

  function call<T>(run: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) =>
      down.send(() => {
        run().then(
          (value) => up.send(() => resolve(value)),
          (error: unknown) => up.send(() => reject(error)),
        );
      }),
    );
  }

  return {
    setIngress: (key, rules) => call(() => control.setIngress(key, rules)),
    setTarget: (key, target) => call(() => control.setTarget(key, target)),
    drain: (endpointId, deadlineMs) => call(() => control.drain(endpointId, deadlineMs)),
    onReport: (listen) => control.onReport((reports) => up.send(() => listen(reports))),
    onWake: (listen) => control.onWake((target) => up.send(() => listen(target))),
    refusals: () => call(() => control.refusals()),
  };
}
