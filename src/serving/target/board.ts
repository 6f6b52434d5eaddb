// Which targets the gateway has acknowledged: what an ingress must wait for before it may call itself ready.

import { equal } from '#base/mod.ts';
import type { GatewayControl, Target } from '#gateway/mod.ts';
import type { ObjectKey } from '#machinery/mod.ts';

/** Says targets to the gateway, once each, and remembers what it has taken in. */
export class TargetBoard {
  readonly #gateway: GatewayControl;
  readonly #known = new Map<ObjectKey, Target>();
  /** The last word on a target that the gateway has not acknowledged yet. */
  readonly #saying = new Map<ObjectKey, Promise<void>>();
  readonly #listeners = new Set<(key: ObjectKey) => void>();

  constructor(gateway: GatewayControl) {
    this.#gateway = gateway;
  }

  /** Whether requests to this target are being taken. */
  has(key: ObjectKey): boolean {
    return this.#known.has(key);
  }

  /** Resolves when requests see the target as it is said here. */
  set(key: ObjectKey, target: Target): Promise<void> {
    return this.#inTurn(key, async () => {
      const before = this.#known.get(key);
      if (equal(before, target)) return;
      await this.#gateway.setTarget(key, target);
      this.#known.set(key, target);
      if (!before) for (const listen of this.#listeners) listen(key);
    });
  }

  remove(key: ObjectKey): Promise<void> {
    return this.#inTurn(key, async () => {
      if (!this.#known.has(key)) return;
      await this.#gateway.setTarget(key, undefined);
      this.#known.delete(key);
    });
  }

  /** What is said of one target is said one after the other: else a target that is set while it is being removed would be gone. */
  async #inTurn(key: ObjectKey, say: () => Promise<void>): Promise<void> {
    const before = this.#saying.get(key);
    const saying = before ? before.then(say, say) : say();
    this.#saying.set(key, saying);
    try {
      await saying;
    } finally {
      if (this.#saying.get(key) === saying) this.#saying.delete(key);
    }
  }

  /** Calls with the key of each target that is new to the gateway. Returns the stop. */
  onNew(listen: (key: ObjectKey) => void): () => void {
    this.#listeners.add(listen);
    return () => void this.#listeners.delete(listen);
  }
}
