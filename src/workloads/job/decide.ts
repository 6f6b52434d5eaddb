// What a Job does next: how many Pods it starts or gives up, and whether it is through. Pure.

import type { Job, JobStatus, Pod, StandardCondition } from '#kinds/mod.ts';
import { backoffMs, rfc3339 } from '#base/mod.ts';
import type { ElapsedSince } from '../pods/readiness.ts';
import { isActive, isPodReady } from '../pods/readiness.ts';

export interface JobPlan {
  readonly status: JobStatus;
  readonly create: number;
  readonly remove: readonly Pod[];
  /** Milliseconds until another look is due: a retry, a deadline, or the end of what is kept of a finished Job. */
  readonly againMs: number | undefined;
  /** The Job is over and what was to be kept of it has been kept long enough. */
  readonly isExpired: boolean;
}

/** The first new try waits ten seconds, the next twice as long, at most six minutes. */
const RETRY = { firstMs: 10_000, maxMs: 360_000, factor: 2 };

interface Counts {
  readonly active: readonly Pod[];
  readonly succeeded: number;
  readonly failed: number;
  readonly restarts: number;
  /** Since the last one; Infinity where nobody knows. */
  readonly sinceFailureMs: number;
}

/**
 * Plans from the Pods there are; those counted in the status and gone since still count. `elapsedSince` says how long ago a
 * stamp is; what the wall clock says unless given.
 */
export function planJob(
  job: Job,
  pods: readonly Pod[],
  now: number,
  elapsedSince: ElapsedSince = (stamp) => now - Date.parse(stamp),
): JobPlan {
  const before = job.status ?? {};
  const finished = finishedCondition(before);
  if (finished) return { status: before, create: 0, remove: pods.filter(isActive), ...expiry(job, elapsedSince) };
  const counts = countPods(before, pods, elapsedSince);
  const startTime = job.spec.suspend ? undefined : (before.startTime ?? rfc3339(now));
  const base = statusOf(job, counts, pods, startTime);
  const verdict = verdictOf(job, counts, startTime, elapsedSince);
  if (verdict) return ended(job, base, verdict, counts, now);
  if (job.spec.suspend)
    return {
      status: withCondition(base, suspended(before, now, 'True')),
      create: 0,
      remove: counts.active,
      againMs: undefined,
      isExpired: false,
    };
  const running = before.conditions?.some(({ type }) => type === 'Suspended')
    ? withCondition(base, suspended(before, now, 'False'))
    : base;
  return { status: running, ...nextPods(job, counts, elapsedSince), isExpired: false };
}

function countPods(status: JobStatus, pods: readonly Pod[], elapsedSince: ElapsedSince): Counts {
  const known = pods.filter(({ status: podStatus }) => podStatus?.phase === 'Succeeded').length;
  const failures = pods.filter(({ status: podStatus }) => podStatus?.phase === 'Failed');
  const active = pods.filter(isActive);
  const restarts = active
    .flatMap(({ status: podStatus }) => podStatus?.containerStatuses ?? [])
    .reduce((sum, { restartCount }) => sum + restartCount, 0);
  const ends = failures
    .flatMap(({ status: podStatus }) => podStatus?.containerStatuses ?? [])
    .flatMap(({ state }) => state?.terminated?.finishedAt ?? [])
    .map((stamp) => elapsedSince(stamp));
  return {
    active,
    succeeded: Math.max(status.succeeded ?? 0, known),
    failed: Math.max(status.failed ?? 0, failures.length),
    restarts,
    sinceFailureMs: Math.min(Infinity, ...ends),
  };
}

function statusOf(
  { status = {} }: Job,
  { active, succeeded, failed }: Counts,
  pods: readonly Pod[],
  startTime: string | undefined,
): JobStatus {
  const terminating = pods.filter(
    ({ metadata, status: podStatus }) =>
      metadata.deletionTimestamp && podStatus?.phase !== 'Succeeded' && podStatus?.phase !== 'Failed',
  ).length;
  return {
    ...(status.conditions ? { conditions: status.conditions } : {}),
    ...(startTime ? { startTime } : {}),
    ...(active.length > 0 ? { active: active.length } : {}),
    ...(succeeded > 0 ? { succeeded } : {}),
    ...(failed > 0 ? { failed } : {}),
    terminating,
    ready: active.filter(isPodReady).length,
    uncountedTerminatedPods: {},
  };
}

interface Verdict {
  readonly type: 'Complete' | 'Failed';
  readonly reason: string;
  readonly message: string;
}

