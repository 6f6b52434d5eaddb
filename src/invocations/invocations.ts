// Asynchronous invocations: accepted onto the log, carried out through the gateway, kept for a while. What there is follows from the
// records alone, so that nothing is lost with the process.

import { createHash } from 'node:crypto';
import type { CancelSignal, Clock, Random } from '#base/mod.ts';
import { messageOf, randomId, sleep, within } from '#base/mod.ts';
import type { EventLog } from '#events/mod.ts';
import { LogClosedError, LogFullError } from '#events/mod.ts';
import type { Logger, Metrics } from '#telemetry/mod.ts';
import type { Accepted, Entry, Finished } from './entry.ts';
import { decodeEntry, encodeEntry } from './entry.ts';
import { Callbacks } from './callbacks.ts';
import type { Invocation } from './ledger.ts';
import { Ledger } from './ledger.ts';
import { Meter } from './meter.ts';
import { isTooOld, mayBeOfStop, nextStep, refusalIn, tooOld, waitLeft } from './next-step.ts';
import { Keeping } from './keeping.ts';
import { STREAM } from './stream.ts';
import { Runner } from './runner.ts';
import type { Attempt, Bounds, KeptRequest, Outcome, ResultCall, Settings } from './words.ts';

/** Headers by which a function knows an invocation, and which attempt it is. */
export const ID_HEADER = 'Ebb-Invocation-Id';
export const ATTEMPT_HEADER = 'Ebb-Attempt';

export const BOUNDS: Bounds = {
  waiting: 100_000,
  waitingBytes: 512 * 2 ** 20,
  kept: 200_000,
  keptMs: 24 * 3_600_000,
  keptBytes: 2 ** 30,
};

/** Invocations of all services that are under way at once, and the bytes of their requests. */
const AT_ONCE = 1000;
const BYTES_AT_ONCE = 96 * 2 ** 20;
const READ = { records: 1000, bytes: 4 * 2 ** 20 };
/** The wait after a write or read of the log that failed. */
const TROUBLE_MS = 1000;

export interface InvocationsPorts {
  readonly clock: Clock;
  /** Ids are made of it, and must not be guessed. */
  readonly random: Random;
  readonly log: EventLog;
  /** Carries a request out. Never rejects. */
  readonly send: (request: KeptRequest, signal: CancelSignal) => Promise<Outcome>;
  /** Sends a result. Never rejects. */
  readonly post: (call: ResultCall, signal: CancelSignal) => Promise<Outcome>;
  readonly logger: Logger;
  /** Without one nothing is measured. */
  readonly metrics?: Metrics | undefined;
  readonly bounds?: Partial<Bounds> | undefined;
}

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

export class Invocations {
  readonly #ports: InvocationsPorts;
  readonly #bounds: Bounds;
  readonly #ledger: Ledger;
  readonly #runner: Runner<Invocation>;
  readonly #callbacks: Callbacks;
  readonly #keeping: Keeping;
  readonly #meter: Meter;
  readonly #over = new AbortController();
  /** Requests with a key that are being written. */
  readonly #keysComing = new Map<string, Promise<unknown>>();
  readonly #listeners = new Map<string, Set<() => void>>();
  readonly #opened: Promise<void>;
  #isResting = false;
  /** What is being written, against the bounds. */
  #coming = { count: 0, bytes: 0 };

