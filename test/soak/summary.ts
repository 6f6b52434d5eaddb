// What a soak found, in figures and in sentences.

import type { Round, SoakResult } from './kill.ts';

/** Where and how it was run. */
export interface Circumstances {
  readonly commit: string;
  readonly cores: number;
  readonly node: string;
  readonly seed: number;
}

/** With 1,000 objects, from the start of the process until functions serve again. */
const GOAL = { medianMs: 3000, worstMs: 10_000 };

interface Spread {
  readonly medianMs: number;
  readonly worstMs: number;
}

export interface Summary extends Circumstances {
  readonly rounds: number;
  readonly kills: Readonly<Record<'control' | 'both' | 'whileStarting', number>>;
  readonly objects: number;
  readonly acknowledged: number;
  readonly doubtful: number;
  readonly numbersSeen: number;
  readonly lost: number;
  readonly numbersGivenTwice: number;
  readonly againMs: Spread;
  readonly againAfterControlMs: Spread;
  readonly againAfterBothMs: Spread;
  readonly coldMs: Spread;
  readonly staleEndpointsGoneMs: Spread;
  readonly warm: { readonly asked: number; readonly failed: number; readonly processes: number };
  /** Every promise that was not kept. */
  readonly wrong: readonly string[];
}

export function summaryOf(result: SoakResult, circumstances: Circumstances): Summary {
  const { rounds } = result;
  const of = (pick: (round: Round) => number, killed?: Round['killed']) =>
    spread(rounds.filter((round) => !killed || round.killed === killed).map(pick));
  const again = of(({ againMs }) => againMs);
  return {
    ...circumstances,
    rounds: rounds.length,
    kills: {
      control: rounds.filter(({ killed }) => killed === 'control').length,
      both: rounds.filter(({ killed }) => killed === 'both').length,
      whileStarting: rounds.filter(({ killedStarting }) => killedStarting).length,
    },
    objects: Math.min(...rounds.map(({ objects }) => objects)),
    acknowledged: result.acknowledged,
    doubtful: result.doubtful,
    numbersSeen: result.numbersSeen,
    lost: result.lost.length,
    numbersGivenTwice: result.numbersTwice.length,
    againMs: again,
    againAfterControlMs: of(({ againMs }) => againMs, 'control'),
    againAfterBothMs: of(({ againMs }) => againMs, 'both'),
    coldMs: of(({ coldMs }) => coldMs),
    staleEndpointsGoneMs: of(({ staleGoneMs }) => staleGoneMs),
    warm: { asked: result.asked, failed: result.failed.length, processes: result.warmPids.length },
    wrong: [...brokenPromises(result), ...tooSlow(again)],
  };
}

/** What must never be, however slow the machine is. */
export function brokenPromises(result: SoakResult): string[] {
  return [
    ...result.lost,
    ...result.numbersTwice.map((text) => `a number was given out twice: ${text}`),
    ...result.unreadable,
    ...result.watchesNotExpired,
    ...result.failed.map((text) => `the warm function failed: ${text}`),
    ...(result.warmPids.length === 1 ? [] : [`the warm function ran as processes ${result.warmPids.join(', ')}`]),
    ...result.leftovers.map((text) => `a process was left over: ${text}`),
  ];
}

function tooSlow({ medianMs, worstMs }: Spread): string[] {
  return [
    ...(medianMs > GOAL.medianMs
      ? [`functions serve again after ${medianMs} ms (median), but ${GOAL.medianMs} is the goal`]
      : []),
    ...(worstMs > GOAL.worstMs
      ? [`functions serve again after ${worstMs} ms at worst, but ${GOAL.worstMs} is the goal`]
      : []),
  ];
}

export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  return { medianMs: Math.round(sorted[Math.floor(sorted.length / 2)] ?? 0), worstMs: Math.round(sorted.at(-1) ?? 0) };
}
