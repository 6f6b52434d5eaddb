// The event log on NATS JetStream: a JetStream stream for each stream, whose sequence numbers are the offsets and one, and one more
// stream with the marks, a message for each stream, replaced whole. Needs nats-server 2.9 or newer.
//
// What it does not promise: records of one `appendAll` are published one after another, so where there is room for some of them
// only, those are kept. And a server says that it has a record before its disk does, unless it runs with `sync_interval: always`
// or keeps three replicas.

import { createHash } from 'node:crypto';
import type { Clock, Random } from '#base/mod.ts';
import { invariant, systemRandom, uuid } from '#base/mod.ts';
import { applyMarks, encodeMarks } from '../disk/format.ts';
import { Listeners } from '../listeners.ts';
import type { EventLog, LogRecord, MarkChanges, Marks, NewRecord, ReadLimit, StreamBounds } from '../log.ts';
import { LogClosedError } from '../log.ts';
import { JetStreamApi } from './api.ts';
import type { StreamConfig, StreamInfo } from './api.ts';
import { NatsConnection } from './connection.ts';
import type { NatsMessage } from './protocol.ts';

export interface JetStreamLogOptions {
  /** `nats://[user:password@|token@]host[:port]`, or `tls://…`. */
  readonly url: string;
  readonly clock: Clock;
  readonly caCerts?: string;
  /** What the names of streams and subjects begin with; letters, digits, `-` and `_`. `ebb` unless told. */
  readonly prefix?: string;
  /** How many servers keep each stream; one unless told. */
  readonly replicas?: number;
  /** The most that one stream may take. Unbounded unless told. */
  readonly maxStreamBytes?: number | undefined;
  readonly random?: Random;
}

