// What producers were told and what subscribers took, kept by someone who shares nothing with the platform, and whether the one
// follows from the other.

import type { Role } from './cast.ts';
import { REPLY_TYPE, ROLES, rolesOf } from './cast.ts';

/** An event that a producer sent. Those of one producer have one key, in the order of their numbers. */
export interface Sent {
  readonly key: string;
  readonly number: number;
  readonly type: string;
  /** `unanswered`: nobody knows whether it was kept. */
  /** Wall time in milliseconds, and the life of the data process in which it was sent. */
  readonly at: number;
  readonly life: number;
  outcome: 'under way' | 'acknowledged' | 'refused' | 'unanswered';
}

/** A life of the data process, from its start to the kill that ended it. */
export interface Ending {
  /** Wall time of the last durable commit of what was done. */
  readonly committedAt: number;
  /** Whether that commit said that a role is done with an event. */
  readonly isDone: (role: string, id: string) => boolean;
}

interface Taken {
  readonly at: number;
  readonly life: number;
}

/**
 * An answer on its way when a commit begins may be heard after it. On a busy machine that takes longer; how long, producers see:
 * what is older than this, and than some of the slowest answers that they got in the same life, the platform has heard.
 */
const HEARD_MS = 2000;
const SLOWEST_ANSWERS = 3;
/** Sentences that are kept of each kind. */
const MOST_TOLD = 20;

/** `now` is wall time in milliseconds. */
export class Ledger {
  readonly sent = new Map<string, Sent>();
  readonly overtaken: string[] = [];
  readonly repeatedWrongly: string[] = [];
  /** Deliveries that were taken, and how many of them by a dead letter sink. */
  taken = 0;
  buried = 0;
  /** Deliveries that were taken once more after a kill. */
  repeated = 0;
  /** How long before the kill the oldest of them was taken first. */
  oldestRepeatedMs = 0;
  replies = 0;
  readonly #now: () => number;
  /** How the lives ended, by their numbers from 0. */
  readonly #endings: (Ending & { readonly at: number })[] = [];
  /** By role, then event. */
  readonly #taken = new Map<string, Map<string, Taken>>(ROLES.map(({ name }) => [name, new Map()]));
  /** Acknowledged and not taken, by role and key, where order is kept. */
  readonly #owed = new Map<string, Map<string, number>>();
  readonly #highest = new Map<string, number>();
  /** Requests of ordered roles that have no answer yet, by life, role and key. */
  readonly #underWay = new Map<string, Map<string, number>>();
  /** How long the slowest answer to a producer took, by life. */
  readonly #slowest = new Map<number, number>();
  /** Replies that were given, so that whoever is to get them is known. */
  readonly #replied = new Set<string>();

  constructor(now: () => number) {
    this.#now = now;
  }

  get wrong(): readonly string[] {
    return [...this.overtaken, ...this.repeatedWrongly];
  }

  /** The life of the data process that runs now. */
  get life(): number {
    return this.#endings.length;
  }

  /** The data process was killed, and no new one runs yet. */
  killed(at: number, ending: Ending): void {
    this.#endings.push({ ...ending, at });
  }

