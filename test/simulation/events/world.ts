// A data plane of events over a disk that crashes, subscribers in virtual time, and producers that write down what they were told.

import type { CancelSignal, Random, VirtualClock } from '#base/mod.ts';
import { sleep } from '#base/mod.ts';
import type { Consumer, EventLog, Send, StreamRule } from '#events/mod.ts';
import { Events, filtering, httpCodec, openDiskLog } from '#events/mod.ts';
import { SimulatedDisk } from '#storage/mod.ts';
import { between, pick } from '../chance.ts';
import type { Trace } from '../trace.ts';
import type { Role } from './cast.ts';
import { BROKER_HOST, DEAD_URL, REPLY_TYPE, ROLES, urlOf } from './cast.ts';
import type { EventLedger } from './ledger.ts';
import { LifeClock } from '../life-clock.ts';

const STREAM = 'ns/b';
const SEGMENT_BYTES = 16 * 1024;

export interface WorldOptions {
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly ledger: EventLedger;
  readonly trace: Trace;
  /** Acknowledges what is not on the disk yet: a fault to be found. */
  readonly isHasty: boolean;
}

interface Life {
  readonly number: number;
  readonly events: Events;
  readonly clock: LifeClock;
  /** When the last commit was begun that became durable. */
  committedAt: number;
}

export class EventsWorld {
  readonly #options: WorldOptions;
  readonly #skew = { ms: 0 };
  readonly #consumers = new Map<string, Consumer>();
  /** From here on every subscriber takes what it gets. */
  isHealed = false;
  crashes = 0;
  #disk = new SimulatedDisk();
  #life: Life | undefined;
  #lives = 0;
  #gone = Promise.withResolvers<undefined>();

  constructor(options: WorldOptions) {
    this.#options = options;
  }

  /** Resolves at the next crash, as connections break. */
  get brokenOff(): Promise<undefined> {
    return this.#gone.promise;
  }

