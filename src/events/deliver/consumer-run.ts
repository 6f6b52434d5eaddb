// One consumer's deliveries: what it is not done with, what is under way, what waits for another try.

import type { Timer } from '#base/mod.ts';
import { Cancel, messageOf } from '#base/mod.ts';
import type { Consumer } from '../control.ts';
import { passThrough } from '../pass-through.ts';
import { Lanes } from './lanes.ts';
import { Letter } from './letter.ts';
import type { ConsumerMark, Unfinished } from './marks.ts';
import type { End, Stage, Step } from './next-step.ts';
import { destinationOf, firstStep, nextStep } from './next-step.ts';
import { outgoing } from './outgoing.ts';
import type { Attempt, DeliveryPorts, Sieve } from './ports.ts';
import { NotNowError } from './ports.ts';
import type { Answer, Verdict } from './verdict-of-answer.ts';
import { verdictOfAnswer, verdictOfReceipt } from './verdict-of-answer.ts';

/** Deliveries under way at once unless told. */
const PARALLELISM = 100;
/** Events in memory that are ready to be sent: enough that those under way never wait for a read. */
const MAX_READY = 256;
/** Events that a consumer is not done with, those that wait for another try included. Beyond, it reads no further. */
const MAX_UNFINISHED = 10_000;
/** An attempt that nobody bounds ends then, as no connection lives for ever. */
const LONGEST_ATTEMPT_MS = 600_000;

interface Task extends Unfinished {
  stage: Stage | undefined;
  /** In memory while it is ready or under way; read from the log again where it is not. */
  letter: Letter | undefined;
  timer: Timer | undefined;
}

export interface ConsumerPorts extends DeliveryPorts {
  readonly stream: string;
  readonly id: string;
  /** What is to be kept over a crash has changed. */
  readonly onChange: () => void;
  /** There is room for more. */
  readonly onRoom: () => void;
  readonly onEnd?: (end: End) => void;
}

/** Delivers what it is offered, at least once. */
export class ConsumerRun {
  /** Where it reads on by itself; undefined while it goes with its stream. */
  cursor: number | undefined;
  sieve: Sieve;
  readonly #ports: ConsumerPorts;
  readonly #tasks = new Map<number, Task>();
  readonly #over = new Cancel();
  #rule: Consumer;
  #lanes: Lanes<Task>;
  #underWay = 0;
  #bytes = 0;
  /** Those that want nothing new to be sent for a while, or for good. */
  #holds = 0;
  #whenIdle: (() => void)[] = [];
  /** Looks whether deliveries may begin again. */
  #again: Timer | undefined;
  #untold = 0;
  #toldAt = Number.NEGATIVE_INFINITY;

  constructor(rule: Consumer, mark: ConsumerMark, ports: ConsumerPorts) {
    this.#ports = ports;
    this.#rule = rule;
    this.cursor = mark.cursor;
    this.sieve = ports.filtering.sieve(rule.filters);
    this.#lanes = new Lanes(rule.order ?? 'unordered');
    for (const { offset, key, stage } of mark.unfinished)
      this.#tasks.set(offset, { offset, key, stage, letter: undefined, timer: undefined });
    for (const task of this.#tasks.values()) this.#lanes.add(task);
  }

  get rule(): Consumer {
    return this.#rule;
  }

  get isPaused(): boolean {
    return this.#holds > 0 || this.#rule.paused === true || !this.#mayBegin;
  }

  get #mayBegin(): boolean {
    return this.#ports.mayBegin?.() ?? true;
  }

  get unfinished(): number {
    return this.#tasks.size;
  }

  /** Whether it is not done with an event. */
  isAt(offset: number): boolean {
    return this.#tasks.has(offset);
  }

  /** Offset of the oldest event that it is not done with. */
  get oldest(): number | undefined {
    return this.#tasks.keys().next().value;
  }

  /** Whether it can take an event of so many bytes. */
  hasRoom(bytes = 0): boolean {
    const inLine = this.#lanes.ready + (this.#rule.order === 'ordered' ? this.#lanes.behind : 0);
    return (
      !this.isPaused &&
      this.#tasks.size < MAX_UNFINISHED &&
      inLine < MAX_READY &&
      this.#ports.held.allows(this.#bytes, bytes)
    );
  }

  /** How many events it would read on by now; none while what it has lasts. */
  get appetite(): number {
    const inLine = this.#lanes.ready + (this.#rule.order === 'ordered' ? this.#lanes.behind : 0);
    const isHungry = inLine <= MAX_READY / 2 && this.#tasks.size <= MAX_UNFINISHED - MAX_READY && this.hasRoom();
    return isHungry ? MAX_READY - inLine : 0;
  }

