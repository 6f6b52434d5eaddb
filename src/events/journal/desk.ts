// Questions and orders about events that came: what is kept is read, what was noted is laid beside it.

import { invariant } from '#base/mod.ts';
import { encodeRecord } from '../codec/record.ts';
import type { Consumer } from '../control.ts';
import { ConsumerRun } from '../deliver/consumer-run.ts';
import { Letter } from '../deliver/letter.ts';
import type { Attempt, DeliveryPorts } from '../deliver/ports.ts';
import type { StreamRun } from '../deliver/stream-run.ts';
import type { AttributeValue, CloudEvent } from '../event.ts';
import { withAttributes } from '../event.ts';
import type { CompiledFilter } from '../filter/compile.ts';
import { compileFilters } from '../filter/compile.ts';
import type { Verdict } from '../filter/verdict.ts';
import type { LogRecord } from '../log/log.ts';
import { fatesOf } from './fates.ts';
import type { Journal } from './journal.ts';
import { Replays } from './replays.ts';
import { newest, oldest } from './search.ts';
import type {
  EventPage,
  EventQuery,
  EventRow,
  EventStory,
  JournalControl,
  Point,
  RedriveOrder,
  RedriveResult,
  ReplayOrder,
  ReplayStatus,
} from './words.ts';

const USUAL_LIMIT = 100;
const MAX_LIMIT = 1000;
const READ = { records: 1000, bytes: 4 * 1024 * 1024 };
/** A note may be stamped a little before the event it is about, where clocks are set back. */
const SLACK_MS = 60_000;

export interface DeskPorts {
  readonly deliveries: DeliveryPorts;
  readonly journal: Journal;
  readonly stream: (key: string) => StreamRun | undefined;
}

export class JournalDesk implements JournalControl {
  readonly #ports: DeskPorts;
  readonly #replays: Replays;

  constructor(ports: DeskPorts) {
    this.#ports = ports;
    this.#replays = new Replays(ports.deliveries);
  }

  /** A stream is served from here on. */
  async open(stream: string): Promise<void> {
    await this.#replays.resume(stream);
  }

  /** A stream is no more. */
  drop(stream: string): void {
    this.#replays.drop(stream);
  }

  async events(query: EventQuery): Promise<EventPage> {
    const { log } = this.#ports.deliveries;
    const { stream } = query;
    const run = this.#stream(stream);
    const { first, next } = await log.bounds(stream);
    const from = query.from ? await this.#offsetOf(stream, query.from) : first;
    const until = query.until ? await this.#offsetOf(stream, query.until) : next;
    const sieve = compileFilters(query.filters ?? []);
    const search = query.newest ? newest : oldest;
    const span = { from: Math.max(first, from), until: Math.min(next, until) };
    const found = await search(span, Math.min(MAX_LIMIT, query.limit ?? USUAL_LIMIT), {
      read: (at) => log.read(stream, at, READ),
      pick: (records) => this.#rows(run, records, query, sieve),
    });
    return { events: found.rows, ...(found.next === undefined ? {} : { next: found.next }) };
  }

  async event(stream: string, offset: number): Promise<EventStory | undefined> {
    const run = this.#stream(stream);
    const record = await this.#record(stream, offset);
    if (!record) return undefined;
    const letter = new Letter(record);
    const attempts = (await this.#attemptsAt(stream, [record])).get(offset) ?? [];
    const verdicts: Record<string, Verdict> = {};
    for (const [id, { kind, filters }] of Object.entries(run.rule.consumers))
      verdicts[id] = compileFilters(filters).explain(letter.seenBy(kind));
    const { data } = letter.event;
    return {
      ...rowOf(record, letter, fatesOf(attempts, run.underWayAt(offset))),
      headers: letter.headers,
      ...(data ? { data: Buffer.from(data).toString('base64') } : {}),
      verdicts,
      attempts,
    };
  }

  async replay(order: ReplayOrder): Promise<string> {
    this.#stream(order.stream);
    const { log } = this.#ports.deliveries;
    const { first, next } = await log.bounds(order.stream);
    const from = order.from ? await this.#offsetOf(order.stream, order.from) : first;
    const until = order.until ? await this.#offsetOf(order.stream, order.until) : next;
    return this.#replays.begin(order, { from, until });
  }

  async replays(): Promise<readonly ReplayStatus[]> {
    return this.#replays.statuses;
  }

  async redrive(order: RedriveOrder): Promise<RedriveResult> {
    const consumer = this.#stream(order.stream).rule.consumers[order.consumer];
    if (!consumer) throw new Error(`the stream ${order.stream} has no consumer ${order.consumer}`);
    const record = await this.#record(order.stream, order.offset);
    if (!record) throw new Error(`event ${order.offset} of ${order.stream} is not kept any more`);
    return this.#sendOnce(order, consumer, changed(record, order));
  }

  /** Sends nothing more; the next process goes on with what was ordered. */
  close(): Promise<void> {
    return this.#replays.close();
  }

  /** To the subscriber alone: whoever orders it sees at once how it went, and may order it again. */
  async #sendOnce(order: RedriveOrder, consumer: Consumer, letter: Letter): Promise<RedriveResult> {
    const { deadLetter: _, ...rule } = consumer;
    let last: Attempt | undefined;
    return new Promise((resolve) => {
      const run = new ConsumerRun(
        { ...rule, delivery: { ...rule.delivery, retry: 0 }, paused: false },
        { cursor: 0, unfinished: [] },
        {
          ...this.#ports.deliveries,
          stream: order.stream,
          id: order.consumer,
          onChange() {},
          onRoom() {},
          onAttempt: (attempt) => {
            last = attempt;
            this.#ports.deliveries.onAttempt?.({ ...attempt, isRedrive: true });
          },
          onEnd: (end) =>
            resolve({
              end,
              ...(last?.status === undefined ? {} : { status: last.status }),
              ...(last?.error === undefined ? {} : { error: last.error }),
              ...(last?.reason === undefined ? {} : { reason: last.reason }),
            }),
        },
      );
      run.offer(letter);
    });
  }

