// Orders with an ACME server, one for a Certificate: they take longer than a turn, so they run beside the turns and are looked at.

import type { Backoff, Clock } from '#base/mod.ts';
import { backoffMs, messageOf, sleep } from '#base/mod.ts';
import type { Target } from '#gateway/mod.ts';
import type { ObjectKey } from '#machinery/mod.ts';
import { splitKey } from '#machinery/mod.ts';
import type { HttpChallenge, KeyPair } from '#pki/mod.ts';
import { AcmeProblem } from '#pki/mod.ts';
import type { Counter, Metrics } from '#telemetry/mod.ts';
import type { TargetBoard } from '../target/board.ts';
import type { AcmeSettings, CertificateIssuers } from './issuers.ts';

/** How far an order is. */
export type OrderState =
  | { readonly phase: 'queued' | 'ordering' }
  /** The server will fetch these once `reached` is said. */
  | { readonly phase: 'proving'; readonly challenges: readonly HttpChallenge[]; readonly service: string }
  | { readonly phase: 'issued'; readonly pair: KeyPair }
  | { readonly phase: 'failed'; readonly why: string; readonly retryAt: number; readonly dueMs: number };

export interface OrderPorts {
  readonly issuers: Pick<CertificateIssuers, 'acme' | 'answers'>;
  readonly board: TargetBoard;
  readonly clock: Clock;
  readonly metrics: Metrics;
}

interface Order {
  readonly asked: string;
  readonly service: string;
  readonly end: AbortController;
  /** In a row. */
  failures: number;
  state: OrderState;
  reach: () => void;
}

/** Orders at once: servers bound how many there may be, and a platform may ask for hundreds of names at its first start. */
const MAX_RUNNING = 4;
/** Let's Encrypt bears five failures of a name in an hour. */
const RETRY: Backoff = { firstMs: 2 * 60_000, maxMs: 2 * 3_600_000, factor: 2 };
/** A name that nothing leads here for is given up for now. */
const REACH_MS = 10 * 60_000;
/** Whatever an order waits for, it has an end. */
const ORDER_MS = 30 * 60_000;

export class Orders {
  readonly #ports: OrderPorts;
  readonly #orders = new Map<ObjectKey, Order>();
  /** In the order they came. */
  readonly #queue = new Set<() => void>();
  readonly #listeners = new Set<(key: ObjectKey) => void>();
  readonly #ended: Counter;
  #running = 0;

  constructor(ports: OrderPorts) {
    this.#ports = ports;
    this.#ended = ports.metrics.counter('ebb.certificate.orders');
  }

  /** Calls with the key of each order that went on. Returns the stop. */
  onChange(listen: (key: ObjectKey) => void): () => void {
    this.#listeners.add(listen);
    return () => void this.#listeners.delete(listen);
  }

