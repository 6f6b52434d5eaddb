// Virtual time for many events, in whole milliseconds: a heap of timers, run without waiting for promises. For code that has none.

import type { Clock, Timer } from '#base/mod.ts';

interface Entry {
  readonly due: number;
  readonly order: number;
  run: (() => void) | undefined;
}

export class QueueClock implements Clock {
  #nowMs = 0;
  #order = 0;
  readonly #heap: Entry[] = [];

  now(): number {
    return this.#nowMs;
  }

  monotonic(): number {
    return this.#nowMs;
  }

  after(ms: number, run: () => void): Timer {
    const entry: Entry = { due: this.#nowMs + Math.max(0, Math.ceil(ms)), order: this.#order++, run };
    this.#heap.push(entry);
    this.#rise(this.#heap.length - 1);
    return { cancel: () => void (entry.run = undefined) };
  }

  /** Runs every timer that falls due until then, each at its own moment. */
  runUntil(untilMs: number): void {
    const endMs = Math.ceil(untilMs);
    for (let next = this.#heap[0]; next && next.due <= endMs; next = this.#heap[0]) {
      this.#take();
      this.#nowMs = next.due;
      next.run?.();
    }
    this.#nowMs = Math.max(this.#nowMs, endMs);
  }

  #take(): void {
    const last = this.#heap.pop();
    if (!last || this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#sink(0);
  }

  #rise(at: number): void {
    for (let child = at; child > 0; ) {
      const parent = (child - 1) >> 1;
      if (!this.#isSooner(child, parent)) return;
      this.#swap(child, parent);
      child = parent;
    }
  }

  #sink(at: number): void {
    for (let parent = at; ; ) {
      const [left, right] = [2 * parent + 1, 2 * parent + 2];
      let soonest = parent;
      if (left < this.#heap.length && this.#isSooner(left, soonest)) soonest = left;
      if (right < this.#heap.length && this.#isSooner(right, soonest)) soonest = right;
      if (soonest === parent) return;
      this.#swap(parent, soonest);
      parent = soonest;
    }
  }

  #isSooner(a: number, b: number): boolean {
    const [one, other] = [this.#heap[a], this.#heap[b]];
    if (!one || !other) return false;
    return one.due < other.due || (one.due === other.due && one.order < other.order);
  }

  #swap(a: number, b: number): void {
    const [one, other] = [this.#heap[a], this.#heap[b]];
    if (one && other) [this.#heap[a], this.#heap[b]] = [other, one];
  }
}
