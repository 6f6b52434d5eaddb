// A Job: Pods that run until they are done.

import type { ObjectOf, TypeOf } from '#machinery/mod.ts';
import { age, ageOf, computed, defineKind, humanDuration, int32, list, object, text, time } from '#machinery/mod.ts';
import { workloadColumns } from '../apps/columns.ts';
import { StandardConditionsSchema } from '../core/references.ts';
import { checkJob, checkJobUpdate } from './check-job.ts';
import { defaultJob, selectOwnPods } from './job-defaults.ts';
import type { JobSpec } from './job-spec.ts';
import { JobSpecSchema } from './job-spec.ts';
import type { Parts } from '../object-parts.ts';

const JobStatusSchema = object({
  conditions: StandardConditionsSchema,
  startTime: time(),
  completionTime: time(),
  active: int32(),
  succeeded: int32(),
  failed: int32(),
  terminating: int32(),
  completedIndexes: text(),
  failedIndexes: text(),
  uncountedTerminatedPods: object({ succeeded: list(text()), failed: list(text()) }),
  ready: int32(),
});
export type JobStatus = TypeOf<typeof JobStatusSchema>;
type Whole = Parts<JobSpec, JobStatus>;

/** The STATUS column: the condition that ended or suspends the Job, else Running. */
function statusText({ metadata, status }: Whole): string {
  const has = (type: string): boolean =>
    status?.conditions?.some((one) => one.type === type && one.status === 'True') ?? false;
  if (has('Complete')) return 'Complete';
  if (has('Failed')) return 'Failed';
  if (metadata.deletionTimestamp) return 'Terminating';
  if (has('Suspended')) return 'Suspended';
  if (has('FailureTarget')) return 'FailureTarget';
  return has('SuccessCriteriaMet') ? 'SuccessCriteriaMet' : 'Running';
}

function completionsText({ spec, status }: Whole): string {
  const succeeded = status?.succeeded ?? 0;
  if (spec.completions !== undefined) return `${succeeded}/${spec.completions}`;
  const parallel = spec.parallelism ?? 0;
  return parallel > 1 ? `${succeeded}/1 of ${parallel}` : `${succeeded}/1`;
}

function durationText({ status }: Whole, now: number): string {
  if (!status?.startTime) return '';
  if (!status.completionTime) return ageOf(status.startTime, now);
  return humanDuration(Date.parse(status.completionTime) - Date.parse(status.startTime));
}

export const Job = defineKind({
  apiVersion: 'batch/v1',
  kind: 'Job',
  names: { plural: 'jobs', categories: ['all'] },
  scope: 'Namespaced',
  doc: 'Job represents the configuration of a single job.',
  spec: JobSpecSchema,
  status: JobStatusSchema,
  columns: {
    Status: computed((job: Whole) => statusText(job)),
    Completions: computed((job: Whole) => completionsText(job)),
    Duration: computed((job: Whole, now) => durationText(job, now)),
    Age: age,
    ...workloadColumns,
  },
  selectableFields: ['status.successful'],
  defaults({ metadata, spec }, { operation }) {
    defaultJob(spec);
    if (operation === 'CREATE') selectOwnPods(metadata, spec);
    const labels = spec.template?.metadata?.labels;
    if (labels && Object.keys(metadata.labels ?? {}).length === 0) metadata.labels = { ...labels };
  },
  validate({ spec }, problems, { subresource }, before) {
    if (subresource === 'status') return;
    checkJob(problems.under('spec'), spec);
    if (before) checkJobUpdate(problems.under('spec'), spec, before.spec);
  },
});
export type Job = ObjectOf<typeof Job>;