  /** The order for these names, proven by way of a Service of this name; it is begun where there is none, or where the one there failed and its time has come. */
  follow(key: ObjectKey, settings: AcmeSettings, names: readonly string[], service: string): OrderState {
    const asked = JSON.stringify([settings, names, service]);
    const there = this.#orders.get(key);
    if (there?.asked === asked && !this.#isToRetry(there.state)) return there.state;
    there?.end.abort(new Error('something else is asked for'));
    const failures = there?.asked === asked ? there.failures : 0;
    const order: Order = {
      asked,
      service,
      failures,
      end: new AbortController(),
      state: { phase: 'queued' },
      reach: () => {},
    };
    this.#orders.set(key, order);
    void this.#run(key, order, settings, names);
    return order.state;
  }

  /** Everything that the server will fetch can be fetched. */
  reached(key: ObjectKey): void {
    this.#orders.get(key)?.reach();
  }

  /** The order is no longer wanted, or its certificate has been kept. */
  forget(key: ObjectKey): void {
    this.#orders.get(key)?.end.abort(new Error('the order is no longer wanted'));
    this.#orders.delete(key);
  }

  /** Ends all orders, with what they wait for. */
  close(): void {
    for (const { end } of this.#orders.values()) end.abort(new Error('the platform stops'));
    this.#orders.clear();
  }

  #isToRetry(state: OrderState): boolean {
    return state.phase === 'failed' && this.#ports.clock.monotonic() >= state.dueMs;
  }

  async #run(key: ObjectKey, order: Order, settings: AcmeSettings, names: readonly string[]): Promise<void> {
    const { clock, issuers } = this.#ports;
    const { signal } = order.end;
    if (!(await this.#slot(signal))) return;
    const timer = clock.after(ORDER_MS, () =>
      order.end.abort(new Error(`not done after ${ORDER_MS / 60_000} minutes`)),
    );
    try {
      signal.throwIfAborted();
      this.#tell(key, order, { phase: 'ordering' });
      const present = (challenges: readonly HttpChallenge[]) => this.#prove(key, order, challenges);
      const pair = await issuers.acme(settings, names, present, signal);
      this.#ended.add({ outcome: 'issued' });
      this.#tell(key, order, { phase: 'issued', pair });
    } catch (error) {
      order.failures++;
      if (this.#orders.get(key) === order) this.#ended.add({ outcome: 'failed' });
      this.#tell(key, order, this.#failed(order.failures, signal.aborted ? signal.reason : error));
    } finally {
      timer.cancel();
      order.end.abort(new Error('the order is over'));
      this.#release();
    }
  }

  /** Leads challenges here, and waits until they are. They go when the order has ended, whichever way. */
  async #prove(key: ObjectKey, order: Order, challenges: readonly HttpChallenge[]): Promise<void> {
    const { board, clock, issuers } = this.#ports;
    const { signal } = order.end;
    const { service } = order;
    const target = `${splitKey(key).namespace}/${service}`;
    for (const { token, keyAuthorization } of challenges) issuers.answers.set(token, keyAuthorization);
    signal.addEventListener('abort', () => {
      for (const { token } of challenges) issuers.answers.remove(token);
      // A gateway that is gone is told everything anew when it is back.
      board.remove(target).catch(() => {});
    });
    await board.set(target, challengeTarget(key, service, issuers.answers));
    const reached = new Promise<void>((resolve) => (order.reach = resolve));
    this.#tell(key, order, { phase: 'proving', challenges, service });
    const late = new AbortController();
    const tooLong = sleep(clock, REACH_MS, AbortSignal.any([signal, late.signal])).then(() => {
      const hosts = challenges.map(({ host }) => host).join(', ');
      throw new AcmeProblem(
        'unreachable',
        `no Ingress led the challenge of ${hosts} here within ${REACH_MS / 60_000} minutes`,
      );
    });
    try {
      await Promise.race([reached, tooLong]);
    } finally {
      late.abort(new Error('it was reached'));
      tooLong.catch(() => {});
    }
  }

  #failed(failures: number, error: unknown): OrderState {
    const asked = error instanceof AcmeProblem ? (error.retryAfterMs ?? 0) : 0;
    const waitMs = Math.max(asked, backoffMs(RETRY, failures));
    const { clock } = this.#ports;
    return { phase: 'failed', why: messageOf(error), retryAt: clock.now() + waitMs, dueMs: clock.monotonic() + waitMs };
  }

  /** Nobody hears of an order that something else has taken the place of. */
  #tell(key: ObjectKey, order: Order, state: OrderState): void {
    if (this.#orders.get(key) !== order) return;
    order.state = state;
    for (const listen of this.#listeners) listen(key);
  }

  /** Whether it has a slot; whose order is no longer wanted leaves the queue without one. */
  async #slot(signal: AbortSignal): Promise<boolean> {
    if (this.#running < MAX_RUNNING) {
      this.#running++;
      return true;
    }
    return new Promise((resolve) => {
      const leave = () => {
        this.#queue.delete(go);
        resolve(false);
      };
      const go = () => {
        signal.removeEventListener('abort', leave);
        resolve(true);
      };
      this.#queue.add(go);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  /** Gives the slot on, or back. */
  #release(): void {
    const [next] = this.#queue;
    if (!next) return void this.#running--;
    this.#queue.delete(next);
    next();
  }
}

function challengeTarget(key: ObjectKey, name: string, { host, port }: { host: string; port: number }): Target {
  return {
    namespace: splitKey(key).namespace,
    name,
    concurrency: 0,
    timeoutMs: 10_000,
    protocol: 'http1',
    endpoints: [{ id: `http01/${key}`, host, port, state: 'ready' }],
  };
}
