// Starts the Jobs of a CronJob when its schedule says so. A moment starts one Job, whatever happens: its name says which moment.

import { messageOf, rfc3339 } from '#base/mod.ts';
import type { Turn } from '#engine/mod.ts';
import { defineController } from '#engine/mod.ts';
import { CronJob, Job } from '#kinds/mod.ts';
import { isReason } from '#machinery/mod.ts';
import { finishedCondition } from '../job/decide.ts';
import { jobNameOf, planCronJob } from './decide.ts';

type CronTurn = Turn<CronJob>;

const SCHEDULED_ANNOTATION = 'batch.kubernetes.io/cronjob-scheduled-timestamp';

export const cronJobController = defineController<CronJob>({
  name: 'cronjob-controller',
  of: CronJob,
  owns: [Job],
  async reconcile(turn) {
    const jobs = turn.owned(Job);
    const plan = planCronJob(turn.object, jobs, turn.now);
    for (const job of plan.forgotten) await removeJob(turn, job);
    tellEnded(turn, jobs);
    if (plan.skipped) turn.event('Warning', plan.skipped.reason, plan.skipped.message);
    for (const job of plan.replaced) await removeJob(turn, job);
    if (plan.start !== undefined) await startJob(turn, plan.start);
    tellActive(turn);
    if (plan.againMs !== undefined) turn.again(plan.againMs);
  },
});

async function startJob(turn: CronTurn, scheduled: number): Promise<void> {
  const { object, status } = turn;
  const { metadata: template, spec } = object.spec.jobTemplate;
  const job: Job = {
    apiVersion: Job.apiVersion,
    kind: Job.kind,
    metadata: {
      name: jobNameOf(object, scheduled),
      namespace: object.metadata.namespace ?? '',
      ...(template?.labels ? { labels: template.labels } : {}),
      annotations: { ...template?.annotations, [SCHEDULED_ANNOTATION]: rfc3339(scheduled) },
    },
    spec,
  };
  const { outcome } = await turn.claim(Job, job).catch((thrown: unknown) => {
    turn.event('Warning', 'FailedCreate', `Error creating job: ${messageOf(thrown)}`);
    throw thrown;
  });
  if (outcome === 'created') turn.event('Normal', 'SuccessfulCreate', `Created job ${job.metadata.name}`);
  // Only now: a platform that dies before this finds the Job by its name, and one that dies after it looks no further back.
  status.lastScheduleTime = rfc3339(scheduled);
}

async function removeJob(turn: CronTurn, job: Job): Promise<void> {
  const { namespace = '', name, uid = '' } = job.metadata;
  try {
    await turn.client.delete(Job, namespace, name, { uid, propagation: 'Background' });
  } catch (thrown) {
    if (!isReason(thrown, 'NotFound')) throw thrown;
  }
  turn.event('Normal', 'SuccessfulDelete', `Deleted job ${name}`);
}

/** Jobs that were active when last looked at, and are over now. */
function tellEnded(turn: CronTurn, jobs: readonly Job[]): void {
  const { object, status } = turn;
  for (const { uid } of object.status?.active ?? []) {
    const job = jobs.find(({ metadata }) => metadata.uid === uid);
    const end = finishedCondition(job?.status);
    if (!job || !end) continue;
    turn.event('Normal', 'SawCompletedJob', `Saw completed job: ${job.metadata.name}, condition: ${end.type}`);
    const completed = job.status?.completionTime;
    if (end.type === 'Complete' && completed && completed > (status.lastSuccessfulTime ?? ''))
      status.lastSuccessfulTime = completed;
  }
}

function tellActive(turn: CronTurn): void {
  const { status } = turn;
  const active = turn.owned(Job).filter((job) => !finishedCondition(job.status) && !job.metadata.deletionTimestamp);
  if (active.length === 0) {
    delete status.active;
    return;
  }
  status.active = active.map(({ apiVersion, kind, metadata: { name, namespace, uid } }) => ({
    apiVersion,
    kind,
    name,
    ...(namespace ? { namespace } : {}),
    ...(uid ? { uid } : {}),
  }));
}
