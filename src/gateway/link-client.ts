// The control process's end of the link. It keeps the whole wanted state and says it anew on each connection.

import { connect } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock, Timer } from '#base/mod.ts';
import { backoffMs } from '#base/mod.ts';
import { readValues, writeValue } from '#link/mod.ts';
import type { Logger } from '#telemetry/mod.ts';
import type { IngressRules, RefusalCount, Target, TargetReport, WakeListener } from './control.ts';
import type { LinkedControl, Message, Reply, Request, ResetResult, Result } from './link.ts';
import type { GatewayAddress } from './server.ts';

export interface ConnectControlOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /**
   * Until it resolves, not everything has been told yet: what an earlier control process told stays in force where this one
   * has said nothing. Unless given, what is known at each connection is everything.
   */
  readonly allTold?: Promise<void>;
}

const RECONNECT = { firstMs: 20, maxMs: 1000, factor: 2 };

/** Makes a connection that is on its way: it emits `connect` once it stands, `close` when it is over. */
export type Connecting = () => Duplex;

/**
 * Begins to connect, and goes on until closed. Changes resolve when the data process has them, however long that takes.
 * `where` is the path of a unix socket, or what else makes a connection.
 */
export function connectControl(where: string | Connecting, options: ConnectControlOptions): LinkedControl {
  const link = new Link(typeof where === 'string' ? () => connect(where) : where, options);
  link.open();
  return link;
}

/** A request without its number. */
type Asking = Request extends infer R ? (R extends Request ? Omit<R, 'id'> : never) : never;

interface Pending {
  readonly done: (result: Result) => void;
  readonly failed: (error: Error) => void;
  /** The connection went before the answer came. */
  readonly lost: () => void;
}

/** Somebody waits until the data process has the state with this number. */
interface Waiting {
  readonly key: string;
  readonly version: number;
  readonly done: () => void;
  readonly failed: (error: Error) => void;
}

class Link implements LinkedControl {
  readonly #connect: Connecting;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #ingresses = new Map<string, IngressRules>();
  readonly #targets = new Map<string, Target>();
  readonly #pending = new Map<number, Pending>();
  readonly #waiting = new Set<Waiting>();
  readonly #reportListeners = new Set<(reports: readonly TargetReport[]) => void>();
  readonly #wakeListeners = new Set<WakeListener>();
  readonly #connectionListeners = new Set<(connected: boolean) => void>();
  readonly #address = Promise.withResolvers<GatewayAddress>();
  #socket: Duplex | undefined;
  #again: Timer | undefined;
  #failures = 0;
  #nextId = 1;
  #version = 0;
  #connected = false;
  #unfinished: boolean;
  #isResting = false;
  #closed = false;

