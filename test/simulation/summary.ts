// Many runs as one result.

import { fnv32a } from '#base/mod.ts';
import type { Breach } from './ledger.ts';
import type { RunResult } from './run.ts';

export interface Circumstances {
  readonly seed: number;
  readonly cycles: number;
  readonly tookMs: number;
  readonly commit: string;
  /** Files of the source that differ from that commit. */
  readonly changedSince: number;
  readonly cores: number;
  readonly node: string;
}

export interface Summary extends Omit<Circumstances, 'tookMs'> {
  readonly tookSeconds: number;
  readonly virtualHours: number;
  readonly worlds: number;
  readonly cyclesDone: number;
  /** How often a service had no Pod left. */
  readonly timesAtZero: number;
  readonly requestsAtMoments: Readonly<Record<string, number>>;
  readonly requests: number;
  readonly requestsByKind: Readonly<Record<string, number>>;
  readonly answered: number;
  readonly leftByClient: number;
  readonly lost: number;
  readonly sentTwice: number;
  readonly overLimit: number;
  readonly longestWaitMs: number;
  readonly podsStarted: number;
  readonly failedStarts: number;
  readonly drainsWithRequests: number;
  readonly breaches: number;
  readonly firstBreaches: readonly (Breach & { readonly seed: number })[];
  /** Of everything that happened, in order: the same wherever the same code runs with the same seed. */
  readonly hash: string;
}

export function summary(results: readonly RunResult[], { tookMs, ...circumstances }: Circumstances): Summary {
  const sum = (of: (result: RunResult) => number) => results.reduce((total, result) => total + of(result), 0);
  const breaches = results.flatMap(({ seed, breaches }) => breaches.map((breach) => ({ seed, ...breach })));
  return {
    ...circumstances,
    tookSeconds: Math.round(tookMs / 1000),
    virtualHours: Math.round(sum(({ virtualMs }) => virtualMs) / 3_600_000),
    worlds: results.length,
    cyclesDone: sum(({ cycles }) => cycles),
    timesAtZero: sum(({ zeros }) => zeros),
    requestsAtMoments: added(results.map(({ moments }) => moments)),
    requests: sum(({ counts }) => counts.requests),
    requestsByKind: added(results.map(({ counts }) => counts.kinds)),
    answered: sum(({ counts }) => counts.answered),
    leftByClient: sum(({ counts }) => counts.left),
    lost: sum(({ counts }) => counts.lost),
    sentTwice: sum(({ counts }) => counts.sentTwice),
    overLimit: sum(({ counts }) => counts.overLimit),
    longestWaitMs: Math.max(0, ...results.map(({ counts }) => counts.longestWaitMs)),
    podsStarted: sum(({ node }) => node.podsStarted),
    failedStarts: sum(({ node }) => node.failedStarts),
    drainsWithRequests: sum(({ node }) => node.drainsWithWork),
    breaches: breaches.length,
    firstBreaches: breaches.slice(0, 20),
    hash: fnv32a(results.map(({ hash }) => hash).join(' '))
      .toString(16)
      .padStart(8, '0'),
  };
}

function added(all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const out: Record<string, number> = {};
  for (const counts of all) for (const [name, count] of Object.entries(counts)) out[name] = (out[name] ?? 0) + count;
  return out;
}
