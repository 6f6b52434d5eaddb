// Waiting that gives way: on a machine that is busy, what nobody waits for leaves the time to what somebody does.

import type { Clock, Timer } from './clock.ts';
import { sleep } from './clock.ts';

/** Timers that come later than this tell of a machine that is busy. */
const LATE_MS = 4;
/** How long a busy machine is let be before it is asked again, and how long at most. */
const REST_MS = 20;
const MOST_MS = 300;
/** Wakes and starts of Pods at once, for each core, before they are a crowd: a wake from zero counts as both. */
const CROWD_A_CORE = 4;
/** What waited for a crowd is let go in parts, with a round of the event loop between them. */
const RELEASED_A_ROUND = 8;
/** Starts between two rounds of the event loop: each holds it up, and more in a row cost less. */
const TURNS_A_ROUND = 8;
/** What takes longer to start waits for something else than the processor, and a crowd that lasts longer is how things are. */
const CROWD_MS = 10_000;

/** When whoever can wait has its turn. */
export interface Calm {
  /**
   * Whether more programs start at once, each with somebody waiting for it, than the machine can carry at their usual speed. Ten
   * seconds after it began a crowd is none any more, until it has been smaller.
   */
  readonly isCrowded: boolean;
  /**
   * Runs `run` once after `ms`, or later where the machine is busy: once there is no crowd, and while timers come late within a
   * third of a second. On a clock whose timers are never late, without a crowd, it is `clock.after`.
   */
  after(ms: number, run: () => void): Timer;
  /** A program starts, or will. Returns what is to be called once it is up or has ended; further calls do nothing. */
  starts(): () => void;
  /** For what holds the event loop up: in a crowd a few at a time, with a round of the loop after them; else at once. */
  turn(): Promise<void>;
}

/** Without a number of cores no crowd is too large. */
export function calmOf(clock: Clock, cores = Infinity): Calm {
  const crowd = new Crowd(clock, cores * CROWD_A_CORE);
  return {
    get isCrowded() {
      return crowd.isThere;
    },
    after: (ms, run) => afterCalm(clock, ms, crowd, run),
    starts: () => crowd.join(),
    turn: () => crowd.turn(),
  };
}

/** Programs that start just now, and those who wait until they are up. */
class Crowd {
  readonly #clock: Clock;
  readonly #most: number;
  readonly #starting = new Set<object>();
  #waiting = new Set<() => void>();
  /** Runs while there is a crowd. */
  #limit: Timer | undefined;
  /** Programs have not been fewer since there was a crowd. */
  #isHowThingsAre = false;
  /** Turns that were given. */
  #given = 0;
  #turns: Promise<void> = Promise.resolve();

  constructor(clock: Clock, most: number) {
    this.#clock = clock;
    this.#most = most;
  }

  get isThere(): boolean {
    return this.#limit !== undefined;
  }

  /** Calls `run` once when the crowd that is there has gone. */
  wait(run: () => void): Timer {
    const waiting = this.#waiting;
    // The same function may wait more than once.
    const one = () => run();
    waiting.add(one);
    return { cancel: () => void waiting.delete(one) };
  }

  turn(): Promise<void> {
    if (!this.isThere) return Promise.resolve();
    const turn = this.#turns;
    if (++this.#given % TURNS_A_ROUND === 0) this.#turns = turn.then(() => sleep(this.#clock, 0));
    return turn;
  }

  join(): () => void {
    const one = {};
    const leave = () => {
      timer.cancel();
      this.#starting.delete(one);
      if (this.#starting.size > this.#most) return;
      this.#isHowThingsAre = false;
      this.#end();
    };
    const timer = this.#clock.after(CROWD_MS, leave);
    this.#starting.add(one);
    if (this.#starting.size > this.#most && !this.#isHowThingsAre) {
      this.#isHowThingsAre = true;
      this.#limit = this.#clock.after(CROWD_MS, () => this.#end());
    }
    return leave;
  }

  #end(): void {
    if (!this.#limit) return;
    this.#limit.cancel();
    this.#limit = undefined;
    const waiting = this.#waiting;
    this.#waiting = new Set();
    void this.#release(waiting);
  }

  /** A few at a time, so that a request that comes meanwhile need not wait for all of them. */
  async #release(waiting: Set<() => void>): Promise<void> {
    let released = 0;
    for (const run of waiting) {
      waiting.delete(run);
      run();
      if (++released % RELEASED_A_ROUND === 0) await sleep(this.#clock, 0);
    }
  }
}

function afterCalm(clock: Clock, ms: number, crowd: Crowd, run: () => void): Timer {
  const latest = clock.monotonic() + Math.max(ms, MOST_MS);
  let timer: Timer;
  const wait = (waitMs: number) => {
    const due = clock.monotonic() + waitMs;
    timer = clock.after(waitMs, () => {
      const now = clock.monotonic();
      if (crowd.isThere) timer = crowd.wait(run);
      else if (now - due > LATE_MS && now + REST_MS < latest) wait(REST_MS);
      else run();
    });
  };
  wait(ms);
  return { cancel: () => timer.cancel() };
}
