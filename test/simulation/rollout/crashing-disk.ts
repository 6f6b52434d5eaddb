// A disk that outlives the processes that write to it. At one chosen write its process dies, or the wall clock is set.

import type { Clock } from '#base/mod.ts';
import { sleep } from '#base/mod.ts';
import type { KeptInMemory, Mutation, ObjectDatabase } from '#storage/mod.ts';
import { keptInMemory, memoryDatabase } from '#storage/mod.ts';

/** The process dies when this write, counted from the first of the story, is about to be kept, or has just been. */
export interface CrashPoint {
  readonly write: number;
  readonly when: 'before' | 'after';
}

/** Somebody sets the wall clock right after this write. */
export interface ClockJump {
  readonly write: number;
  readonly ms: number;
}

const COMMIT_MS = 1;

export class CrashingDisk {
  /** Writes that were kept since the counting began. */
  writes = 0;
  isCounting = false;
  readonly #kept: KeptInMemory = keptInMemory();
  readonly #point: CrashPoint | undefined;
  readonly #onCrash: (what: string) => void;
  readonly #onWrite: (number: number) => void;
  #isSpent = false;

  /** `onCrash` must end the process before it returns; `onWrite` hears of each write that was kept. */
  constructor(
    point: CrashPoint | undefined,
    { onCrash, onWrite }: { onCrash: (what: string) => void; onWrite: (number: number) => void },
  ) {
    this.#point = point;
    this.#onCrash = onCrash;
    this.#onWrite = onWrite;
  }

  /** For a process that lives as long as its clock and its `isOver` say. Whoever is over waits for ever. */
  open(clock: Clock, isOver: () => boolean): ObjectDatabase {
    const inner = memoryDatabase(this.#kept);
    return {
      get initial() {
        return inner.initial;
      },
      firstRevision: inner.firstRevision,
      cleanStart: inner.cleanStart,
      commit: async (mutations) => {
        if (isOver()) return never();
        await sleep(clock, COMMIT_MS);
        for (const mutation of mutations) {
          this.#keep(inner, mutation);
          // The rest of the batch might as well have been a batch of its own, which the process did not live to write.
          if (isOver()) return never();
        }
      },
      commitLazily: (mutations) => {
        if (!isOver()) inner.commitLazily(mutations);
      },
      reserve: (through) => inner.reserve(through),
      backup: (file) => inner.backup(file),
      forgetInitial: () => inner.forgetInitial(),
      close: () => inner.close(),
    };
  }

  #keep(inner: ObjectDatabase, mutation: Mutation): void {
    const number = this.writes + 1;
    const isPoint = this.isCounting && !this.#isSpent && number === this.#point?.write;
    this.#isSpent ||= isPoint;
    if (isPoint && this.#point?.when === 'before') return this.#onCrash(`before ${textOf(mutation)}`);
    inner.commitLazily([mutation]);
    if (this.isCounting) this.writes = number;
    if (this.isCounting) this.#onWrite(number);
    if (isPoint) this.#onCrash(`after ${textOf(mutation)}`);
  }
}

function textOf(mutation: Mutation): string {
  const { resource, name } = 'put' in mutation ? mutation.put : mutation.remove;
  return `${'put' in mutation ? 'the write of' : 'the removal of'} ${resource}/${name}`;
}

function never(): Promise<never> {
  return new Promise(() => {});
}
