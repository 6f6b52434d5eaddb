// One endpoint's share of the work, from its first request to its last.

import { createHash } from 'node:crypto';
import type { Endpoint } from './control.ts';

/** Enough that no two endpoints of a target have the same. */
const TOKEN_LENGTH = 16;

export class Slot {
  endpoint: Endpoint;
  inFlight = 0;
  /** Of these, connections that were upgraded: nobody knows when they are done. */
  upgraded = 0;
  /** Set by a drain; holds until the control plane has confirmed it. */
  drained = false;
  #token: string | undefined;
  readonly #whenIdle = new Set<() => void>();
  readonly #whenQuiet = new Set<() => void>();

  constructor(endpoint: Endpoint) {
    this.endpoint = endpoint;
  }

  /** A name for clients, from which nobody learns what the endpoint is called here. */
  get token(): string {
    return (this.#token ??= createHash('sha256').update(this.endpoint.id).digest('base64url').slice(0, TOKEN_LENGTH));
  }

  take(): void {
    this.inFlight++;
  }

  giveBack(): void {
    this.inFlight--;
    this.#lookQuiet();
    if (this.inFlight > 0) return;
    for (const run of this.#whenIdle) run();
    this.#whenIdle.clear();
  }

  /** One of those in flight became an upgraded connection. */
  upgrade(): void {
    this.upgraded++;
    this.#lookQuiet();
  }

  /** Runs once nothing but upgraded connections is in flight; at once where that is so. Returns what takes it back. */
  whenQuiet(run: () => void): () => void {
    this.#whenQuiet.add(run);
    this.#lookQuiet();
    return () => void this.#whenQuiet.delete(run);
  }

  #lookQuiet(): void {
    if (this.#whenQuiet.size === 0 || this.inFlight > this.upgraded) return;
    const waiting = [...this.#whenQuiet];
    this.#whenQuiet.clear();
    for (const run of waiting) run();
  }

  /** Runs once nothing is in flight; at once where nothing is. Returns what takes it back. */
  whenIdle(run: () => void): () => void {
    if (this.inFlight === 0) run();
    else this.#whenIdle.add(run);
    return () => void this.#whenIdle.delete(run);
  }
}
