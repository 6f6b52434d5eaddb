// Invocations in virtual time, with functions that are functions; another world over the same log is what comes after a crash.

import type { CancelSignal } from '#base/mod.ts';
import { headerValue, seededRandom, VirtualClock } from '#base/mod.ts';
import type { EventLog } from '#events/mod.ts';
import { keptLog, LogFullError, memoryLog, openDiskLog } from '#events/mod.ts';
import { SimulatedDisk } from '#storage/mod.ts';
import { silentLog } from '#telemetry/mod.ts';
import type { Order, Taken } from './intake.ts';
import { Invocations } from './invocations.ts';
import type { Invocation } from './ledger.ts';
import { DEFAULTS } from './settings.ts';
import type { Bounds, KeptRequest, Outcome, ResultCall, Settings } from './words.ts';

/** Opens one log again and again, as processes do that come one after another. */
export type OpenLog = () => Promise<EventLog>;

export const logHomes: readonly (readonly [name: string, make: (clock: VirtualClock) => OpenLog])[] = [
  [
    'memory',
    (clock) => {
      const kept = keptLog();
      return async () => memoryLog({ clock, kept });
    },
  ],
  [
    'disk',
    (clock) => {
      const disk = new SimulatedDisk();
      return () => openDiskLog({ disk, clock, segmentBytes: 4096 });
    },
  ],
];

type Answer = (request: KeptRequest, nth: number, signal: CancelSignal) => Outcome | Promise<Outcome>;

export const SERVICE = 'default/hello';

export class InvocationsWorld {
  readonly clock: VirtualClock;
  readonly requests: KeptRequest[] = [];
  readonly calls: ResultCall[] = [];
  /** What functions and receivers of results answer. */
  answer: Answer = () => answerOf(200, 'well');
  receive: (call: ResultCall, nth: number) => Outcome = () => answerOf(204);
  /** Nothing more can be written. */
  isFull = false;
  #invocations: Invocations | undefined;
  #log: EventLog | undefined;
  readonly #openLog: OpenLog;
  readonly #bounds: Partial<Bounds>;
  #starts = 0;

  constructor(make: (clock: VirtualClock) => OpenLog, bounds: Partial<Bounds> = {}) {
    this.clock = new VirtualClock();
    this.#openLog = make(this.clock);
    this.#bounds = bounds;
  }

  get invocations(): Invocations {
    if (!this.#invocations) throw new Error('the world has not begun');
    return this.#invocations;
  }

  get log(): EventLog {
    if (!this.#log) throw new Error('the world has not begun');
    return this.#log;
  }

  /** A process comes, and finds what is on the log. */
  async start(begins = true): Promise<void> {
    this.#log = this.#fillable(await this.#openLog());
    const run = ++this.#starts;
    this.#invocations = new Invocations({
      clock: this.clock,
      random: seededRandom(run),
      log: this.#log,
      send: (request, signal) => this.#send(request, signal, run),
      post: async (call) => {
        this.calls.push(call);
        return this.receive(call, this.calls.length);
      },
      logger: silentLog,
      bounds: this.#bounds,
    });
    await this.settled(this.#invocations.opened);
    if (begins) this.#invocations.begin();
    await this.clock.advance(0);
  }

  #fillable(log: EventLog): EventLog {
    return new Proxy(log, {
      get: (target, name: keyof EventLog) => {
        if (name === 'append' && this.isFull) return () => Promise.reject(new LogFullError('disk', 'no room'));
        return target[name].bind(target);
      },
    });
  }

  /** The process dies: what it has under way is not heard of any more. */
  async kill(): Promise<void> {
    this.#starts++;
    await this.log.close();
  }

  async stop(graceMs = 1000): Promise<void> {
    await this.settled(this.invocations.close(graceMs), graceMs);
    await this.log.close();
  }

  order(
    change: { settings?: Partial<Settings>; key?: string; body?: string; target?: string; service?: string } = {},
  ): Order {
    const { settings, key, body = 'body', target = '/x', service = SERVICE } = change;
    return {
      service,
      key,
      settings: { ...DEFAULTS, ...settings },
      request: {
        door: 'external',
        scheme: 'http',
        method: 'POST',
        target,
        authority: 'hello.test',
        headers: ['X-One', '1'],
        remoteAddress: '192.0.2.1',
        body: Buffer.from(body),
      },
    };
  }

  async accept(change: Parameters<InvocationsWorld['order']>[0] = {}): Promise<Invocation> {
    const taken = await this.taken(change);
    if ('refusal' in taken) throw new Error(`it was refused: ${taken.refusal} ${taken.detail ?? ''}`);
    return taken.invocation;
  }

  taken(change: Parameters<InvocationsWorld['order']>[0] = {}): Promise<Taken> {
    return this.settled(this.invocations.accept(this.order(change)));
  }

  /** Lets time go on until it settles: a disk that is simulated answers after turns of the loop. */
  async settled<T>(promise: Promise<T>, ms = 0): Promise<T> {
    const state = { isOver: false };
    const over = () => void (state.isOver = true);
    promise.then(over, over);
    for (let turns = 0; !state.isOver && turns < 1000; turns++) {
      await this.clock.advance(turns === 0 ? ms : 0);
      await new Promise((resolve) => setImmediate(resolve));
    }
    return promise;
  }

  /** Goes on for so long, with whatever that brings. */
  async pass(ms: number): Promise<void> {
    await this.clock.advance(ms);
    for (let turns = 0; turns < 20; turns++) {
      await new Promise((resolve) => setImmediate(resolve));
      await this.clock.advance(0);
    }
  }

  async #send(request: KeptRequest, signal: CancelSignal, run: number): Promise<Outcome> {
    if (run !== this.#starts) return new Promise(() => {});
    this.requests.push(request);
    const broken = new Promise<Outcome>((resolve) =>
      signal.addEventListener('abort', () => resolve({ error: (signal.reason as Error).message }), { once: true }),
    );
    const outcome = await Promise.race([this.answer(request, this.requests.length, signal), broken]);
    return run === this.#starts ? outcome : new Promise(() => {});
  }
}

export function answerOf(status: number, body = '', headers: readonly string[] = []): Outcome {
  return { status, headers, body: Buffer.from(body) };
}

/** A header of a request that was sent. */
export function headerOf({ headers }: { readonly headers: readonly string[] }, name: string): string | undefined {
  return headerValue(headers, name);
}
