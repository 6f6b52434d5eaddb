// One stream's dispatch: a reader at its head for all consumers that keep up, and for each that does not a reader of its own.

import { messageOf } from '#base/mod.ts';
import type { Consumer, ConsumerStatus, StreamRule, StreamStatus } from '../control.ts';
import type { LogRecord, NewRecord } from '../log/log.ts';
import { JOURNAL_RETENTION } from '../journal/journal.ts';
import type { ConsumerPorts } from './consumer-run.ts';
import { ConsumerRun } from './consumer-run.ts';
import { Letter } from './letter.ts';
import type { ConsumerMark } from './marks.ts';
import { consumerOf, decodeConsumer, decodeHead, HEAD_MARK } from './marks.ts';
import type { DeliveryPorts, Sorter } from './ports.ts';
import { Progress } from './progress.ts';

const READ = { records: 256, bytes: 1024 * 1024 };

/** What is read for one consumer at least: a read costs about the same for one record. */
const MIN_READ = 32;

type Kind = Consumer['kind'];
const KINDS: readonly Kind[] = ['trigger', 'subscription'];

/** Reads a stream and gives its events to its consumers. */
export class StreamRun {
  readonly key: string;
  readonly #ports: DeliveryPorts;
  readonly #consumers = new Map<string, ConsumerRun>();
  /** Those that read on by themselves, or are not done with something. */
  readonly #busy = new Set<string>();
  readonly #progress: Progress;
  readonly #sorters: Readonly<Record<Kind, Sorter<string>>>;
  readonly #attached: Readonly<Record<Kind, Set<string>>> = { trigger: new Set(), subscription: new Set() };
  /** Those that are being read for; true: and that have asked again since. */
  readonly #catchingUp = new Map<string, boolean>();
  #rule: StreamRule = { addresses: [], consumers: {} };
  /** Consumers that are attached have looked at everything before it. */
  #position = 0;
  /** The oldest offset that somebody may still need, as the marks have it. */
  #low = 0;
  /** One above the newest record that is known of. */
  #next = 0;
  #waitingBytes = 0;
  #isReading = false;
  #isClosed = false;
  #stopListening: () => void = () => {};