  constructor(connecting: Connecting, { clock, log, allTold }: ConnectControlOptions) {
    this.#connect = connecting;
    this.#clock = clock;
    this.#log = log;
    this.#unfinished = allTold !== undefined;
    void allTold?.then(() => this.#finish());
    // Whoever never asks for the address must not be told that it never came.
    this.#address.promise.catch(() => {});
  }

  get connected(): boolean {
    return this.#connected;
  }

  address(): Promise<GatewayAddress> {
    return this.#address.promise;
  }

  onConnection(listen: (connected: boolean) => void): () => void {
    this.#connectionListeners.add(listen);
    return () => void this.#connectionListeners.delete(listen);
  }

  onReport(listen: (reports: readonly TargetReport[]) => void): () => void {
    this.#reportListeners.add(listen);
    return () => void this.#reportListeners.delete(listen);
  }

  onWake(listen: WakeListener): () => void {
    this.#wakeListeners.add(listen);
    return () => void this.#wakeListeners.delete(listen);
  }

  setIngress(key: string, rules: IngressRules | undefined): Promise<void> {
    if (rules) this.#ingresses.set(key, rules);
    else this.#ingresses.delete(key);
    return this.#change(key, { op: 'ingress', key, ...(rules ? { rules } : {}) });
  }

  setTarget(key: string, target: Target | undefined): Promise<void> {
    if (target) this.#targets.set(key, target);
    else this.#targets.delete(key);
    return this.#change(key, { op: 'target', key, ...(target ? { target } : {}) });
  }

  /** Where there is no data process, or it ends meanwhile, nothing is in flight any more: its connections ended with it. */
  drain(endpointId: string, deadlineMs: number): Promise<{ left: number }> {
    this.#rememberDrain(endpointId);
    return new Promise((resolve, reject) => {
      const lost = () => resolve({ left: 0 });
      if (!this.#connected) return lost();
      this.#ask(
        { op: 'drain', endpoint: endpointId, deadlineMs },
        { done: (result) => resolve(result as { left: number }), failed: reject, lost },
      );
    });
  }

  /** Empty while the data process cannot be asked. */
  refusals(): Promise<readonly RefusalCount[]> {
    return new Promise((resolve, reject) => {
      if (!this.#connected) return resolve([]);
      this.#ask(
        { op: 'refusals' },
        { done: (result) => resolve(result as readonly RefusalCount[]), failed: reject, lost: () => resolve([]) },
      );
    });
  }

  rest(): Promise<void> {
    // A data process that comes anew is not told that this is everything, and so begins nothing either.
    this.#isResting = true;
    this.#unfinished = true;
    return new Promise((resolve, reject) => {
      if (!this.#connected) return resolve();
      this.#ask({ op: 'rest' }, { done: () => resolve(), failed: reject, lost: resolve });
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#again?.cancel();
    const gone = new Error('the link to the data process was closed');
    this.#address.reject(gone);
    for (const { failed } of this.#waiting) failed(gone);
    this.#waiting.clear();
    const socket = this.#socket;
    if (!socket || socket.closed) return;
    await new Promise<void>((resolve) => {
      socket.once('close', () => resolve());
      socket.destroy();
    });
  }

  open(): void {
    const socket = this.#connect();
    let cause: Error | undefined;
    this.#socket = socket;
    socket.on('error', (error) => (cause = error));
    socket.once('connect', () => this.#greet());
    socket.once('close', () => this.#lost(cause));
    readValues(socket, (value) => this.#hear(value as Message));
  }

  #greet(): void {
    this.#connected = true;
    this.#failures = 0;
    this.#reset();
    for (const listen of this.#connectionListeners) listen(true);
  }

  #finish(): void {
    if (this.#isResting) return;
    this.#unfinished = false;
    if (this.#connected) this.#reset();
  }

  #reset(): void {
    const version = this.#version;
    const isAll = !this.#unfinished;
    const reset: Asking = {
      op: 'reset',
      ingresses: Object.fromEntries(this.#ingresses),
      targets: Object.fromEntries(this.#targets),
      ...(isAll ? {} : { unfinished: true }),
    };
    this.#ask(reset, {
      done: (result) => {
        this.#settle(version, (result as ResetResult).failed);
        this.#log.info(isAll ? 'data process has the whole state' : 'data process has what is known so far', {
          ingresses: this.#ingresses.size,
          targets: this.#targets.size,
        });
      },
      failed: (error) => this.#log.error('data process refused the state', { error }),
      lost: () => {},
    });
  }

  #lost(error: Error | undefined): void {
    const wasConnected = this.#connected;
    this.#connected = false;
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { lost } of pending) lost();
    if (wasConnected) for (const listen of this.#connectionListeners) listen(false);
    if (this.#closed) return;
    if (wasConnected) this.#log.warn('data process is away', { error });
    this.#failures++;
    this.#again = this.#clock.after(backoffMs(RECONNECT, this.#failures), () => this.open());
  }

  #hear(message: Message): void {
    if ('hello' in message) this.#address.resolve(message.hello);
    else if ('reports' in message) for (const listen of this.#reportListeners) listen(message.reports);
    else if ('wake' in message) for (const listen of this.#wakeListeners) listen(message.wake, message.traceparent);
    else this.#answer(message);
  }

  #answer(reply: Reply): void {
    const pending = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    if ('error' in reply) pending?.failed(new Error(reply.error));
    else pending?.done(reply.result);
  }

  #ask(asking: Asking, pending: Pending): void {
    const id = this.#nextId++;
    this.#pending.set(id, pending);
    if (this.#socket) writeValue(this.#socket, { ...asking, id });
  }

  /** The data process takes changes in order, so the answer to one settles all before it; a lost one waits for the next reset. */
  #change(key: string, asking: Asking): Promise<void> {
    const version = ++this.#version;
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(new Error('the link to the data process was closed'));
      const waiting: Waiting = { key, version, done: resolve, failed: reject };
      this.#waiting.add(waiting);
      if (!this.#connected) return;
      const failed = (error: Error) => {
        this.#waiting.delete(waiting);
        reject(error);
      };
      this.#ask(asking, { done: () => this.#settle(version, {}), failed, lost: () => {} });
    });
  }

  #settle(version: number, failed: ResetResult['failed']): void {
    for (const waiting of this.#waiting) {
      if (waiting.version > version) continue;
      this.#waiting.delete(waiting);
      const error = failed[waiting.key];
      if (error === undefined) waiting.done();
      else waiting.failed(new Error(error));
    }
  }

  /** A data process that comes anew must not open what was being drained. */
  #rememberDrain(endpointId: string): void {
    for (const [key, target] of this.#targets) {
      if (!target.endpoints.some(({ id }) => id === endpointId)) continue;
      const endpoints = target.endpoints.map((endpoint) =>
        endpoint.id === endpointId ? { ...endpoint, state: 'draining' as const } : endpoint,
      );
      this.#targets.set(key, { ...target, endpoints });
    }
  }
}
