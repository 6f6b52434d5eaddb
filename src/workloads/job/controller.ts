// Runs a Job's Pods until enough of them have succeeded, or too many have not.

import type { Random } from '#base/mod.ts';
import { equal } from '#base/mod.ts';
import type { ControllerDefinition, Turn } from '#engine/mod.ts';
import { defineController } from '#engine/mod.ts';
import { CONTROLLER_UID_LABEL, Job, JOB_NAME_LABEL, Pod } from '#kinds/mod.ts';
import { stampPod } from '../pods/stamp.ts';
import { finishedCondition, planJob } from './decide.ts';

export function jobController(random: Random): ControllerDefinition<Job> {
  return defineController<Job>({
    name: 'job-controller',
    of: Job,
    owns: [Pod],
    async reconcile(turn) {
      const job = turn.object;
      const plan = planJob(job, turn.owned(Pod), turn.now, (stamp) => turn.elapsedSince(stamp));
      if (plan.isExpired) {
        const { namespace = '', name, uid = '' } = job.metadata;
        return turn.client.delete(Job, namespace, name, { uid, propagation: 'Background' });
      }
      await Promise.all(plan.remove.map((pod) => removePod(turn, pod)));
      for (let i = 0; i < plan.create; i++) await createPod(turn, random);
      setStatus(turn, plan.status, plan.create);
      if (plan.againMs !== undefined) turn.again(Math.max(1, plan.againMs));
    },
  });
}

async function createPod(turn: Turn<Job>, random: Random): Promise<void> {
  const job = turn.object;
  const pod = stampPod(job, job.spec.template, random);
  const { uid = '', name } = job.metadata;
  pod.metadata.labels = {
    ...pod.metadata.labels,
    [CONTROLLER_UID_LABEL]: uid,
    [JOB_NAME_LABEL]: name,
    'controller-uid': uid,
    'job-name': name,
  };
  const made = await turn.client.create(Pod, pod);
  turn.event('Normal', 'SuccessfulCreate', `Created pod: ${made.metadata.name}`);
}

async function removePod(turn: Turn<Job>, pod: Pod): Promise<void> {
  await turn.remove(Pod, pod);
  turn.event('Normal', 'SuccessfulDelete', `Deleted pod: ${pod.metadata.name}`);
}

function setStatus(turn: Turn<Job>, status: Job['status'], created: number): void {
  const active = (status?.active ?? 0) + created;
  const next = { ...status, ...(active > 0 ? { active } : {}) };
  const end = finishedCondition(next);
  if (end && !finishedCondition(turn.object.status)) {
    if (end.type === 'Complete') turn.event('Normal', 'Completed', 'Job completed');
    else turn.event('Warning', end.reason ?? 'Failed', end.message ?? '');
  }
  if (equal(turn.status, next)) return;
  for (const field of Object.keys(turn.status)) Reflect.deleteProperty(turn.status, field);
  Object.assign(turn.status, next);
}
