// What the API fills into a Job.

import type { ObjectMeta } from '#machinery/mod.ts';
import { defaultPodTemplate } from '../core/pod-defaults.ts';
import type { JobSpec } from './job-spec.ts';

export const CONTROLLER_UID_LABEL = 'batch.kubernetes.io/controller-uid';
export const JOB_NAME_LABEL = 'batch.kubernetes.io/job-name';
const OLD_CONTROLLER_UID_LABEL = 'controller-uid';
const OLD_JOB_NAME_LABEL = 'job-name';

/** Fills in the numbers of a Job and its template. */
export function defaultJob(spec: JobSpec): void {
  if (spec.parallelism === undefined && spec.completions === undefined) spec.completions = 1;
  spec.parallelism ??= 1;
  spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? 6 : 2147483647;
  spec.completionMode ??= 'NonIndexed';
  spec.suspend ??= false;
  spec.manualSelector ??= false;
  spec.podReplacementPolicy ??= spec.podFailurePolicy ? 'Failed' : 'TerminatingOrFailed';
  defaultPodTemplate(spec.template);
}

/** Gives a new Job the selector and labels by which it knows its own Pods, unless the user brings them. */
export function selectOwnPods({ uid, name }: ObjectMeta, spec: JobSpec): void {
  if (spec.manualSelector || !uid || !spec.template) return;
  const labels = {
    ...spec.template.metadata?.labels,
    [CONTROLLER_UID_LABEL]: uid,
    [OLD_CONTROLLER_UID_LABEL]: uid,
    [JOB_NAME_LABEL]: name,
    [OLD_JOB_NAME_LABEL]: name,
  };
  spec.template.metadata = { ...spec.template.metadata, labels };
  spec.selector ??= { matchLabels: { [CONTROLLER_UID_LABEL]: uid } };
}