function verdictOf(
  { spec }: Job,
  counts: Counts,
  startTime: string | undefined,
  elapsedSince: ElapsedSince,
): Verdict | undefined {
  const limit = spec.backoffLimit ?? 6;
  // Pods that restart their own containers count each of those tries.
  const tries = counts.failed + (spec.template.spec.restartPolicy === 'OnFailure' ? counts.restarts : 0);
  if (tries > limit)
    return { type: 'Failed', reason: 'BackoffLimitExceeded', message: 'Job has reached the specified backoff limit' };
  if (
    startTime &&
    spec.activeDeadlineSeconds !== undefined &&
    elapsedSince(startTime) >= spec.activeDeadlineSeconds * 1000
  ) {
    return { type: 'Failed', reason: 'DeadlineExceeded', message: 'Job was active longer than specified deadline' };
  }
  const isDone =
    spec.completions === undefined
      ? counts.succeeded > 0 && counts.active.length === 0
      : counts.succeeded >= spec.completions;
  return isDone
    ? { type: 'Complete', reason: 'CompletionsReached', message: 'Reached expected number of succeeded pods' }
    : undefined;
}

function ended(job: Job, base: JobStatus, verdict: Verdict, counts: Counts, now: number): JobPlan {
  const at = rfc3339(now);
  const { active: _active, ...rest } = base;
  const herald = verdict.type === 'Complete' ? 'SuccessCriteriaMet' : 'FailureTarget';
  const condition = (type: string): StandardCondition => ({
    type,
    status: 'True',
    lastProbeTime: at,
    lastTransitionTime: at,
    reason: verdict.reason,
    message: verdict.message,
  });
  const marked = [herald, verdict.type].reduce(
    (status, type) => withCondition(status, condition(type)),
    rest as JobStatus,
  );
  const status = { ...marked, ready: 0, ...(verdict.type === 'Complete' ? { completionTime: at } : {}) };
  const ttl = job.spec.ttlSecondsAfterFinished;
  return {
    status,
    create: 0,
    remove: counts.active,
    againMs: ttl === undefined ? undefined : ttl * 1000,
    isExpired: ttl === 0,
  };
}

function nextPods(
  { spec, status }: Job,
  counts: Counts,
  elapsedSince: ElapsedSince,
): Pick<JobPlan, 'create' | 'remove' | 'againMs'> {
  const parallelism = spec.parallelism ?? 1;
  const stillNeeded =
    spec.completions === undefined
      ? counts.succeeded > 0
        ? counts.active.length
        : parallelism
      : spec.completions - counts.succeeded;
  const wanted = Math.min(parallelism, stillNeeded);
  const deadline =
    spec.activeDeadlineSeconds === undefined || !status?.startTime
      ? undefined
      : spec.activeDeadlineSeconds * 1000 - elapsedSince(status.startTime);
  if (counts.active.length > wanted) return { create: 0, remove: counts.active.slice(wanted), againMs: deadline };
  const wait = counts.failed > 0 ? backoffMs(RETRY, counts.failed) - counts.sinceFailureMs : 0;
  if (wait > 0 && wanted > counts.active.length)
    return { create: 0, remove: [], againMs: Math.min(wait, deadline ?? Infinity) };
  return { create: wanted - counts.active.length, remove: [], againMs: deadline };
}

export function finishedCondition(status: JobStatus | undefined): StandardCondition | undefined {
  return status?.conditions?.find(
    ({ type, status: is }) => (type === 'Complete' || type === 'Failed') && is === 'True',
  );
}

function expiry({ spec, status }: Job, elapsedSince: ElapsedSince): Pick<JobPlan, 'againMs' | 'isExpired'> {
  const ttl = spec.ttlSecondsAfterFinished;
  if (ttl === undefined) return { againMs: undefined, isExpired: false };
  const left = ttl * 1000 - elapsedSince(finishedCondition(status)?.lastTransitionTime ?? '');
  return left > 0 ? { againMs: left, isExpired: false } : { againMs: undefined, isExpired: true };
}

function suspended(before: JobStatus, now: number, status: 'True' | 'False'): StandardCondition {
  const known = before.conditions?.find(({ type }) => type === 'Suspended');
  if (known?.status === status) return known;
  const at = rfc3339(now);
  const [reason, message] = status === 'True' ? ['JobSuspended', 'Job suspended'] : ['JobResumed', 'Job resumed'];
  return { type: 'Suspended', status, lastProbeTime: at, lastTransitionTime: at, reason, message };
}

function withCondition(status: JobStatus, condition: StandardCondition): JobStatus {
  const others = (status.conditions ?? []).filter(({ type }) => type !== condition.type);
  return { ...status, conditions: [...others, condition] };
}
