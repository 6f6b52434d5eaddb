// What a CronJob does next: which Job it starts, whom it ends, whom it forgets, and when to look again. Pure.

import { lastTick, nextTick, parseCron, rfc3339, timeZone } from '#base/mod.ts';
import type { CronJob, Job } from '#kinds/mod.ts';
import { finishedCondition } from '../job/decide.ts';

export interface CronPlan {
  /** The moment for which a Job is started now, in milliseconds. */
  readonly start: number | undefined;
  /** Active Jobs that make room for it. */
  readonly replaced: readonly Job[];
  /** Finished Jobs beyond what the history keeps. */
  readonly forgotten: readonly Job[];
  /** Milliseconds until the schedule is due next. */
  readonly againMs: number | undefined;
  /** Why a moment that was due started nothing, as an Event tells it. */
  readonly skipped: { readonly reason: string; readonly message: string } | undefined;
}

const IDLE: CronPlan = { start: undefined, replaced: [], forgotten: [], againMs: undefined, skipped: undefined };
/** How many successes and failures are kept where nothing is said. */
const KEPT = { Complete: 3, Failed: 1 } as const;

/** The Jobs given are those of this CronJob. */
export function planCronJob(cronJob: CronJob, jobs: readonly Job[], now: number): CronPlan {
  const { spec } = cronJob;
  const forgotten = beyondHistory(cronJob, jobs);
  const parsed = parseCron(spec.schedule.trim());
  const zone = timeZone(spec.timeZone ?? '');
  if ('fault' in parsed || !zone) {
    const why = zone ? spec.schedule : (spec.timeZone ?? '');
    const [reason, what] = zone ? ['UnparseableSchedule', 'schedule'] : ['UnknownTimeZone', 'timeZone'];
    return { ...IDLE, forgotten, skipped: { reason, message: `invalid ${what}: ${JSON.stringify(why)}` } };
  }
  if (spec.suspend) return { ...IDLE, forgotten };
  const next = nextTick(parsed.schedule, zone, now);
  const waiting = { ...IDLE, forgotten, againMs: next === undefined ? undefined : next - now };
  const due = lastTick(parsed.schedule, zone, seenUntil(cronJob), now);
  if (due === undefined) return waiting;
  const deadline = spec.startingDeadlineSeconds;
  if (deadline !== undefined && due + deadline * 1000 < now) {
    const message = `Missed scheduled time to start a job: ${rfc3339(due)}`;
    return { ...waiting, skipped: { reason: 'MissSchedule', message } };
  }
  const active = jobs.filter((job) => !finishedCondition(job.status));
  if (spec.concurrencyPolicy === 'Forbid' && active.length > 0) {
    const message = 'Not starting job because prior execution is running and concurrency policy is Forbid';
    return { ...waiting, skipped: { reason: 'JobAlreadyActive', message } };
  }
  return { ...waiting, start: due, replaced: spec.concurrencyPolicy === 'Replace' ? active : [] };
}

/** The name that a Job of this moment always has, so that it is started once. */
export function jobNameOf({ metadata }: CronJob, scheduled: number): string {
  return `${metadata.name}-${Math.floor(scheduled / 60_000)}`;
}

/** Up to when moments count as dealt with. */
function seenUntil({ metadata, status }: CronJob): number {
  return Date.parse(status?.lastScheduleTime ?? metadata.creationTimestamp ?? '') || 0;
}

function beyondHistory({ spec }: CronJob, jobs: readonly Job[]): Job[] {
  const limits = {
    Complete: spec.successfulJobsHistoryLimit ?? KEPT.Complete,
    Failed: spec.failedJobsHistoryLimit ?? KEPT.Failed,
  };
  return (['Complete', 'Failed'] as const).flatMap((end) => {
    const ended = jobs.filter(({ status }) => finishedCondition(status)?.type === end);
    ended.sort((a, b) => (b.status?.startTime ?? '').localeCompare(a.status?.startTime ?? ''));
    return ended.slice(limits[end]);
  });
}