  send(id: string, event: Pick<Sent, 'key' | 'number' | 'type'>): void {
    this.sent.set(id, { ...event, at: this.#now(), life: this.life, outcome: 'under way' });
  }

  answered(id: string, outcome: Sent['outcome']): void {
    const event = this.sent.get(id);
    if (!event) return;
    event.outcome = outcome;
    const took = this.#now() - event.at;
    if (took > (this.#slowest.get(event.life) ?? 0)) this.#slowest.set(event.life, took);
    if (outcome !== 'acknowledged') return;
    for (const role of rolesOf(event.type))
      if (role.order && !this.#takenBy(role.name).has(id)) this.#owedIn(role, event.key).set(id, event.number);
  }

  /** A request reached a subscriber, on a connection of this life. Gives what is to be called once it has its answer. */
  begin(role: Role, id: string, life: number): () => void {
    const before = this.#takenBy(role.name).get(id);
    if (before) this.#judgeRepeated(role, id, before, life);
    const event = this.sent.get(id);
    if (!role.order || !event) return () => {};
    const { key, number } = event;
    if (!before) this.#judgeOrder(role, id, event);
    const lane = `${life} ${laneOf(role, key)}`;
    const others = this.#underWay.get(lane) ?? new Map<string, number>();
    this.#underWay.set(lane, others);
    const [other] = [...others.keys()].filter((one) => one !== id);
    if (other !== undefined) this.#note(this.overtaken, `${role.name}: ${id} was sent while ${other} was under way`);
    others.set(id, number);
    return () => others.delete(id);
  }

  /** A subscriber, or the dead letter sink of a role, took an event, and its answer went out. */
  take(role: Role, id: string, life: number, where: 'take' | 'bury'): void {
    this.taken++;
    if (where === 'bury') this.buried++;
    const events = this.#takenBy(role.name);
    const before = events.get(id);
    if (before && before.life !== life) this.#countRepeated(before);
    if (!before || before.life !== life) events.set(id, { at: this.#now(), life });
    const event = this.sent.get(id);
    if (event && role.order) this.#owedIn(role, event.key).delete(id);
  }

  /** A subscriber gave a reply, and the answer went out. Until the broker has it, whoever gave it is asked again. */
  replied(id: string): void {
    if (!this.#replied.has(id)) this.replies++;
    this.#replied.add(id);
  }

  /** Acknowledged events, and replies to those that are done with, that a role has not taken. */
  missing(): string[] {
    const missing: string[] = [];
    const demand = (id: string, type: string) => {
      for (const { name } of rolesOf(type)) if (!this.#takenBy(name).has(id)) missing.push(`${name} never got ${id}`);
    };
    for (const [id, { type, outcome }] of this.sent) if (outcome === 'acknowledged') demand(id, type);
    for (const id of this.#replied) demand(replyTo(id), REPLY_TYPE);
    return missing;
  }

  #takenBy(role: string): Map<string, Taken> {
    return this.#taken.get(role) as Map<string, Taken>;
  }

  #owedIn(role: Role, key: string): Map<string, number> {
    const name = `${role.name} ${key}`;
    const owed = this.#owed.get(name) ?? new Map<string, number>();
    this.#owed.set(name, owed);
    return owed;
  }

  #judgeOrder(role: Role, id: string, { key, number }: Sent): void {
    const earlier = [...this.#owedIn(role, key)].find(([, other]) => other < number);
    if (earlier) this.#note(this.overtaken, `${role.name}: ${id} was sent before ${earlier[0]} was taken`);
    const name = `${role.name} ${key}`;
    const highest = this.#highest.get(name) ?? -1;
    if (number < highest) this.#note(this.overtaken, `${role.name}: ${id} came after number ${highest} of its key`);
    this.#highest.set(name, Math.max(highest, number));
  }

  /** What was taken may only be sent again where no commit before a kill has that it was. */
  #judgeRepeated({ name, delivery }: Role, id: string, first: Taken, life: number): void {
    // A reply comes as often as it was given; and who waits no longer than a time may miss an answer.
    if (id !== originalOf(id) || delivery?.timeout !== undefined) return;
    const why = this.#excuseless(name, id, first, life);
    const when = `${Math.round(this.#now() - first.at)} ms later in life ${life}`;
    if (why) this.#note(this.repeatedWrongly, `${name} took ${id} in life ${first.life} and got it ${when}: ${why}`);
  }

  #excuseless(role: string, id: string, first: Taken, life: number): string | undefined {
    const last = this.#endings[life - 1];
    if (first.life >= life || !last) return 'no kill lies between';
    if (last.isDone(role, id)) return 'the log had it as done at the kill';
    const { committedAt = 0 } = this.#endings[first.life] ?? {};
    const noted = committedAt - first.at;
    const heard = Math.max(HEARD_MS, SLOWEST_ANSWERS * (this.#slowest.get(first.life) ?? 0));
    return noted > heard ? `what was done was committed ${Math.round(noted)} ms after it, before the kill` : undefined;
  }

  #countRepeated({ at, life }: Taken): void {
    this.repeated++;
    const killedAt = this.#endings[life]?.at ?? at;
    this.oldestRepeatedMs = Math.max(this.oldestRepeatedMs, killedAt - at);
  }

  #note(into: string[], text: string): void {
    if (into.length < MOST_TOLD) into.push(text);
  }
}

const laneOf = ({ name, order }: Role, key: string): string => (order === 'ordered' ? name : `${name} ${key}`);

const REPLY_MARK = '/reply';
export const replyTo = (id: string): string => `${id}${REPLY_MARK}`;
const originalOf = (id: string): string => (id.endsWith(REPLY_MARK) ? id.slice(0, -REPLY_MARK.length) : id);
