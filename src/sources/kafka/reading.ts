// Reads topics as a member of a group and delivers what comes: each partition in order, or all side by side. An offset is committed
// once everything before it is delivered, or lies at the dead letter sink, or has been given up as its delivery says.

import type { Timer } from '#base/mod.ts';
import { backoffMs, messageOf, sleep } from '#base/mod.ts';
import type { Consumer, LoneEnd, LonePorts } from '#events/mod.ts';
import { deliverOne } from '#events/mod.ts';
import type {
  GroupMember,
  GroupOptions,
  Kafka,
  KafkaAccess,
  KafkaRecord,
  KafkaTrouble,
  Partition,
} from '#kafka/mod.ts';
import { KafkaError, partitionKey } from '#kafka/mod.ts';
import type { Logger } from '#telemetry/mod.ts';
import type { RecordSource } from './event.ts';
import { eventOf } from './event.ts';
import { PartitionRun } from './partition-run.ts';

/** What is read; one that differs is another membership. */
export interface ReadingOrder extends GroupOptions {
  readonly access: KafkaAccess;
}

/** Where it goes; it may change while reading goes on. */
export interface ReadingRoute {
  readonly consumer: Consumer;
  readonly source: RecordSource;
  readonly ordered: boolean;
}

export type ReadingState =
  | { readonly phase: 'connecting' }
  | { readonly phase: 'reading'; readonly partitions: number }
  | { readonly phase: 'failed'; readonly trouble: KafkaTrouble; readonly why: string };

export interface ReadingPorts extends LonePorts {
  readonly kafka: Kafka;
  readonly log: Logger;
  readonly onState: () => void;
}

/** Deliveries of a source that are under way at once. */
const PARALLELISM = 100;
/** Beyond this many records that wait, or bytes of them, no more of a partition are asked for. */
const WAITING_RECORDS = 500;
const WAITING_BYTES = 1024 * 1024;
/** Commits are gathered for so long. */
const COMMIT_MS = 100;
const RETRY = { firstMs: 500, maxMs: 30_000, factor: 2 };

export class Reading {
  readonly #ports: ReadingPorts;
  readonly #order: ReadingOrder;
  readonly #runs = new Map<string, PartitionRun>();
  readonly #end = new AbortController();
  #route: ReadingRoute;
  #state: ReadingState = { phase: 'connecting' };
  #member: GroupMember | undefined;
  #underWay = 0;
  #commitTimer: Timer | undefined;
  #failures = 0;
  #onIdle: (() => void) | undefined;
  #isClosing = false;
  readonly #running: Promise<void>;

