// A population of applications like that of a large provider, drawn from published figures by seed.
//
// Origin: Shahrad et al., "Serverless in the Wild", USENIX ATC 2020, which describes all of Azure Functions for two weeks of
// July 2019. Taken from there: 45 % of applications are invoked at most once an hour and 81 % at most once a minute (their
// figure 5); the average duration of a function follows a log-normal with μ = −0.38 and σ = 2.36 of its logarithm in seconds
// (figure 7); 16 % of functions are run by timers (figure 2); about half of the load is even and the rest follows the day
// (figure 4); and many applications are burstier than a Poisson process (figure 6). Our own guesses are marked as such.

import type { Random } from '#base/mod.ts';
import { isLucky } from '../chance.ts';

export interface Application {
  /** Invocations an hour, averaged over the day. */
  readonly perHour: number;
  readonly arrivals: 'timer' | 'steady' | 'bursty';
  /** Of one invocation, on average. */
  readonly durationMs: number;
  /** Of its own chance, so that every variant sees the same invocations. */
  readonly seed: number;
}

/**
 * Share of applications that are invoked at most so often an hour. The ends are ours: once in two weeks, the least that can
 * be seen, and once a second, for what is invoked more often is never cold and would only cost time here.
 */
const RATES: readonly (readonly [share: number, perHour: number])[] = [
  [0, 1 / 336],
  [0.45, 1],
  [0.81, 60],
  [1, 3600],
];
const TIMERS = 0.16;
/** Ours, for the share of applications whose gaps between invocations vary more than their mean. */
const BURSTY = 0.4;
const DURATION = { mu: -0.38, sigma: 2.36 };
/** Nothing runs for longer than the longest timeout of a revision. */
const LONGEST_MS = 600_000;
/** Minutes; what people write into schedules (ours). */
const PERIODS = [1, 5, 10, 15, 30, 60, 120, 360, 720, 1440];

export function drawApplications(random: Random, count: number): Application[] {
  return Array.from({ length: count }, () => {
    const perHour = rateAt(random.next());
    const isTimer = isLucky(random, TIMERS);
    const arrivals = isTimer ? 'timer' : isLucky(random, BURSTY) ? 'bursty' : 'steady';
    const durationMs = 1000 * Math.exp(DURATION.mu + DURATION.sigma * normal(random));
    return {
      perHour: isTimer ? 60 / nearestPeriod(60 / perHour) : perHour,
      arrivals,
      durationMs: Math.min(LONGEST_MS, Math.max(1, durationMs)),
      seed: Math.floor(random.next() * 2 ** 32),
    };
  });
}

/** Between two published points the rate rises evenly by its order of magnitude. */
export function rateAt(share: number): number {
  const at = Math.max(
    1,
    RATES.findIndex(([above]) => share <= above),
  );
  const [[low, slow], [high, fast]] = [RATES[at - 1] ?? [0, 1], RATES[at] ?? [1, 1]];
  return slow * (fast / slow) ** ((share - low) / (high - low));
}

function nearestPeriod(minutes: number): number {
  const off = (period: number) => Math.abs(Math.log(period / minutes));
  return PERIODS.reduce((best, period) => (off(period) < off(best) ? period : best));
}

/** One invocation, around the application's average (the spread is ours). */
export function drawDuration({ durationMs }: Application, random: Random): number {
  const spread = 0.4;
  return Math.min(LONGEST_MS, durationMs * Math.exp(spread * normal(random) - spread ** 2 / 2));
}

/** Of mean 0 and deviation 1 (Box and Muller). */
function normal(random: Random): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random.next()));
  return radius * Math.cos(2 * Math.PI * random.next());
}

const DAY_MS = 86_400_000;
/** Half of the load is even; the other half swings over the day from nothing to twice its mean. */
export function ofDay(ms: number): number {
  return 0.5 + 0.5 * (1 - Math.cos((2 * Math.PI * ms) / DAY_MS));
}
const BUSIEST = 1.5;

/** Ours: how many invocations a burst has on average, and how long between two of them. */
const BURST = { length: 5, gapMs: 2000 };

/** When an application is invoked, milliseconds from midnight, in order. */
export function* arrivalsOf(application: Application, hours: number, random: Random): Generator<number> {
  const endMs = hours * 3_600_000;
  const gapMs = 3_600_000 / application.perHour;
  if (application.arrivals === 'timer') {
    for (let at = random.next() * gapMs; at < endMs; at += gapMs) yield at;
    return;
  }
  const length = application.arrivals === 'bursty' ? BURST.length : 1;
  let last = 0;
  for (let at = 0; ; ) {
    at += exponential(random, (gapMs * length) / BUSIEST);
    if (at >= endMs) return;
    if (!isLucky(random, ofDay(at) / BUSIEST)) continue;
    last = Math.max(last, at);
    yield last;
    if (length === 1) continue;
    while (isLucky(random, 1 - 1 / length)) {
      last += exponential(random, BURST.gapMs);
      if (last < endMs) yield last;
    }
  }
}

function exponential(random: Random, mean: number): number {
  return -mean * Math.log(1 - random.next());
}