  /** Starts a data plane over what the disk has. */
  async begin(): Promise<void> {
    const { clock, trace } = this.#options;
    const number = ++this.#lives;
    const own = new LifeClock(clock, this.#skew);
    const log = await openDiskLog({ disk: this.#disk, clock: own, segmentBytes: SEGMENT_BYTES, salt: () => number });
    const life: Life = {
      number,
      clock: own,
      committedAt: -1,
      events: new Events({
        clock: own,
        log: this.#watched(log, () => life),
        codec: httpCodec,
        filtering,
        send: (request, signal) => this.#send(life, request, signal),
        logger: trace.log(),
        secret: () => '',
        brokerHosts: [BROKER_HOST],
      }),
    };
    this.#life = life;
    trace.note('', `life ${number} begins`);
    await this.#tell(life);
    life.events.told();
  }

  /** The power goes, or only the process. */
  crash(): void {
    const { random, ledger, trace } = this.#options;
    const life = this.#life;
    if (!life) return;
    this.crashes++;
    this.#life = undefined;
    this.#gone.resolve(undefined);
    this.#gone = Promise.withResolvers<undefined>();
    life.clock.end();
    this.#disk = random.next() < 0.3 ? this.#disk.abandon() : this.#disk.crash(random);
    ledger.crashed(life.number, life.committedAt);
    trace.note('', `life ${life.number} ends`);
  }

  async close(): Promise<void> {
    const life = this.#life;
    this.#life = undefined;
    await life?.events.close(1000);
    life?.clock.end();
  }

  /** Nothing fits on the disk beyond so many bytes; undefined: everything does again. */
  fill(bytes: number | undefined): void {
    this.#disk.capacity = bytes === undefined ? Number.POSITIVE_INFINITY : this.#disk.used + bytes;
  }

  /** What the wall shows jumps. */
  jump(ms: number): void {
    this.#skew.ms += ms;
    this.#options.trace.note('', `the wall clock jumps by ${ms}`);
  }

  /** A consumer comes, or changes. It is owed what is sent once this has resolved. */
  async set(name: string, more: Partial<Consumer> = {}): Promise<void> {
    const role = ROLES[name] as Role;
    const isNew = !this.#consumers.has(name);
    this.#consumers.set(name, { ...role.consumer, ...more });
    const life = this.#life;
    if (!life) return;
    await this.#tell(life);
    if (isNew && this.#life === life) {
      this.#options.ledger.plays(name, role);
      this.#options.ledger.begins(name);
    } else if (isNew) this.#consumers.delete(name);
  }

  /** One event; resolves with what the producer was told, undefined where the connection broke. */
  async post(id: string, type: string, key: string): Promise<number | undefined> {
    const life = this.#life;
    if (!life) return undefined;
    const headers = ['Ce-Specversion', '1.0', 'Ce-Id', id, 'Ce-Source', '/p', 'Ce-Type', type, 'Ce-Partitionkey', key];
    const opened = life.events.ingress.open({
      method: 'POST',
      host: BROKER_HOST,
      target: '/ns/b',
      scheme: 'http',
      headers,
    });
    if (opened?.kind !== 'take') return opened?.answer.status;
    const { status } = await opened.take(Buffer.from(`{"id":"${id}"}`));
    return this.#life === life ? status : undefined;
  }

  async unfinished(): Promise<number> {
    const all = (await this.#life?.events.status()) ?? [];
    return all
      .flatMap(({ consumers }) => Object.values(consumers))
      .reduce((sum, { unfinished }) => sum + unfinished, 0);
  }

  async kept(): Promise<number> {
    const [stream] = (await this.#life?.events.status()) ?? [];
    return stream ? stream.next - stream.first : 0;
  }

  #tell({ events }: Life): Promise<void> {
    const rule: StreamRule = {
      addresses: [{ hosts: [BROKER_HOST], path: '/ns/b', kind: 'broker', namespace: 'ns', name: 'b' }],
      consumers: Object.fromEntries(this.#consumers),
    };
    return events.setStream(STREAM, rule).catch((error: unknown) => {
      // A life that is over cannot be told anything.
      if (this.#life?.events === events) throw error;
    });
  }

  /** The log, whose commits are noted. */
  #watched(log: EventLog, life: () => Life): EventLog {
    const { clock, isHasty } = this.#options;
    let hasty = 0;
    return {
      append: async (stream, record) => {
        if (!isHasty) return log.append(stream, record);
        log.append(stream, record).catch(() => undefined);
        return hasty++;
      },
      appendAll: (stream, records) => log.appendAll(stream, records),
      read: (stream, from, limit) => log.read(stream, from, limit),
      bounds: (stream) => log.bounds(stream),
      offsetAt: (stream, time) => log.offsetAt(stream, time),
      offsetWithin: (stream, bytes) => log.offsetWithin(stream, bytes),
      onAppended: (stream, run) => log.onAppended(stream, run),
      trim: (stream, before) => log.trim(stream, before),
      drop: (stream) => log.drop(stream),
      saveMarks: async (stream, changes) => {
        const at = clock.monotonic();
        await log.saveMarks(stream, changes);
        life().committedAt = at;
      },
      loadMarks: (stream) => log.loadMarks(stream),
      streams: () => log.streams(),
      close: () => log.close(),
    };
  }

  async #send(life: Life, { url, headers, body }: Parameters<Send>[0], signal: CancelSignal) {
    const { ledger, random, clock, trace } = this.#options;
    const decoded = httpCodec.decode(headers, body);
    if (decoded.kind !== 'event' || this.#life !== life) throw new Error('the life is over');
    const id = String(decoded.event.attributes.get('id'));
    if (url.href === DEAD_URL) return this.#bury(life, id, String(decoded.event.attributes.get('knativeerrordest')));
    const name = Object.keys(ROLES).find((one) => urlOf(one) === url.href) ?? '';
    const role = ROLES[name] as Role;
    const { status, afterMs, hangs, replies } = this.isHealed
      ? { ...role.behave(random), status: 200, afterMs: 1, hangs: false }
      : role.behave(random);
    ledger.begun(name, role, id);
    trace.note(name, `gets ${id}: ${hangs ? 'hangs' : status}`);
    try {
      await (hangs
        ? new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
        : sleep(clock, afterMs, signal));
    } finally {
      if (this.#life === life) ledger.ended(name, role, id);
    }
    if (this.#life !== life) throw new Error('the life is over');
    const reply = replies ? replyTo(id) : [];
    if (status === 200) ledger.settled(name, id, life.number);
    return { status, headers: reply, body: Buffer.from(replies ? '{}' : '') };
  }

  #bury(life: Life, id: string, from: string) {
    const { ledger, random, trace } = this.#options;
    const name = Object.keys(ROLES).find((one) => urlOf(one) === from) ?? '';
    const isTaken = this.isHealed || random.next() < 0.7;
    trace.note(name, `dead letter ${id}: ${isTaken ? 'taken' : 'not taken'}`);
    if (isTaken) ledger.settled(name, id, life.number);
    return { status: isTaken ? 200 : 500, headers: [], body: new Uint8Array(0) };
  }
}

function replyTo(id: string): string[] {
  return ['Ce-Specversion', '1.0', 'Ce-Id', `${id}/${REPLY_TYPE}`, 'Ce-Source', '/r', 'Ce-Type', REPLY_TYPE];
}

/** Some of the roles; those that reply have an audience. */
export function castFor(random: Random): string[] {
  const all = Object.keys(ROLES);
  const names = new Set(Array.from({ length: between(random, 3, 9) }, () => pick(random, all)));
  if (names.has('replying')) names.add('audience');
  return [...names];
}
