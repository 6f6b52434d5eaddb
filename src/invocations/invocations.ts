// Asynchronous invocations: accepted onto the log, carried out through the gateway, kept for a while. What there is follows from the
// records alone, so that nothing is lost with the process.

import type { CancelSignal, Clock, Random } from '#base/mod.ts';
import { messageOf } from '#base/mod.ts';
import type { EventLog } from '#events/mod.ts';
import { LogClosedError, LogFullError } from '#events/mod.ts';
import type { Logger, Metrics } from '#telemetry/mod.ts';
import type { End } from './attempts.ts';
import { Attempts } from './attempts.ts';
import { Callbacks } from './callbacks.ts';
import { Ends } from './ends.ts';
import type { Finished } from './entry.ts';
import type { Order, Taken } from './intake.ts';
import { Intake } from './intake.ts';
import { Keeping } from './keeping.ts';
import type { Invocation } from './ledger.ts';
import { isOver, Ledger } from './ledger.ts';
import { Meter } from './meter.ts';
import { waitLeft } from './next-step.ts';
import type { Found } from './records.ts';
import { Records } from './records.ts';
import { Runner } from './runner.ts';
import type { Bounds, KeptRequest, Outcome, ResultCall } from './words.ts';

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

export class Invocations {
  readonly #ports: InvocationsPorts;
  readonly #ledger: Ledger;
  readonly #records: Records;
  readonly #intake: Intake;
  readonly #runner: Runner<Invocation>;
  readonly #callbacks: Callbacks;
  readonly #keeping: Keeping;
  readonly #meter: Meter;
  readonly #ends: Ends;
  readonly #over = new AbortController();
  readonly #opened: Promise<void>;
  #isResting = false;

  constructor(ports: InvocationsPorts) {
    const { clock, random, log, send, post, logger, metrics } = ports;
    const ledger = new Ledger(clock);
    const over = this.#over.signal;
    const bounds = { ...BOUNDS, ...ports.bounds };
    const onTrouble = (message: string, fields: Record<string, unknown>) => logger.warn(message, fields);
    const records = new Records({ clock, log, ledger, logger, over });
    const attempts = new Attempts({
      clock,
      records,
      send,
      finish: (invocation, end) => this.#finish(invocation, end),
      isResting: () => this.#isResting,
      logger,
      over,
    });
    this.#ports = ports;
    this.#ledger = ledger;
    this.#records = records;
    this.#ends = new Ends(clock);
    this.#meter = new Meter(metrics, () => ledger.open.count);
    this.#intake = new Intake({
      clock,
      random,
      bounds,
      ledger,
      records,
      onKept: (invocation) => {
        this.#meter.accepted(invocation.service);
        this.#runner.add(invocation);
      },
    });
    this.#runner = new Runner({
      clock,
      atOnce: AT_ONCE,
      bytesAtOnce: BYTES_AT_ONCE,
      berthOf: ({ service, settings, bytes }) => ({ lane: service, parallelism: settings.parallelism, bytes }),
      work: (invocation, signal) => attempts.work(invocation, signal),
    });
    this.#callbacks = new Callbacks({
      clock,
      post,
      read: (invocation) => records.finished(invocation),
      write: (entry) => records.write(entry),
      onTrouble,
    });
    this.#keeping = new Keeping({
      clock,
      log,
      bounds,
      ledger,
      move: (invocation) => records.move(invocation),
      onTrouble,
    });
    this.#opened = this.#open();
    this.#opened.catch((error: unknown) => {
      if (!over.aborted)
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
      return await this.#intake.take(order);
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
  finished(invocation: Invocation): Promise<Found<Finished> | undefined> {
    return this.#records.finished(invocation);
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
    await this.#ends.within(invocation.id, ms, signal);
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
    this.#ends.close();
  }

  async #open(): Promise<void> {
    await this.#records.restore();
    const now = this.#ports.clock.now();
    for (const invocation of this.#ledger.opened()) {
      if (isOver(invocation)) this.#callbacks.add(invocation);
      else this.#runner.add(invocation, waitLeft(invocation, now));
    }
    this.#keeping.begin();
  }

  async #finish(invocation: Invocation, end: End): Promise<void> {
    invocation.isEnding = true;
    const { clock } = this.#ports;
    await this.#records.write(finishedOf(invocation, end, clock.now()), answerOf(end)?.body);
    this.#meter.finished(invocation, end.ending, clock.monotonic());
    this.#ends.come(invocation.id);
    if (invocation.callback) this.#callbacks.add(invocation);
    this.#keeping.trimSoon();
  }
}

const BY_BOUND = { disk: 'async-disk-full', stream: 'async-full', waiting: 'async-busy' } as const;

/** The record of an end. */
function finishedOf(invocation: Invocation, end: End, at: number): Finished {
  const { id, acceptedAt, method, path, door, settings } = invocation;
  const { ending, why, attempt } = end;
  const { callback: url, callbacks } = settings;
  const answer = answerOf(end);
  return {
    kind: 'finished',
    id,
    ending,
    acceptedAt,
    at,
    method,
    path,
    attempts: attempt ? [...invocation.attempts, attempt] : invocation.attempts,
    why,
    answer: answer && { status: answer.status, headers: answer.headers },
    ...(url === undefined || ending === 'cancelled' ? {} : { callback: { url, door, callbacks } }),
  };
}

function answerOf({ outcome }: End) {
  return outcome && 'status' in outcome ? outcome : undefined;
}
