// Evaluates expressions of users in helper processes, which are started when they are needed, killed when they take too long, and
// ended when they are idle.

import type { Clock, Timer } from '#base/mod.ts';
import type { Outcome, Question, Reply } from './question.ts';
import { BOUNDS } from './question.ts';
import { Turns } from './turns.ts';

/** A process that answers one question after the other. */
export interface Helper {
  ask(question: Question): void;
  /** Ends it at once. */
  kill(): void;
}

export interface HelperListener {
  readonly answered: (reply: Reply) => void;
  /** The process has ended without being told to. */
  readonly ended: (why: string) => void;
}

export type StartHelper = (listener: HelperListener) => Helper;

/** What became of an evaluation; `busy`: it was not begun. */
export type Evaluated = Outcome | { readonly outcome: 'busy' };

/** Evaluates JSONata. */
export interface Evaluator {
  /** What is wrong with an expression; undefined where nothing is. */
  check(expression: string): Promise<string | undefined>;
  /** `who` asks; all who ask take turns. `input` is JSON. */
  evaluate(who: string, expression: string, input: string): Promise<Evaluated>;
}

export interface EvaluatorPorts {
  readonly clock: Clock;
  readonly start: StartHelper;
}

/** Processes at once: a slow expression leaves one to the others. */
const HELPERS = 2;
/** Evaluations that may wait. */
const MAX_WAITING = 1000;
/** Added to the time for an evaluation before its process is killed: it may have to start, and reads and writes JSON. */
const GRACE_MS = 2000;
/** A process with nothing to do goes after so long. */
const IDLE_MS = 300_000;
/** Expressions whose check is remembered. */
const MAX_CHECKED = 1000;

interface Work {
  readonly question: Question;
  settle(result: Outcome): void;
}

interface Seat {
  helper?: Helper | undefined;
  work?: Work | undefined;
  /** Ends the evaluation that takes too long, or the process that is idle. */
  timer?: Timer | undefined;
}

export class Evaluators implements Evaluator {
  readonly #ports: EvaluatorPorts;
  readonly #turns = new Turns<Work>(MAX_WAITING);
  readonly #seats: readonly Seat[] = Array.from({ length: HELPERS }, () => ({}));
  readonly #checked = new Map<string, string | undefined>();
  #ids = 0;
  #isClosed = false;

  constructor(ports: EvaluatorPorts) {
    this.#ports = ports;
  }

  async check(expression: string): Promise<string | undefined> {
    if (this.#checked.has(expression)) return this.#checked.get(expression);
    const result = await this.#do('', { expression });
    if (result.outcome === 'busy') throw new Error('too many expressions wait to be looked at');
    const fault = result.outcome === 'fault' ? result.why : undefined;
    if (this.#checked.size >= MAX_CHECKED) this.#checked.clear();
    this.#checked.set(expression, fault);
    return fault;
  }

  evaluate(who: string, expression: string, input: string): Promise<Evaluated> {
    return this.#do(who, { expression, input });
  }

  /** Ends all processes; what waits is not done. */
  close(): void {
    this.#isClosed = true;
    for (let work = this.#turns.next(); work; work = this.#turns.next()) work.settle(STOPPED);
    for (const seat of this.#seats) this.#clear(seat, STOPPED);
  }

  #do(who: string, what: Omit<Question, 'id'>): Promise<Evaluated> {
    return new Promise((settle) => {
      const work: Work = { question: { id: ++this.#ids, ...what }, settle };
      if (this.#isClosed || !this.#turns.add(who, work)) settle({ outcome: 'busy' });
      else this.#assign();
    });
  }

  /** Gives what waits to processes that are free, first to those that are there. */
  #assign(): void {
    while (this.#turns.size > 0) {
      const free = this.#seats.filter(({ work }) => !work);
      const seat = free.find(({ helper }) => helper) ?? free[0];
      const work = seat && this.#turns.next();
      if (!work) return;
      this.#begin(seat, work);
    }
  }

  #begin(seat: Seat, work: Work): void {
    seat.timer?.cancel();
    seat.work = work;
    seat.helper ??= this.#start(seat);
    seat.timer = this.#ports.clock.after(BOUNDS.timeMs + GRACE_MS, () => this.#clear(seat, TOO_SLOW));
    seat.helper.ask(work.question);
  }

  #start(seat: Seat): Helper {
    const helper = this.#ports.start({
      answered: (reply) => seat.helper === helper && this.#answered(seat, reply),
      ended: (why) => seat.helper === helper && this.#clear(seat, { outcome: 'fault', why }),
    });
    return helper;
  }

  #answered(seat: Seat, { id, result }: Reply): void {
    const { work } = seat;
    if (work?.question.id !== id) return;
    seat.work = undefined;
    seat.timer?.cancel();
    seat.timer = this.#ports.clock.after(IDLE_MS, () => this.#clear(seat, STOPPED));
    work.settle(result);
    this.#assign();
  }

  /** Kills the seat's process, and settles its work, if any, with `result`. */
  #clear(seat: Seat, result: Outcome): void {
    const { work, helper } = seat;
    seat.timer?.cancel();
    seat.work = seat.helper = seat.timer = undefined;
    helper?.kill();
    work?.settle(result);
    this.#assign();
  }
}

const TOO_SLOW: Outcome = { outcome: 'fault', why: `the evaluation took longer than ${BOUNDS.timeMs} ms` };
const STOPPED: Outcome = { outcome: 'fault', why: 'the platform stops' };