  constructor(order: ReadingOrder, route: ReadingRoute, ports: ReadingPorts) {
    [this.#order, this.#route, this.#ports] = [order, route, ports];
    this.#running = this.#run();
  }

  get state(): ReadingState {
    return this.#state;
  }

  /** Of what comes from now on. */
  redirect(route: ReadingRoute): void {
    this.#route = route;
  }

  /** Lets what is under way finish for so long, commits, and leaves the group. */
  async close(graceMs: number): Promise<void> {
    this.#isClosing = true;
    if (this.#underWay > 0) {
      const idle = new Promise<void>((resolve) => (this.#onIdle = resolve));
      const timer = this.#ports.clock.after(graceMs, () => this.#onIdle?.());
      await idle;
      timer.cancel();
    }
    await this.#commit();
    for (const run of this.#runs.values()) run.drop();
    this.#end.abort(new Error('the source stops'));
    await this.#running;
  }

  /** Joins, again and again, until the end. */
  async #run(): Promise<void> {
    const { clock, log } = this.#ports;
    const { signal } = this.#end;
    while (!signal.aborted) {
      try {
        await this.#readOnce(signal);
      } catch (thrown) {
        const { trouble, message } = thrown instanceof KafkaError ? thrown : new KafkaError('other', messageOf(thrown));
        if (signal.aborted) break;
        this.#failures++;
        this.#tell({ phase: 'failed', trouble, why: message });
        log.warn('a KafkaSource does not read', { ...this.#name, error: message, attempts: this.#failures });
        await sleep(clock, backoffMs(RETRY, this.#failures), signal).catch(() => undefined);
      }
    }
  }

  /** One membership, from its beginning to its end. */
  async #readOnce(signal: AbortSignal): Promise<void> {
    const { access, ...options } = this.#order;
    const over = Promise.withResolvers<void>();
    over.promise.catch(() => undefined);
    const onAbort = () => over.resolve();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      const member = await this.#ports.kafka.join(access, options, {
        assigned: (partitions, kept) => this.#assigned(partitions, kept),
        records: (records) => this.#take(records),
        wants: (partition) => this.#wants(partition),
        ended: (why) => over.reject(why),
      });
      this.#member = member;
      if (!signal.aborted) await over.promise;
      if (signal.aborted) await member.close().catch(() => undefined);
    } finally {
      this.#member = undefined;
      signal.removeEventListener('abort', onAbort);
      this.#keepOnly(new Set());
    }
  }

  #assigned(partitions: readonly Partition[], kept: readonly Partition[]): void {
    this.#failures = 0;
    this.#keepOnly(new Set(kept.map(partitionKey)));
    for (const one of partitions)
      if (!this.#runs.has(partitionKey(one))) this.#runs.set(partitionKey(one), new PartitionRun(one));
    this.#tell({ phase: 'reading', partitions: partitions.length });
  }

  /** What is another's now is broken off: it begins behind what was committed. */
  #keepOnly(kept: ReadonlySet<string>): void {
    for (const [key, run] of this.#runs) {
      if (kept.has(key)) continue;
      run.drop();
      this.#runs.delete(key);
    }
  }

  #wants(partition: Partition): boolean {
    const run = this.#runs.get(partitionKey(partition));
    return !this.#isClosing && run !== undefined && run.waiting < WAITING_RECORDS && run.bytes < WAITING_BYTES;
  }

  #take(records: readonly KafkaRecord[]): void {
    for (const record of records) this.#runs.get(partitionKey(record))?.add(record);
    this.#pump();
  }

  /** A record of each partition in turn, as long as there is room. */
  #pump(): void {
    for (let isMore = !this.#isClosing; isMore; ) {
      isMore = false;
      for (const run of this.#runs.values()) {
        if (this.#underWay >= PARALLELISM) return;
        const record = run.take(this.#route.ordered);
        if (!record) continue;
        isMore = true;
        void this.#deliver(run, record);
      }
    }
  }

  async #deliver(run: PartitionRun, record: KafkaRecord): Promise<void> {
    this.#underWay++;
    const { consumer, source } = this.#route;
    const event = eventOf(record, source);
    const ended = await deliverOne(this.#ports, { event, consumer, signal: run.signal });
    this.#underWay--;
    if (ended.end !== 'broken-off') {
      this.#complain(record, ended);
      const wanted = this.#wants(run.partition);
      run.done(record);
      this.#commitSoon();
      if (!wanted && this.#wants(run.partition)) this.#member?.look();
    }
    if (this.#underWay === 0) this.#onIdle?.();
    this.#pump();
  }

  #complain({ topic, partition, offset }: KafkaRecord, { end, why = '' }: LoneEnd): void {
    if (end !== 'failed' && end !== 'lost') return;
    const place = { ...this.#name, topic, partition, offset };
    this.#ports.log.warn('an event of a KafkaSource was lost', { ...place, error: why });
  }

  #commitSoon(): void {
    this.#commitTimer ??= this.#ports.clock.after(COMMIT_MS, () => void this.#commit());
  }

  /** What fails is committed later, or delivered again by whoever reads on. */
  async #commit(): Promise<void> {
    this.#commitTimer?.cancel();
    this.#commitTimer = undefined;
    const runs = [...this.#runs.values()];
    const positions = runs.flatMap((run) => run.toCommit ?? []);
    if (!this.#member || positions.length === 0) return;
    try {
      await this.#member.commit(positions);
      for (const position of positions) this.#runs.get(partitionKey(position))?.committed(position.next);
    } catch (thrown) {
      this.#ports.log.warn('an offset was not committed', { ...this.#name, error: messageOf(thrown) });
      if (!this.#isClosing) this.#commitSoon();
    }
  }

  #tell(state: ReadingState): void {
    this.#state = state;
    this.#ports.onState();
  }

  get #name() {
    const { namespace, name } = this.#route.source;
    return { source: `${namespace}/${name}` };
  }
}