/** Connects to a server. Rejects where none answers, or JetStream is not enabled there. */
export async function openJetStreamLog(options: JetStreamLogOptions): Promise<EventLog> {
  const connection = await NatsConnection.open(options, `_INBOX.${uuid(options.random ?? systemRandom)}`);
  try {
    return await JetStreamLog.open(connection, options);
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** What is known of a stream: this process alone writes it. */
interface Known {
  readonly created: string;
  /** Sequence numbers. */
  first: number;
  next: number;
}

const KEY_HEADER = 'Ebb-Key';
const SEQUENCE_HEADER = 'Nats-Sequence';
const TIME_HEADER = 'Nats-Time-Stamp';
/** Marks belong to the stream that was made at this time, not to a later one of its name. */
const CREATED_HEADER = 'Ebb-Stream-Created';

/** How many messages are asked for at once. */
const READ_AHEAD = 64;

class JetStreamLog implements EventLog {
  readonly #connection: NatsConnection;
  readonly #api: JetStreamApi;
  readonly #prefix: string;
  readonly #replicas: number;
  readonly #maxStreamBytes: number;
  readonly #listeners = new Listeners();
  readonly #known = new Map<string, Promise<Known | undefined>>();
  readonly #making = new Map<string, Promise<Known>>();
  readonly #underWay = new Set<Promise<unknown>>();
  /** By stream, the end of the line of those that change marks or make and drop it. */
  readonly #lines = new Map<string, Promise<unknown>>();
  #isOpen = true;

  private constructor(
    connection: NatsConnection,
    { prefix = 'ebb', replicas = 1, maxStreamBytes }: JetStreamLogOptions,
  ) {
    this.#connection = connection;
    this.#api = new JetStreamApi(connection);
    this.#prefix = prefix;
    this.#replicas = replicas;
    this.#maxStreamBytes = maxStreamBytes ?? -1;
  }

  static async open(connection: NatsConnection, options: JetStreamLogOptions): Promise<JetStreamLog> {
    const log = new JetStreamLog(connection, options);
    if (!(await log.#api.info(log.#marksStream))) await log.#api.create(log.#marksConfig());
    return log;
  }

  async append(stream: string, record: NewRecord): Promise<number> {
    return this.appendAll(stream, [record]);
  }

  async appendAll(stream: string, records: readonly NewRecord[]): Promise<number> {
    this.#demandOpen();
    invariant(records.length > 0, 'an append has a record');
    const copies = records.map(({ key, payload }) => ({ key, payload: Uint8Array.from(payload) }));
    return this.#tracked(this.#publish(stream, copies));
  }

  async #publish(stream: string, records: readonly NewRecord[]): Promise<number> {
    const known = await this.#made(stream);
    try {
      const sequences = await Promise.all(
        records.map(({ key, payload }) => {
          const headers = key === undefined ? [] : ([[KEY_HEADER, encodeURIComponent(key)]] as const);
          return this.#api.publish(this.#subject(stream), payload, headers);
        }),
      );
      known.next = Math.max(known.next, ...sequences.map((sequence) => sequence + 1));
      this.#listeners.tell(stream);
      return (sequences[0] ?? 0) - 1;
    } catch (error) {
      await this.#learn(stream, known).catch(() => undefined);
      throw error;
    }
  }

  async read(stream: string, from: number, limit: ReadLimit): Promise<readonly LogRecord[]> {
    this.#demandOpen();
    const known = await this.#find(stream);
    const records: LogRecord[] = [];
    if (!known) return records;
    let bytes = 0;
    for (let sequence = Math.max(from + 1, known.first); sequence < known.next && records.length < limit.records; ) {
      const count = Math.min(READ_AHEAD, known.next - sequence, limit.records - records.length);
      for (const record of await this.#messages(stream, sequence, count)) {
        bytes += record.payload.length + (record.key === undefined ? 0 : Buffer.byteLength(record.key));
        if (records.length > 0 && bytes > limit.bytes) return records;
        records.push(record);
      }
      sequence += count;
    }
    return records;
  }

  /** Those that were trimmed meanwhile are left out. */
  async #messages(stream: string, sequence: number, count: number): Promise<LogRecord[]> {
    const name = this.#streamName(stream);
    const asked = Array.from({ length: count }, (_, n) => this.#api.message(name, { seq: sequence + n }));
    return (await Promise.all(asked)).flatMap((message) => (message ? [recordOf(message)] : []));
  }

  async bounds(stream: string): Promise<StreamBounds> {
    this.#demandOpen();
    const known = await this.#find(stream);
    const info = known && (await this.#api.info(this.#streamName(stream)));
    if (!known || !info) return { first: 0, next: 0, bytes: 0 };
    return { first: known.first - 1, next: known.next - 1, bytes: info.state.bytes };
  }

  async offsetAt(stream: string, time: number): Promise<number> {
    this.#demandOpen();
    const known = await this.#find(stream);
    if (!known) return 0;
    let low = known.first;
    let high = known.next;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const [record] = await this.#messages(stream, middle, 1);
      if (record && record.appendedAt >= time) high = middle;
      else low = middle + 1;
    }
    return low - 1;
  }

  /** By the records' usual size, for the server does not tell where which byte lies. */
  async offsetWithin(stream: string, bytes: number): Promise<number> {
    const { first, next, bytes: all } = await this.bounds(stream);
    if (bytes >= all) return first;
    return Math.max(first, next - Math.floor((bytes / all) * (next - first)));
  }

  onAppended(stream: string, run: () => void): () => void {
    return this.#listeners.add(stream, run);
  }

  async trim(stream: string, before: number): Promise<void> {
    this.#demandOpen();
    const known = await this.#find(stream);
    const sequence = known && Math.min(before + 1, known.next);
    if (!known || sequence === undefined || sequence <= known.first) return;
    await this.#tracked(this.#api.purge(this.#streamName(stream), { seq: sequence }));
    known.first = Math.max(known.first, sequence);
  }

  async drop(stream: string): Promise<void> {
    this.#demandOpen();
    const before = [...this.#underWay];
    const dropped = this.#inLine(stream, async () => {
      await Promise.allSettled(before);
      await this.#api.remove(this.#streamName(stream));
      await this.#api.purge(this.#marksStream, { filter: this.#marksSubject(stream) });
    });
    const gone = dropped.then(() => undefined);
    this.#known.set(stream, gone);
    gone.catch(() => this.#known.delete(stream));
    await dropped;
  }

  async saveMarks(stream: string, changes: MarkChanges): Promise<void> {
    this.#demandOpen();
    const copy = new Map([...changes].map(([name, value]) => [name, value && Uint8Array.from(value)]));
    await this.#inLine(stream, async () => {
      const { created } = await this.#made(stream);
      const marks = await this.#marksOf(stream, created);
      for (const [name, value] of copy) {
        if (value === undefined) marks.delete(name);
        else marks.set(name, value);
      }
      await this.#api.publish(this.#marksSubject(stream), encodeMarks(marks), [[CREATED_HEADER, created]]);
    });
  }

  async loadMarks(stream: string): Promise<Marks> {
    this.#demandOpen();
    const known = await this.#find(stream);
    return known ? this.#marksOf(stream, known.created) : new Map();
  }

  async #marksOf(stream: string, created: string): Promise<Map<string, Uint8Array>> {
    const marks = new Map<string, Uint8Array>();
    const message = await this.#api.message(this.#marksStream, { last_by_subj: this.#marksSubject(stream) });
    if (message && message.headers.get(CREATED_HEADER) === created) applyMarks(message.payload, marks);
    return marks;
  }

  async streams(): Promise<readonly string[]> {
    this.#demandOpen();
    const found = await this.#api.list(`${this.#prefix}.log.*`);
    return found.map(({ config }) => JSON.parse(config.description ?? '""') as string);
  }

  async close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    await Promise.allSettled(this.#underWay);
    this.#connection.close();
  }

  /** After a failure some records may have been kept all the same. Others may be on their way, so what is known never falls. */
  async #learn(stream: string, known: Known): Promise<void> {
    const info = await this.#api.info(this.#streamName(stream));
    if (info) known.next = Math.max(known.next, info.state.last_seq + 1);
  }

  /** The stream, made where it is not there; by one, however many ask. */
  async #made(stream: string): Promise<Known> {
    const known = await this.#find(stream);
    if (known) return known;
    let making = this.#making.get(stream);
    if (!making) {
      making = this.#make(stream);
      this.#making.set(stream, making);
      this.#known.set(stream, making);
      const forget = () => this.#making.delete(stream);
      making.then(forget, () => {
        forget();
        this.#known.delete(stream);
      });
    }
    const made = await making;
    return made;
  }

  async #make(stream: string): Promise<Known> {
    return knownOf(await this.#api.create(this.#config(stream)));
  }

  #find(stream: string): Promise<Known | undefined> {
    const known = this.#known.get(stream);
    if (known) return known;
    const found = this.#look(stream);
    this.#known.set(stream, found);
    found.catch(() => this.#known.delete(stream));
    return found;
  }

  async #look(stream: string): Promise<Known | undefined> {
    const info = await this.#api.info(this.#streamName(stream));
    if (!info) return undefined;
    const config = this.#config(stream);
    if (info.config.max_bytes !== config.max_bytes)
      await this.#api.update({ ...info.config, max_bytes: config.max_bytes });
    return knownOf(info);
  }

  /** One after another, for each stream. */
  #inLine<T>(stream: string, act: () => Promise<T>): Promise<T> {
    const before = this.#lines.get(stream) ?? Promise.resolve();
    const result = before.then(act, act);
    this.#lines.set(stream, result);
    return this.#tracked(result);
  }

  #tracked<T>(work: Promise<T>): Promise<T> {
    this.#underWay.add(work);
    const over = () => this.#underWay.delete(work);
    work.then(over, over);
    return work;
  }

  get #marksStream(): string {
    return `${this.#prefix}-marks`;
  }

  #streamName(stream: string): string {
    return `${this.#prefix}-log-${digestOf(stream)}`;
  }

  #subject(stream: string): string {
    return `${this.#prefix}.log.${digestOf(stream)}`;
  }

  #marksSubject(stream: string): string {
    return `${this.#prefix}.marks.${digestOf(stream)}`;
  }

  #config(stream: string): StreamConfig {
    return {
      ...this.#common(),
      name: this.#streamName(stream),
      description: JSON.stringify(stream),
      subjects: [this.#subject(stream)],
      discard: 'new',
      max_bytes: this.#maxStreamBytes,
      max_msgs_per_subject: -1,
    };
  }

  #marksConfig(): StreamConfig {
    const name = this.#marksStream;
    return {
      ...this.#common(),
      name,
      subjects: [`${this.#prefix}.marks.*`],
      discard: 'old',
      max_bytes: -1,
      max_msgs_per_subject: 1,
    };
  }

  #common() {
    return { storage: 'file', retention: 'limits', num_replicas: this.#replicas, allow_direct: true } as const;
  }

  #demandOpen(): void {
    if (!this.#isOpen) throw new LogClosedError();
  }
}

function knownOf({ created, state }: StreamInfo): Known {
  return { created, first: Math.max(1, state.first_seq), next: state.last_seq + 1 };
}

function recordOf({ headers, payload }: NatsMessage): LogRecord {
  const key = headers.get(KEY_HEADER);
  return {
    offset: Number(headers.get(SEQUENCE_HEADER)) - 1,
    appendedAt: Date.parse(headers.get(TIME_HEADER) ?? ''),
    key: key === undefined ? undefined : decodeURIComponent(key),
    payload: Uint8Array.from(payload),
  };
}

/** JetStream allows fewer letters in names than Ebb does. */
function digestOf(stream: string): string {
  return createHash('sha256').update(stream).digest('hex').slice(0, 32);
}