  constructor(key: string, ports: DeliveryPorts) {
    this.key = key;
    this.#ports = ports;
    this.#sorters = { trigger: ports.filtering.sorter(), subscription: ports.filtering.sorter() };
    this.#progress = new Progress(key, ports, {
      position: () => this.#position,
      lowest: () => this.#lowest(),
      mark: (id) => this.#consumers.get(id)?.mark(),
      retention: () => this.#rule.retention ?? (this.#rule.journal ? JOURNAL_RETENTION : undefined),
      onNoted: (low) => this.#lowIs(low),
    });
  }

  get rule(): StreamRule {
    return this.#rule;
  }

  /** Finds what an earlier run left, and begins. Consumers that the rule does not have are forgotten. */
  async open(rule: StreamRule): Promise<void> {
    const { log } = this.#ports;
    const [marks, { first, next }] = await Promise.all([log.loadMarks(this.key), log.bounds(this.key)]);
    const head = marks.get(HEAD_MARK);
    this.#position = head ? decodeHead(head) : next;
    this.#next = next;
    this.#low = Math.max(first, this.#position);
    this.#rule = { ...rule, consumers: {} };
    for (const [mark, bytes] of marks) {
      const id = consumerOf(mark);
      const consumer = id === undefined ? undefined : rule.consumers[id];
      if (id === undefined) continue;
      if (consumer) this.#admit(id, consumer, decodeConsumer(bytes));
      else this.#progress.forget(id);
    }
    this.#low = Math.max(first, this.#lowest());
    this.#progress.found(this.#low);
    this.#stopListening = log.onAppended(this.key, () => void this.#readHead());
    await this.change(rule);
    void this.#readHead();
  }

  /** Resolves once new consumers would begin where they should after a crash, too. */
  async change(rule: StreamRule): Promise<void> {
    this.#rule = rule;
    for (const id of this.#consumers.keys()) if (!rule.consumers[id]) this.#dismiss(id);
    const added: string[] = [];
    for (const [id, consumer] of Object.entries(rule.consumers)) {
      const known = this.#consumers.get(id);
      if (known) this.#reform(id, known, consumer);
      else added.push(id);
    }
    for (const id of added) await this.#begin(id, rule.consumers[id] as Consumer);
    await this.#progress.commit();
    for (const id of this.#consumers.keys()) this.#catchUp(id);
    this.#progress.trimSoon();
  }

  /** Whether fewer events wait than may. */
  get hasRoom(): boolean {
    const { records = Infinity, bytes = Infinity } = this.#rule.maxBacklog ?? {};
    if (records === Infinity && bytes === Infinity) return true;
    return this.#next - this.#low < records && this.#waitingBytes < bytes;
  }

  async append(record: NewRecord): Promise<number> {
    const offset = await this.#ports.log.append(this.key, record);
    if (offset >= this.#next) this.#next = offset + 1;
    this.#waitingBytes += record.payload.length;
    return offset;
  }

  /** Consumers that are not done with an event. */
  underWayAt(offset: number): string[] {
    return [...this.#busy].filter((id) => this.#consumers.get(id)?.isAt(offset));
  }

  async status(): Promise<StreamStatus> {
    const { first, next } = await this.#ports.log.bounds(this.key);
    const consumers: Record<string, ConsumerStatus> = {};
    for (const [id, run] of this.#consumers)
      consumers[id] = { position: run.cursor ?? this.#position, unfinished: run.unfinished };
    return { key: this.key, first, next, consumers };
  }

  /** Reads nothing more, lets what is under way finish for `graceMs`, and keeps the rest for the next run. */
  async close(graceMs: number): Promise<void> {
    this.#isClosed = true;
    this.#stopListening();
    this.#progress.stop();
    const { clock } = this.#ports;
    const runs = [...this.#consumers.values()];
    await new Promise<void>((resolve) => {
      const timer = clock.after(graceMs, resolve);
      void Promise.all(runs.map((run) => run.rest())).then(() => {
        timer.cancel();
        resolve();
      });
    });
    for (const run of runs) run.stop();
    await this.#progress.commit();
  }

  /** Ends at once, and forgets everything. */
  async drop(): Promise<void> {
    this.#isClosed = true;
    this.#stopListening();
    this.#progress.stop();
    for (const run of this.#consumers.values()) run.stop();
    await this.#ports.log.drop(this.key);
  }

  #admit(id: string, consumer: Consumer, mark: ConsumerMark): ConsumerRun {
    const ports: ConsumerPorts = {
      ...this.#ports,
      stream: this.key,
      id,
      onChange: () => this.#noteChange(id),
      onRoom: () => this.#catchUp(id),
    };
    const run = new ConsumerRun(consumer, mark, ports);
    this.#consumers.set(id, run);
    if (run.cursor === undefined) this.#seat(id, run);
    if (run.cursor !== undefined || run.unfinished > 0) this.#busy.add(id);
    run.pump();
    return run;
  }

  async #begin(id: string, consumer: Consumer): Promise<void> {
    const cursor = await this.#startOf(consumer);
    // A change that came meanwhile took it out again, or let it begin.
    if (this.#rule.consumers[id] !== consumer || this.#consumers.has(id)) return;
    this.#admit(id, consumer, { cursor, unfinished: [] });
    this.#progress.change(id);
  }

  async #startOf({ start = 'latest' }: Consumer): Promise<number> {
    const { log } = this.#ports;
    const { first, next } = await log.bounds(this.key);
    if (start === 'latest') return next;
    if (start === 'earliest') return first;
    if ('time' in start) return log.offsetAt(this.key, start.time);
    return Math.max(first, Math.min(next, start.offset));
  }

  #reform(id: string, run: ConsumerRun, consumer: Consumer): void {
    if (run.rule === consumer) return;
    const isSeated = run.cursor === undefined;
    if (isSeated) this.#unseat(id, run);
    run.change(consumer);
    if (isSeated && consumer.paused) run.cursor = this.#position;
    else if (isSeated) this.#seat(id, run);
    this.#noteChange(id);
  }

  #dismiss(id: string): void {
    const run = this.#consumers.get(id);
    if (!run) return;
    run.stop();
    this.#consumers.delete(id);
    this.#busy.delete(id);
    this.#unseat(id, run);
    this.#progress.forget(id);
    this.#progress.commitSoon();
  }

  #seat(id: string, { rule: { kind, filters } }: ConsumerRun): void {
    this.#attached[kind].add(id);
    this.#sorters[kind].set(id, filters);
  }

  #unseat(id: string, { rule: { kind } }: ConsumerRun): void {
    if (this.#attached[kind].delete(id)) this.#sorters[kind].delete(id);
  }

  get #isAttended(): boolean {
    return this.#attached.trigger.size > 0 || this.#attached.subscription.size > 0;
  }

  #noteChange(id: string): void {
    const run = this.#consumers.get(id);
    if (!run) return;
    if (run.cursor !== undefined || run.unfinished > 0) this.#busy.add(id);
    else this.#busy.delete(id);
    this.#progress.change(id);
    this.#progress.commitSoon();
  }

  /** Reads what has come for all that are attached. One at a time; what comes while it reads is read on. */
  async #readHead(): Promise<void> {
    if (this.#isReading || this.#isClosed) return;
    this.#isReading = true;
    try {
      while (!this.#isClosed && (await this.#readPiece())) continue;
    } catch (error) {
      this.#failed('reading a stream failed and is tried again', error, () => void this.#readHead());
    } finally {
      this.#isReading = false;
    }
  }

  async #readPiece(): Promise<boolean> {
    const { log } = this.#ports;
    if (!this.#isAttended) return this.#skip();
    const records = await log.read(this.key, this.#position, READ);
    for (const record of records) this.#handOut(record);
    if (records.length === 0) return false;
    this.#progress.commitSoon();
    this.#joinIn();
    return true;
  }

  /** Nobody reads here: what has come is for those who read by themselves. */
  async #skip(): Promise<boolean> {
    const { next } = await this.#ports.log.bounds(this.key);
    if (this.#isAttended) return true;
    if (next > this.#position) {
      this.#position = next;
      this.#progress.commitSoon();
    }
    this.#joinIn();
    return this.#isAttended;
  }

  #handOut(record: LogRecord): void {
    this.#position = record.offset + 1;
    if (record.offset >= this.#next) this.#next = record.offset + 1;
    const letter = new Letter(record);
    for (const kind of KINDS)
      if (this.#attached[kind].size > 0)
        for (const id of this.#sorters[kind].matching(letter.seenBy(kind))) this.#give(id, letter);
  }

  #give(id: string, letter: Letter): void {
    const run = this.#consumers.get(id);
    if (!run) return;
    if (run.hasRoom(letter.bytes)) return run.offer(letter);
    // It does not keep up: from here it reads by itself.
    this.#unseat(id, run);
    run.cursor = letter.offset;
    this.#noteChange(id);
    run.pump();
  }

  /** Those that read by themselves and have come as far as the head. */
  #joinIn(): void {
    for (const id of this.#busy) {
      const run = this.#consumers.get(id);
      if (run?.cursor !== undefined) this.#catchUp(id);
    }
  }

  /** Lets a consumer that is behind read on, as far as it has room. */
  #catchUp(id: string): void {
    const run = this.#consumers.get(id);
    if (run?.cursor === undefined || this.#isClosed) return;
    if (this.#catchingUp.has(id)) return void this.#catchingUp.set(id, true);
    if (run.isPaused || this.#join(id, run) || run.cursor > this.#position || run.appetite === 0) return;
    this.#catchingUp.set(id, false);
    this.#readFor(id, run).then(
      (hasMoved) => this.#caughtUp(id, hasMoved),
      (error: unknown) => {
        this.#caughtUp(id, false);
        this.#failed('reading for a consumer failed and is tried again', error, () => this.#catchUp(id));
      },
    );
  }

  /** One that could not take anything is called again once it has room. */
  #caughtUp(id: string, hasMoved: boolean): void {
    const isAsked = this.#catchingUp.get(id) === true;
    this.#catchingUp.delete(id);
    if (hasMoved || isAsked) this.#catchUp(id);
  }

  async #readFor(id: string, run: ConsumerRun): Promise<boolean> {
    const { cursor, appetite } = run;
    if (cursor === undefined) return false;
    const records = await this.#ports.log.read(this.key, cursor, { ...READ, records: Math.max(MIN_READ, appetite) });
    if (this.#isClosed || this.#consumers.get(id) !== run || run.cursor !== cursor) return false;
    // Nothing is left there, or what is comes only now: the head will have it.
    if (records.length === 0) run.cursor = Math.max(cursor, this.#position);
    for (const record of records) if (!this.#giveBehind(run, record)) break;
    this.#noteChange(id);
    return run.cursor !== cursor;
  }

  /** False where there was no room for it. */
  #giveBehind(run: ConsumerRun, record: LogRecord): boolean {
    const letter = new Letter(record);
    if (run.sieve.matches(letter.seenBy(run.rule.kind))) {
      if (!run.hasRoom(letter.bytes)) return false;
      run.offer(letter);
    }
    run.cursor = record.offset + 1;
    return true;
  }

  #join(id: string, run: ConsumerRun): boolean {
    if (run.cursor !== this.#position) return false;
    run.cursor = undefined;
    this.#seat(id, run);
    this.#noteChange(id);
    void this.#readHead();
    return true;
  }

  #lowest(): number {
    let low = this.#position;
    for (const id of this.#busy) {
      const run = this.#consumers.get(id);
      low = Math.min(low, run?.cursor ?? low, run?.oldest ?? low);
    }
    return low;
  }

  /** What waits shrinks in the measure of the events that are done. */
  #lowIs(low: number): void {
    const waited = this.#next - this.#low;
    const waits = this.#next - low;
    if (waited > 0) this.#waitingBytes *= Math.max(0, Math.min(1, waits / waited));
    this.#low = low;
  }

  #failed(message: string, error: unknown, again: () => void): void {
    if (this.#isClosed) return;
    this.#ports.onTrouble(message, { stream: this.key, error: messageOf(error) });
    this.#ports.clock.after(AGAIN_MS, again);
  }
}

const AGAIN_MS = 1000;
