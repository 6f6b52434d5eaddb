// What was acknowledged and what was delivered, and whether the one follows from the other.

import type { Clock } from '#base/mod.ts';
import type { Role } from './cast.ts';
import { REPLY_TYPE } from './cast.ts';

export interface Sent {
  readonly id: string;
  readonly type: string;
  /** The producer, whose events are of one key, in the order of their numbers. */
  readonly key: string;
  readonly number: number;
  /** Virtual milliseconds. */
  readonly at: number;
  outcome: 'under way' | 'acknowledged' | 'refused' | 'unknown';
}

/** One delivery that ended well, as the data plane heard it. */
interface Settled {
  readonly at: number;
  readonly life: number;
}

interface Crash {
  readonly life: number;
  readonly at: number;
  /** When the last commit was begun that was durable. */
  readonly committedAt: number;
}

export class EventLedger {
  readonly sent = new Map<string, Sent>();
  readonly breaches: string[] = [];
  readonly #clock: Clock;
  /** By consumer, then event. A dead letter counts as a delivery of the consumer whose it is. */
  readonly #settled = new Map<string, Map<string, Settled[]>>();
  /** From when a consumer is owed what is sent. */
  readonly #owedFrom = new Map<string, number>();
  readonly #highest = new Map<string, number>();
  readonly #underWay = new Map<string, Set<string>>();
  readonly #crashes: Crash[] = [];
  deliveries = 0;
  duplicates = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  begins(consumer: string): void {
    this.#owedFrom.set(consumer, this.#clock.monotonic());
  }

  crashed(life: number, committedAt: number): void {
    this.#crashes.push({ life, at: this.#clock.monotonic(), committedAt });
    for (const sent of this.sent.values()) if (sent.outcome === 'under way') sent.outcome = 'unknown';
    this.#underWay.clear();
  }

  /** A request went out to a subscriber. */
  begun(consumer: string, { consumer: { order = 'unordered' } }: Role, id: string): void {
    if (order === 'unordered') return;
    const sent = this.sent.get(id);
    const lane = order === 'key' ? `${consumer} ${sent?.key}` : consumer;
    const others = this.#underWay.get(lane) ?? new Set();
    this.#underWay.set(lane, others.add(id));
    if (others.size > 1) this.breach(`${consumer}: ${[...others].join(' and ')} are under way at once`);
    if (!sent) return;
    const waiting = [...this.sent.values()].find(
      (other) =>
        other.key === sent.key &&
        other.number < sent.number &&
        other.outcome === 'acknowledged' &&
        this.#isOwed(consumer, other) &&
        !this.#isDone(consumer, other.id),
    );
    // What the consumer does not want is never done.
    if (waiting && this.#wants(consumer, waiting)) this.breach(`${consumer}: ${id} overtakes ${waiting.id}`);
  }

  readonly #roles = new Map<string, Role>();

  plays(consumer: string, role: Role): void {
    this.#roles.set(consumer, role);
  }

  ended(consumer: string, { consumer: { order = 'unordered' } }: Role, id: string): void {
    if (order === 'unordered') return;
    const lane = order === 'key' ? `${consumer} ${this.sent.get(id)?.key}` : consumer;
    this.#underWay.get(lane)?.delete(id);
  }

  /** The data plane heard that the consumer, or its dead letter sink, has the event. */
  settled(consumer: string, id: string, life: number): void {
    this.deliveries++;
    const at = this.#clock.monotonic();
    const events = this.#settled.get(consumer) ?? new Map<string, Settled[]>();
    this.#settled.set(consumer, events);
    const before = events.get(id) ?? [];
    // A reply comes as often as it was given, and whoever gave it is asked again as long as it could not be kept.
    const mayRepeat = id.includes('/') || consumer === 'replying';
    for (const earlier of mayRepeat ? [] : before) this.#judgeTwice(consumer, id, earlier, { at, life });
    if (before.length === 0) this.#judgeOrder(consumer, id);
    events.set(id, [...before, { at, life }]);
  }

  /** Everything has come to rest. */
  judge(): void {
    for (const [consumer, role] of this.#roles) {
      for (const sent of this.sent.values()) {
        if (sent.outcome !== 'acknowledged' || !role.types.includes(sent.type)) continue;
        if (this.#isOwed(consumer, sent) && !this.#isDone(consumer, sent.id))
          this.breach(`${consumer}: ${sent.id} was acknowledged at ${sent.at} and never delivered`);
      }
      for (const id of this.#settled.get(consumer)?.keys() ?? [])
        if (!this.#isItsOwn(role, id)) this.breach(`${consumer}: ${id} is none of its events`);
    }
    this.#judgeReplies();
  }

  breach(text: string): void {
    if (this.breaches.length < 20) this.breaches.push(`${this.#clock.monotonic()} ${text}`);
  }

  /** What was replied to a delivery that is settled is on the log, and so its audience has it. */
  #judgeReplies(): void {
    if (!this.#roles.has('audience')) return;
    const from = Math.max(this.#owedFrom.get('audience') ?? 0, this.#owedFrom.get('replying') ?? 0);
    for (const [id, [first]] of this.#settled.get('replying') ?? [])
      if (
        first &&
        first.at > from &&
        (this.sent.get(id)?.at ?? 0) > from &&
        !this.#isDone('audience', `${id}/${REPLY_TYPE}`)
      )
        this.breach(`audience: the reply to ${id} was never delivered`);
  }

  /** Twice is once too often, unless a crash took back that it was done. */
  #judgeTwice(consumer: string, id: string, first: Settled, again: Settled): void {
    this.duplicates++;
    const isExcused = this.#crashes.some(
      ({ life, committedAt }) => life >= first.life && life < again.life && committedAt <= first.at,
    );
    if (!isExcused) this.breach(`${consumer}: ${id} was delivered at ${first.at}, noted, and delivered again`);
  }

  #judgeOrder(consumer: string, id: string): void {
    const sent = this.sent.get(id);
    const order = this.#roles.get(consumer)?.consumer.order ?? 'unordered';
    if (!sent || order === 'unordered') return;
    const lane = `${consumer} ${sent.key}`;
    const highest = this.#highest.get(lane) ?? -1;
    if (sent.number < highest) this.breach(`${consumer}: ${id} came after number ${highest} of its key`);
    this.#highest.set(lane, Math.max(highest, sent.number));
  }

  #wants(consumer: string, { type }: Sent): boolean {
    return this.#roles.get(consumer)?.types.includes(type) ?? false;
  }

  #isOwed(consumer: string, { at }: Sent): boolean {
    return at > (this.#owedFrom.get(consumer) ?? Infinity);
  }

  #isDone(consumer: string, id: string): boolean {
    return this.#settled.get(consumer)?.has(id) ?? false;
  }

  #isItsOwn({ types }: Role, id: string): boolean {
    const [original = '', reply] = id.split('/');
    return types.includes(reply ?? this.sent.get(original)?.type ?? '');
  }
}
