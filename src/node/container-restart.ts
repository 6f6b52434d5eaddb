// Whether a container runs again once a run has ended, or could not be started, and after how long. Pure.

import { backoffMs } from '#base/mod.ts';

/** kubelet's own: at once, then 10 s, doubling to five minutes; a run of ten minutes wipes the slate clean. */
const RESTART_BACKOFF = { firstMs: 10_000, maxMs: 300_000, factor: 2 };
const GOOD_RUN_MS = 600_000;
/** Between tries to start where something that the container names is missing. */
const PROBLEM_BACKOFF = { firstMs: 1000, maxMs: 300_000, factor: 2 };

export interface EndedRun {
  readonly restartPolicy: string;
  /** It is to end well once, and no more. */
  readonly isInit: boolean;
  readonly exitCode: number;
  readonly ranMs: number;
  /** Runs that ended before it, one soon after the other. */
  readonly failures: number;
}

/** The next run, with the failures it begins with; undefined where there is none. */
export function nextRun(ended: EndedRun): { readonly waitMs: number; readonly failures: number } | undefined {
  if (!restarts(ended)) return undefined;
  const failures = ended.ranMs > GOOD_RUN_MS ? 1 : ended.failures + 1;
  return { failures, waitMs: failures === 1 ? 0 : backoffMs(RESTART_BACKOFF, failures - 1) };
}

function restarts({ restartPolicy, isInit, exitCode }: EndedRun): boolean {
  if (restartPolicy === 'Never') return false;
  return restartPolicy === 'Always' && !isInit ? true : exitCode !== 0;
}

/** How long after a start that could not be; `problems` counts from 1. */
export function startAgainMs(problems: number): number {
  return backoffMs(PROBLEM_BACKOFF, problems);
}