  constructor(ports: InvocationsPorts) {
    const { clock, log, logger, metrics } = ports;
    this.#ports = ports;
    this.#bounds = { ...BOUNDS, ...ports.bounds };
    this.#ledger = new Ledger(clock);
    this.#runner = new Runner({
      clock,
      atOnce: AT_ONCE,
      bytesAtOnce: BYTES_AT_ONCE,
      berthOf: ({ service, settings, bytes }) => ({ lane: service, parallelism: settings.parallelism, bytes }),
      work: (invocation, signal) => this.#work(invocation, signal),
    });
    this.#callbacks = new Callbacks({
      clock,
      post: ports.post,
      read: (invocation) => this.finished(invocation),
      write: (entry) => this.#write(entry),
      onTrouble: (message, fields) => logger.warn(message, fields),
    });
    this.#meter = new Meter(metrics, () => this.#ledger.open.count);
    this.#keeping = new Keeping({
      clock,
      log,
      bounds: this.#bounds,
      ledger: this.#ledger,
      move: (invocation) => this.#move(invocation),
      onTrouble: (message, fields) => logger.warn(message, fields),
    });
    this.#opened = this.#open();
    this.#opened.catch((error: unknown) => {
      if (!this.#over.signal.aborted)
        logger.error('the invocations that are kept cannot be read, so none are taken', { error: messageOf(error) });
    });
  }

  /** Resolves once it is known what an earlier run left; rejects where that cannot be read. */
  get opened(): Promise<void> {
    return this.#opened;
  }

  /** Begins to carry out what waits: routes are known. */
  begin(): void {
    this.#isResting = false;
    this.#opened.then(
      () => {
        if (this.#isResting) return;
        this.#runner.start();
        this.#callbacks.start();
      },
      () => undefined,
    );
  }

  /** Begins nothing until it is to begin again; what fails meanwhile was no attempt. */
  rest(): void {
    this.#isResting = true;
    this.#runner.rest();
    this.#callbacks.rest();
  }

  /** Puts a request onto the log. One that came before with the same key is the same invocation. */
  async accept(order: Order): Promise<Taken> {
    try {
      await this.#opened;
      return await (order.key === undefined ? this.#keep(order, undefined) : this.#keepOnce(order, order.key));
    } catch (error) {
      if (error instanceof LogFullError) return { refusal: BY_BOUND[error.bound] };
      if (!(error instanceof LogClosedError))
        this.#ports.logger.error('a request could not be kept', { error: messageOf(error) });
      return { refusal: 'async-unavailable', detail: messageOf(error) };
    }
  }

  /** An invocation of a service. */
  find(service: string, id: string): Invocation | undefined {
    const found = this.#ledger.get(id);
    return found?.service === service ? found : undefined;
  }

  /** How it ended, and the body of its last answer. Undefined where it was forgotten meanwhile. */
  async finished({
    endedAt,
  }: Invocation): Promise<{ readonly entry: Finished; readonly body: Uint8Array } | undefined> {
    if (endedAt === undefined) return undefined;
    const found = await this.#read(endedAt);
    return found?.entry.kind === 'finished' ? { entry: found.entry, body: found.body } : undefined;
  }

  /** Ends it, and breaks off what is under way. False where it is over already, or just about to be. */
  async cancel(invocation: Invocation): Promise<boolean> {
    if (invocation.isEnding || isOver(invocation)) return false;
    this.#runner.remove(invocation, new Error('the invocation was cancelled'));
    await this.#finish(invocation, { ending: 'cancelled' });
    return true;
  }

  /** Resolves once it is over, or after so long, or once the signal is aborted. */
  async overWithin(invocation: Invocation, ms: number, signal: AbortSignal): Promise<void> {
    if (isOver(invocation) || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const listeners = this.#listeners.get(invocation.id) ?? new Set();
      this.#listeners.set(invocation.id, listeners);
      const stop = () => {
        timer.cancel();
        signal.removeEventListener('abort', stop);
        listeners.delete(stop);
        if (listeners.size === 0) this.#listeners.delete(invocation.id);
        resolve();
      };
      const timer = this.#ports.clock.after(ms, stop);
      signal.addEventListener('abort', stop, { once: true });
      listeners.add(stop);
    });
  }

  /** Begins nothing more, lets what is under way finish for `graceMs`, and leaves the rest to the next run. */
  async close(graceMs: number): Promise<void> {
    this.rest();
    const stop = () => this.#over.abort(new LogClosedError('the platform stops'));
    // What cannot be written, as on a full disk, is not waited for any longer.
    const late = this.#ports.clock.after(graceMs, stop);
    await Promise.all([this.#runner.close(graceMs), this.#callbacks.close(graceMs)]);
    late.cancel();
    stop();
    await this.#keeping.close();
    for (const listeners of this.#listeners.values()) for (const stop of listeners) stop();
  }

  async #open(): Promise<void> {
    const { log } = this.#ports;
    for (let at = 0; !this.#over.signal.aborted; ) {
      const records = await log.read(STREAM, at, READ);
      for (const { offset, payload } of records) {
        this.#ledger.apply(decodeEntry(payload).entry, offset, payload.length);
        at = offset + 1;
      }
      if (records.length === 0) break;
    }
    const now = this.#ports.clock.now();
    for (const invocation of this.#ledger.opened()) {
      if (isOver(invocation)) this.#callbacks.add(invocation);
      else this.#runner.add(invocation, waitLeft(invocation, now));
    }
    this.#keeping.begin();
  }

  /** Requests with one key come one after the other, so that one of them alone is kept. */
  async #keepOnce(order: Order, key: string): Promise<Taken> {
    const name = `${order.service}\n${key}`;
    const digest = digestOf(order.request);
    for (let coming; (coming = this.#keysComing.get(name)); ) await coming;
    const known = this.#ledger.byKey(order.service, key);
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
    const { clock, random } = this.#ports;
    const { body, ...head } = request;
    const id = randomId(random);
    const entry: Accepted = { kind: 'accepted', id, service, at: clock.now(), request: head, settings, keyed };
    const payload = encodeEntry(entry, body);
    if (!this.#hasRoomFor(payload.length)) return { refusal: 'async-full' };
    this.#coming.count++;
    this.#coming.bytes += payload.length;
    try {
      const invocation = await this.#append(entry, payload);
      if (!invocation) return { refusal: 'async-unavailable' };
      this.#meter.accepted(service);
      this.#runner.add(invocation);
      return { invocation, isReplayed: false };
    } finally {
      this.#coming.count--;
      this.#coming.bytes -= payload.length;
    }
  }

  #hasRoomFor(bytes: number): boolean {
    const { count, bytes: waiting } = this.#ledger.open;
    const { waiting: most, waitingBytes } = this.#bounds;
    return count + this.#coming.count < most && waiting + this.#coming.bytes + bytes <= waitingBytes;
  }

  /** One attempt. Gives after how long the next one is. */
  async #work(invocation: Invocation, signal: AbortSignal): Promise<number | undefined> {
    if (invocation.isEnding) return undefined;
    try {
      return await this.#attempt(invocation, signal);
    } catch (error) {
      if (this.#over.signal.aborted) return undefined;
      this.#ports.logger.warn('an invocation failed in the platform itself and is tried again', {
        error: messageOf(error),
        invocation: invocation.id,
      });
      invocation.state = 'queued';
      return TROUBLE_MS;
    }
  }

  async #attempt(invocation: Invocation, signal: AbortSignal): Promise<number | undefined> {
    const { clock } = this.#ports;
    const { settings, acceptedMs } = invocation;
    if (isTooOld(settings, clock.monotonic() - acceptedMs)) {
      await this.#finish(invocation, tooOld(settings.maxAgeMs));
      return undefined;
    }
    const [startedAt, began] = [clock.now(), clock.monotonic()];
    invocation.state = 'running';
    invocation.startedAt = startedAt;
    const outcome = await this.#send(invocation, signal);
    if (invocation.isEnding) return undefined;
    // Broken off because the platform stops: it is carried out anew by the next run.
    if (signal.aborted || !outcome) {
      invocation.state = 'queued';
      return undefined;
    }
    // Its function was stopped under it, for all one knows.
    if (this.#isResting && mayBeOfStop(outcome)) {
      invocation.state = 'queued';
      return TROUBLE_MS;
    }
    const attempt = attemptOf(outcome, startedAt, clock.monotonic() - began);
    const now = clock.now();
    const ageMs = clock.monotonic() - acceptedMs;
    const attempts = invocation.attempts.length + 1;
    const step = nextStep({ settings, ageMs, now, attempts, outcome });
    if (step.kind === 'over') {
      await this.#finish(invocation, step, attempt, outcome);
      return undefined;
    }
    await this.#write({ kind: 'tried', id: invocation.id, attempt, nextAt: now + step.ms });
    if (invocation.isEnding) return undefined;
    invocation.state = 'queued';
    return step.ms;
  }

  /** Undefined where the request is not on the log any more. */
  async #send(invocation: Invocation, signal: AbortSignal): Promise<Outcome | undefined> {
    const found = await this.#read(invocation.offset);
    if (found?.entry.kind !== 'accepted' || signal.aborted) return undefined;
    const { request } = found.entry;
    const headers = [
      ...request.headers,
      ID_HEADER,
      invocation.id,
      ATTEMPT_HEADER,
      String(invocation.attempts.length + 1),
    ];
    return within(this.#ports.clock, invocation.settings.timeoutMs, signal, (late) =>
      this.#ports.send({ ...request, headers, body: found.body }, late),
    );
  }

  async #finish(
    invocation: Invocation,
    step: { readonly ending: Finished['ending']; readonly why?: string },
    attempt?: Attempt,
    outcome?: Outcome,
  ): Promise<void> {
    invocation.isEnding = true;
    const { id, acceptedAt, method, path, door, settings } = invocation;
    const answer = outcome && 'status' in outcome ? outcome : undefined;
    const { callback: url, callbacks } = settings;
    const entry: Finished = {
      kind: 'finished',
      id,
      ending: step.ending,
      acceptedAt,
      at: this.#ports.clock.now(),
      method,
      path,
      attempts: attempt ? [...invocation.attempts, attempt] : invocation.attempts,
      why: step.why,
      answer: answer && { status: answer.status, headers: answer.headers },
      ...(url === undefined || step.ending === 'cancelled' ? {} : { callback: { url, door, callbacks } }),
    };
    await this.#write(entry, answer?.body);
    this.#meter.finished(invocation, step.ending, this.#ports.clock.monotonic());
    for (const stop of this.#listeners.get(id) ?? []) stop();
    if (invocation.callback) this.#callbacks.add(invocation);
    this.#keeping.trimSoon();
  }

  /** Its acceptance once more, at the end of the log, so that what lies before it can go. */
  async #move(invocation: Invocation): Promise<void> {
    const found = await this.#read(invocation.offset);
    if (found?.entry.kind !== 'accepted' || isOver(invocation) || invocation.isEnding) return;
    const { attempts, nextAt } = invocation;
    const entry: Accepted = { ...found.entry, attempts, nextAt };
    await this.#append(entry, encodeEntry(entry, found.body));
  }

  /** Tries until it is written: what was done must be known after a crash, and a full disk passes. */
  async #write(entry: Entry, body?: Uint8Array): Promise<void> {
    const payload = encodeEntry(entry, body);
    for (;;) {
      try {
        await this.#append(entry, payload);
        return;
      } catch (error) {
        if (error instanceof LogClosedError) throw error;
        this.#ports.logger.warn('what became of an invocation could not be written and is tried again', {
          error: messageOf(error),
          invocation: entry.id,
        });
        await sleep(this.#ports.clock, TROUBLE_MS, this.#over.signal);
      }
    }
  }

  async #append(entry: Entry, payload: Uint8Array): Promise<Invocation | undefined> {
    const offset = await this.#ports.log.append(STREAM, { payload });
    return this.#ledger.apply(entry, offset, payload.length);
  }

  /** Undefined where the log does not have it any more. */
  async #read(offset: number): Promise<ReturnType<typeof decodeEntry> | undefined> {
    const [record] = await this.#ports.log.read(STREAM, offset, { records: 1, bytes: 1 });
    return record?.offset === offset ? decodeEntry(record.payload) : undefined;
  }
}

const BY_BOUND = { disk: 'async-disk-full', stream: 'async-full', waiting: 'async-busy' } as const;

export function isOver({ endedAt }: Invocation): boolean {
  return endedAt !== undefined;
}

/** What two requests with one key must have in common. */
function digestOf({ method, target, body }: KeptRequest): string {
  return createHash('sha256').update(`${method} ${target}\n`).update(body).digest('base64');
}

function attemptOf(outcome: Outcome, startedAt: number, tookMs: number): Attempt {
  const took = { startedAt, tookMs: Math.round(tookMs) };
  if (!('status' in outcome)) return { ...took, error: outcome.error };
  const refusal = refusalIn(outcome.headers);
  return { ...took, status: outcome.status, ...(refusal === undefined ? {} : { refusal }) };
}
