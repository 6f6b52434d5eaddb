// Requests on their way to becoming invocations: within the bounds, and one alone where several come with one key.

import { createHash } from 'node:crypto';
import type { Clock, Random } from '#base/mod.ts';
import { randomId } from '#base/mod.ts';
import type { Accepted } from './entry.ts';
import { encodeEntry } from './entry.ts';
import type { Invocation, Ledger } from './ledger.ts';
import type { Records } from './records.ts';
import type { Bounds, KeptRequest, Settings } from './words.ts';

export interface Order {
  readonly service: string;
  readonly request: KeptRequest;
  readonly settings: Settings;
  readonly key?: string | undefined;
}

export type Taken =
  | { readonly invocation: Invocation; readonly isReplayed: boolean }
  | {
      readonly refusal: 'async-full' | 'async-busy' | 'async-disk-full' | 'async-key-reused' | 'async-unavailable';
      readonly detail?: string;
    };

export interface IntakePorts {
  readonly clock: Clock;
  /** Ids are made of it, and must not be guessed. */
  readonly random: Random;
  readonly bounds: Bounds;
  readonly ledger: Ledger;
  readonly records: Pick<Records, 'append'>;
  /** One is on the log that was not there before. */
  readonly onKept: (invocation: Invocation) => void;
}

export class Intake {
  readonly #ports: IntakePorts;
  /** Requests with a key that are being written. */
  readonly #keysComing = new Map<string, Promise<unknown>>();
  /** What is being written, against the bounds. */
  #coming = { count: 0, bytes: 0 };

  constructor(ports: IntakePorts) {
    this.#ports = ports;
  }

  /** Puts a request onto the log. One that came before with the same key is the same invocation. Rejects as the log does. */
  take(order: Order): Promise<Taken> {
    return order.key === undefined ? this.#keep(order, undefined) : this.#keepOnce(order, order.key);
  }

  /** Requests with one key come one after the other, so that one of them alone is kept. */
  async #keepOnce(order: Order, key: string): Promise<Taken> {
    const name = `${order.service}\n${key}`;
    const digest = digestOf(order.request);
    for (let coming; (coming = this.#keysComing.get(name)); ) await coming;
    const known = this.#ports.ledger.byKey(order.service, key);
    if (known) {
      return known.keyed?.digest === digest
        ? { invocation: known, isReplayed: true }
        : { refusal: 'async-key-reused', detail: `the key is that of invocation ${known.id}` };
    }
    const keeping = this.#keep(order, { key, digest });
    this.#keysComing.set(
      name,
      keeping.catch(() => undefined),
    );
    try {
      return await keeping;
    } finally {
      this.#keysComing.delete(name);
    }
  }

  async #keep({ service, request, settings }: Order, keyed: Accepted['keyed']): Promise<Taken> {
    const { clock, random, records, onKept } = this.#ports;
    const { body, ...head } = request;
    const id = randomId(random);
    const entry: Accepted = { kind: 'accepted', id, service, at: clock.now(), request: head, settings, keyed };
    const payload = encodeEntry(entry, body);
    if (!this.#hasRoomFor(payload.length)) return { refusal: 'async-full' };
    this.#coming.count++;
    this.#coming.bytes += payload.length;
    try {
      const invocation = await records.append(entry, payload);
      if (!invocation) return { refusal: 'async-unavailable' };
      onKept(invocation);
      return { invocation, isReplayed: false };
    } finally {
      this.#coming.count--;
      this.#coming.bytes -= payload.length;
    }
  }

  #hasRoomFor(bytes: number): boolean {
    const { ledger, bounds } = this.#ports;
    const { count, bytes: waiting } = ledger.open;
    return count + this.#coming.count < bounds.waiting && waiting + this.#coming.bytes + bytes <= bounds.waitingBytes;
  }
}

/** What two requests with one key must have in common. */
function digestOf({ method, target, body }: KeptRequest): string {
  return createHash('sha256').update(`${method} ${target}\n`).update(body).digest('base64');
}
