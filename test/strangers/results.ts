// What a result file keeps of a run. Pure.

import type { Outcome } from './outcomes.ts';

export interface Run {
  readonly seconds: number;
  readonly outcomes: readonly Outcome[];
}

export function totals(outcomes: readonly Outcome[]): string {
  const count = (which: Outcome['outcome']) => outcomes.filter(({ outcome }) => outcome === which).length;
  return `${count('pass')} passed, ${count('fail')} failed, ${count('skip')} skipped`;
}

/** A run as the file has it: `failedByBoth` only for suites that hold two beside each other, there even where it is empty. */
export function kept({ seconds, outcomes }: Run): object {
  const sorted = outcomes.toSorted((a, b) => (a.test < b.test ? -1 : 1));
  const both = sorted.filter(({ failedByBoth }) => failedByBoth).map(({ test }) => test);
  return {
    totals: totals(outcomes),
    seconds,
    ...(outcomes.some(({ failedByBoth }) => failedByBoth !== undefined) ? { failedByBoth: both } : {}),
    outcomes: Object.fromEntries(sorted.map((one) => [one.test, `${one.outcome}, ${one.seconds} s`])),
  };
}