  mark(): ConsumerMark {
    return { cursor: this.cursor, unfinished: [...this.#tasks.values()] };
  }

  /** The rule has changed. Events that it has already are delivered by the new one. */
  change(rule: Consumer): void {
    const before = this.#rule;
    this.#rule = rule;
    if (!isSame(before.filters, rule.filters)) this.sieve = this.#ports.filtering.sieve(rule.filters);
    if ((before.order ?? 'unordered') !== (rule.order ?? 'unordered')) this.#arrange();
    this.pump();
  }

  /** An event that passes its filters. */
  offer(letter: Letter): void {
    const { offset, key } = letter;
    if (this.#tasks.has(offset)) return;
    const task: Task = { offset, key, stage: undefined, letter, timer: undefined };
    this.#hold(task, letter);
    this.#tasks.set(offset, task);
    this.#lanes.add(task);
    this.#ports.onChange();
    this.pump();
  }

  /** Sends what may be sent. */
  pump(): void {
    const { parallelism = PARALLELISM } = this.#rule;
    if (!this.#mayBegin) return this.#lookAgain();
    while (!this.isPaused && !this.#over.aborted && this.#underWay < parallelism) {
      const task = this.#lanes.take();
      if (!task) return;
      this.#underWay++;
      void this.#run(task);
    }
  }

  /** Sends nothing more; resolves once nothing is under way. */
  async rest(): Promise<void> {
    this.#holds++;
    if (this.#underWay > 0) await new Promise<void>((resolve) => void this.#whenIdle.push(resolve));
  }

  /** A platform that was to stop may have been killed before, and this process goes on under the next one. */
  #lookAgain(): void {
    if (this.#over.aborted) return;
    this.#again ??= this.#ports.clock.after(NOT_NOW_MS, () => {
      this.#again = undefined;
      this.pump();
      if (this.#mayBegin && this.cursor !== undefined) this.#ports.onRoom();
    });
  }

  /** Breaks off what is under way, and forgets all. */
  stop(): void {
    this.#over.abort(new Error('the delivery was broken off'));
    this.#again?.cancel();
    for (const task of this.#tasks.values()) {
      task.timer?.cancel();
      this.#release(task);
    }
  }

  async #run(task: Task): Promise<void> {
    try {
      const letter = task.letter ?? (await this.#read(task));
      if (letter) await this.#deliver(task, letter);
      else this.#finish(task);
    } catch (error) {
      this.#hinder(task, error);
    }
    this.#underWay--;
    if (this.#underWay === 0) for (const run of this.#whenIdle.splice(0)) run();
    this.pump();
    if (this.cursor !== undefined && this.appetite > 0) this.#ports.onRoom();
  }

  /** Step by step until it ends, or waits. */
  async #deliver(task: Task, letter: Letter): Promise<void> {
    let step: Step = task.stage ? { kind: 'send', stage: task.stage } : firstStep(this.#rule, letter);
    let outcome: Outcome = {};
    while (step.kind === 'send') {
      task.stage = step.stage;
      ({ step, outcome } = await this.#attempt(step.stage, letter));
      if (this.#over.aborted) return;
    }
    if (step.kind === 'end')
      return this.#finish(task, step.end, { event: letter.event.attributes.get('id'), ...outcome });
    task.stage = step.stage;
    this.#wait(task, step.ms);
  }

  async #attempt(stage: Stage, letter: Letter): Promise<{ step: Step; outcome: Outcome }> {
    const { clock, transfer } = this.#ports;
    if (!this.#mayBegin) throw new NotNowError(STOPS);
    const rule = this.#rule;
    const destination = destinationOf(rule, stage);
    // What the stage was for has been taken out of the rule meanwhile.
    if (!destination)
      return { step: { kind: 'end', end: stage.at === 'dead-letter' ? 'failed' : 'delivered' }, outcome: {} };
    const startedAt = clock.now();
    const began = clock.monotonic();
    const timeoutMs = rule.delivery.timeoutMs ?? LONGEST_ATTEMPT_MS;
    const answer = await transfer(destination, outgoing(rule, stage, letter), { timeoutMs, signal: this.#over });
    const now = clock.now();
    const headers = 'error' in answer ? [] : passThrough(answer.headers);
    const verdict = this.#judge(stage, answer, now);
    const step = nextStep(rule, stage, verdict, headers);
    const outcome = outcomeOf(answer, verdict);
    if (this.#over.aborted) return { step, outcome };
    // Its subscriber was stopped under it, for all one knows.
    if (verdict.kind === 'failed' && verdict.failure.isRetryable && !this.#mayBegin) throw new NotNowError(STOPS);
    const { stream, id: consumer } = this.#ports;
    this.#ports.onAttempt?.({
      stream,
      consumer,
      offset: letter.offset,
      at: stage.at,
      destination: destination.url,
      ...outcome,
      startedAt,
      tookMs: clock.monotonic() - began,
      next: nextOf(step),
    });
    return { step, outcome };
  }

  #judge({ at }: Stage, answer: Answer, now: number): Verdict {
    if (at !== 'subscriber') return verdictOfReceipt(answer, now);
    const { codec } = this.#ports;
    const { kind, reply } = this.#rule;
    return verdictOfAnswer({
      kind,
      wantsReply: reply !== undefined,
      answer,
      decode: (headers, body) => codec.decode(headers, body),
      now,
    });
  }

  #wait(task: Task, ms: number): void {
    if (this.#over.aborted) return;
    this.#release(task);
    this.#ports.onChange();
    task.timer = this.#ports.clock.after(ms, () => {
      task.timer = undefined;
      this.#lanes.again(task);
      this.pump();
    });
  }

  #finish(task: Task, end: End = 'delivered', told: Readonly<Record<string, unknown>> = {}): void {
    this.#release(task);
    this.#tasks.delete(task.offset);
    this.#lanes.done(task);
    if (end === 'failed') this.#complain(task, 'an event was not delivered', told);
    else if (end === 'lost')
      this.#complain(task, 'neither the subscriber nor the dead letter sink took an event', told);
    this.#ports.onEnd?.(end);
    this.#ports.onChange();
  }

  /** What the platform itself cannot do is no fault of the subscriber, and counts as no attempt. */
  #hinder(task: Task, error: unknown): void {
    if (this.#over.aborted) return;
    const isSoon = error instanceof NotNowError;
    const what = isSoon
      ? 'events cannot be delivered at the moment and wait'
      : 'a delivery failed in the platform itself and is tried again';
    this.#complain(task, what, { error: messageOf(error) });
    this.#wait(task, isSoon ? NOT_NOW_MS : TROUBLE_MS);
  }

  /** Not for each one of many. */
  #complain({ offset }: Task, what: string, more: Readonly<Record<string, unknown>> = {}): void {
    this.#untold++;
    const now = this.#ports.clock.monotonic();
    if (now - this.#toldAt < BETWEEN_COMPLAINTS_MS) return;
    this.#toldAt = now;
    const events = this.#untold;
    this.#untold = 0;
    const { namespace, name, kind } = this.#rule;
    this.#ports.onTrouble(what, {
      stream: this.#ports.stream,
      offset,
      events,
      [kind]: `${namespace}/${name}`,
      ...more,
    });
  }

  /** Undefined where it was trimmed, which only happens to events of streams that were made anew. */
  async #read(task: Task): Promise<Letter | undefined> {
    const { log, stream } = this.#ports;
    const [record] = await log.read(stream, task.offset, { records: 1, bytes: 1 });
    if (record?.offset !== task.offset || this.#over.aborted) return undefined;
    const letter = new Letter(record);
    this.#hold(task, letter);
    return letter;
  }

  #hold(task: Task, letter: Letter): void {
    task.letter = letter;
    this.#bytes += letter.bytes;
    this.#ports.held.take(letter.bytes);
  }

  #release(task: Task): void {
    const { bytes = 0 } = task.letter ?? {};
    task.letter = undefined;
    this.#bytes -= bytes;
    this.#ports.held.give(bytes);
  }

  /** Lanes of another order, for what is not under way. */
  #arrange(): void {
    // Lanes change once nothing is under way, so that no event overtakes one of its own lane.
    void this.rest().then(() => {
      const waiting = [...this.#tasks.values()];
      this.#lanes = new Lanes(this.#rule.order ?? 'unordered');
      for (const task of waiting) {
        task.timer?.cancel();
        task.timer = undefined;
        this.#lanes.add(task);
      }
      this.#holds--;
      this.pump();
      this.#ports.onRoom();
    });
  }
}

function isSame(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

const BETWEEN_COMPLAINTS_MS = 10_000;
/** How long the platform waits where it is itself what fails. */
const TROUBLE_MS = 1000;
/** What it cannot do at the moment is soon over: somebody has to come back, or to say something. */
const NOT_NOW_MS = 200;
const STOPS = 'the platform stops';

/** How an attempt went: in the journal, and in the log where nobody took the event. */
type Outcome = Pick<Attempt, 'status' | 'error' | 'reason'>;

function outcomeOf(answer: Answer, verdict: Verdict): Outcome {
  if ('error' in answer) return { error: answer.error };
  const reason = verdict.kind === 'failed' ? verdict.failure.reason : undefined;
  return { status: answer.status, ...(reason === undefined ? {} : { reason }) };
}

function nextOf(step: Step) {
  if (step.kind === 'end') return { kind: step.kind, end: step.end };
  return step.kind === 'wait' ? { kind: step.kind, ms: step.ms } : { kind: step.kind };
}