  async #rows(
    run: StreamRun,
    records: readonly LogRecord[],
    query: EventQuery,
    sieve: CompiledFilter,
  ): Promise<EventRow[]> {
    const letters = records.map((record) => ({ record, letter: new Letter(record) }));
    const passing = letters.filter(({ letter }) => sieve.matches(letter.event));
    if (passing.length === 0) return [];
    const attempts = await this.#attemptsAt(
      query.stream,
      passing.map(({ record }) => record),
    );
    return passing
      .map(({ record, letter }) => {
        const { offset } = record;
        return rowOf(record, letter, fatesOf(attempts.get(offset) ?? [], run.underWayAt(offset)));
      })
      .filter((row) => isWanted(row, query));
  }

  #stream(key: string): StreamRun {
    const run = this.#ports.stream(key);
    if (!run) throw new Error(`there is no stream ${key}`);
    return run;
  }

  async #record(stream: string, offset: number): Promise<LogRecord | undefined> {
    const [record] = await this.#ports.deliveries.log.read(stream, offset, { records: 1, bytes: 1 });
    return record?.offset === offset ? record : undefined;
  }

  async #attemptsAt(stream: string, records: readonly LogRecord[]): Promise<Map<number, Attempt[]>> {
    const [oldest] = records;
    invariant(oldest !== undefined, 'there is a record to ask about');
    const offsets = new Set(records.map(({ offset }) => offset));
    const since = oldest.appendedAt - SLACK_MS;
    const found = new Map<number, Attempt[]>();
    for (const attempt of await this.#ports.journal.read(stream, since, ({ offset }) => offsets.has(offset))) {
      const there = found.get(attempt.offset);
      if (there) there.push(attempt);
      else found.set(attempt.offset, [attempt]);
    }
    return found;
  }

  #offsetOf(stream: string, point: Point): Promise<number> {
    return 'offset' in point ? Promise.resolve(point.offset) : this.#ports.deliveries.log.offsetAt(stream, point.time);
  }
}

function isWanted({ fates }: EventRow, { state, consumer }: EventQuery): boolean {
  const asked = consumer === undefined ? Object.values(fates) : [fates[consumer]].filter((fate) => fate !== undefined);
  if (state !== undefined) return asked.some((fate) => fate.state === state);
  return consumer === undefined || asked.length > 0;
}

function rowOf(record: LogRecord, letter: Letter, fates: EventRow['fates']): EventRow {
  return {
    offset: record.offset,
    at: record.appendedAt,
    attributes: Object.fromEntries(letter.event.attributes) as Record<string, AttributeValue>,
    bytes: record.payload.length,
    fates,
  };
}

function changed(record: LogRecord, { attributes = {}, data }: RedriveOrder): Letter {
  const { event, headers } = new Letter(record);
  const changes = Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, value ?? undefined]));
  const edited: CloudEvent = {
    ...withAttributes(event, changes),
    data: data === undefined ? event.data : Buffer.from(data, 'base64'),
  };
  return new Letter({ ...record, payload: encodeRecord({ event: edited, headers }) });
}
