// What endpoints speak where nobody has said so: the first that is ready is asked, for all of a revision run the same program.

import type { Protocol, Target } from './control.ts';
import type { ClientEngine } from './transport.ts';

export class ProtocolFinder {
  readonly #client: ClientEngine;
  readonly #known = new Map<string, Protocol>();
  /** Changes of a target wait for those before them, so that none overtakes one that still asks. */
  readonly #turns = new Map<string, Promise<void>>();

  constructor(client: ClientEngine) {
    this.#client = client;
  }

  /** Gives the target on as it is to be used; at once where there is nothing to find out. */
  settle(key: string, target: Target | undefined, take: (target: Target | undefined) => void): Promise<void> {
    const earlier = this.#turns.get(key);
    if (!earlier && !target?.detectsHttp2) {
      take(target);
      return Promise.resolve();
    }
    // Whoever made a change that failed has heard of it; those after it go on.
    const turn = (earlier ?? Promise.resolve())
      .catch(() => undefined)
      .then(async () => take(target && (await this.#settled(key, target))));
    const over = turn.finally(() => {
      if (this.#turns.get(key) === over) this.#turns.delete(key);
    });
    this.#turns.set(key, over);
    return over;
  }

  async #settled(key: string, target: Target): Promise<Target> {
    if (!target.detectsHttp2) return target;
    const asked = target.endpoints.find(({ state }) => state === 'ready');
    if (!this.#known.has(key) && asked)
      this.#known.set(key, (await this.#client.speaksHttp2(asked.host, asked.port)) ? 'h2c' : target.protocol);
    return { ...target, protocol: this.#known.get(key) ?? target.protocol };
  }

  forget(key: string): void {
    this.#known.delete(key);
  }
}
