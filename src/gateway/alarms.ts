// Many waits of few lengths, nearly all of them called off: what the timeouts of requests are.

import type { Clock, Timer } from '#base/mod.ts';

/**
 * All waits of one length stand in one line, in the order in which they end, and one timer of the clock stands for the
 * first. So to begin a wait and to call it off is to be put into a line and taken out of it, a fifth of what a timer costs.
 */
export class Alarms {
  readonly #clock: Clock;
  readonly #lines = new Map<number, Line>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Runs `run` once when `ms` have passed since `nowMs`, the clock's monotonic time as it is now. */
  after(nowMs: number, ms: number, run: () => void): Timer {
    let line = this.#lines.get(ms);
    if (!line) this.#lines.set(ms, (line = new Line(this.#clock, () => this.#lines.delete(ms))));
    return line.add(nowMs + ms, run);
  }

  /** How many lengths there are; a line that has run empty goes when its timer would have fired. */
  get lines(): number {
    return this.#lines.size;
  }
}

class Line {
  readonly #clock: Clock;
  readonly #onEmpty: () => void;
  #first: Alarm | undefined;
  #last: Alarm | undefined;
  #isTimed = false;

  constructor(clock: Clock, onEmpty: () => void) {
    this.#clock = clock;
    this.#onEmpty = onEmpty;
  }

  add(dueMs: number, run: () => void): Alarm {
    const alarm = new Alarm(this, dueMs, run, this.#last);
    if (this.#last) this.#last.next = alarm;
    else this.#first = alarm;
    this.#last = alarm;
    if (!this.#isTimed) this.#time(alarm);
    return alarm;
  }

  takeOut({ before, next }: Alarm): void {
    if (before) before.next = next;
    else this.#first = next;
    if (next) next.before = before;
    else this.#last = before;
  }

  #time({ dueMs }: Alarm): void {
    this.#isTimed = true;
    this.#clock.after(Math.max(0, dueMs - this.#clock.monotonic()), this.#look);
  }

  /** A timer may run a fraction of a millisecond early. */
  readonly #look = (): void => {
    const nowMs = this.#clock.monotonic();
    for (let alarm = this.#first; alarm && alarm.dueMs - nowMs < 1; alarm = this.#first) alarm.ring();
    this.#isTimed = false;
    if (this.#first) this.#time(this.#first);
    else this.#onEmpty();
  };
}

class Alarm implements Timer {
  readonly dueMs: number;
  before: Alarm | undefined;
  next: Alarm | undefined;
  readonly #run: () => void;
  #line: Line | undefined;

  constructor(line: Line, dueMs: number, run: () => void, before: Alarm | undefined) {
    this.#line = line;
    this.dueMs = dueMs;
    this.#run = run;
    this.before = before;
  }

  cancel(): void {
    this.#line?.takeOut(this);
    this.#line = undefined;
  }

  ring(): void {
    this.cancel();
    this.#run();
  }
}
