// What Kubernetes refuses in Jobs.

import { equal } from '#base/mod.ts';
import type { Problems } from '#machinery/mod.ts';
import { matchesLabelSelector } from '#machinery/mod.ts';
import { checkFromZero, checkLabelSelector } from '../apps/check-workload.ts';
import { checkPodTemplate } from '../core/check-pod.ts';
import type { JobSpec } from './job-spec.ts';

const RESTARTS = ['OnFailure', 'Never'];
const MODES = ['NonIndexed', 'Indexed'];

/** Checks a Job's spec, with the selector that it must have. */
export function checkJob(problems: Problems, spec: JobSpec): void {
  checkJobTemplate(problems, spec);
  if (!spec.selector) return problems.required('selector');
  checkLabelSelector(problems.under('selector'), spec.selector);
  const labels = spec.template.metadata?.labels ?? {};
  if (!matchesLabelSelector(spec.selector, labels)) {
    problems.invalid('template.metadata.labels', labels, '`selector` does not match template `labels`');
  }
}

/** Checks a Job's spec as a CronJob carries it: its selector comes later. */
export function checkJobTemplate(problems: Problems, spec: JobSpec): void {
  const { parallelism, completions, activeDeadlineSeconds, backoffLimit, ttlSecondsAfterFinished } = spec;
  checkFromZero(problems, { parallelism, completions, activeDeadlineSeconds, backoffLimit, ttlSecondsAfterFinished });
  const mode = spec.completionMode ?? 'NonIndexed';
  if (!MODES.includes(mode)) problems.notSupported('completionMode', mode, MODES);
  if (mode === 'Indexed' && completions === undefined) {
    problems.required('completions', 'when completion mode is Indexed');
  }
  if (mode !== 'Indexed') {
    for (const field of ['backoffLimitPerIndex', 'maxFailedIndexes', 'successPolicy'] as const) {
      if (spec[field] !== undefined) problems.invalid(field, spec[field], 'requires indexed completion mode');
    }
  }
  checkPodTemplate(problems.under('template'), spec.template);
  checkRestart(problems, spec);
}

function checkRestart(problems: Problems, { template, podFailurePolicy }: JobSpec): void {
  const field = 'template.spec.restartPolicy';
  const policy = template.spec.restartPolicy ?? '';
  if (policy === '' || policy === 'Always') problems.required(field, 'valid values: "OnFailure", "Never"');
  else if (!RESTARTS.includes(policy)) problems.notSupported(field, policy, RESTARTS);
  else if (podFailurePolicy && policy !== 'Never') {
    problems.invalid(field, policy, 'only "Never" is supported when podFailurePolicy is specified');
  }
}

const FIXED = [
  'selector',
  'completionMode',
  'podFailurePolicy',
  'backoffLimitPerIndex',
  'managedBy',
  'successPolicy',
] as const;

/** What of a Job may not change; its template only while it is suspended and has not begun. */
export function checkJobUpdate(problems: Problems, now: JobSpec, before: JobSpec): void {
  const isIndexed = now.completionMode === 'Indexed';
  if (now.completions !== before.completions && !(isIndexed && now.completions === now.parallelism)) {
    problems.invalid('completions', now.completions, 'field is immutable');
  }
  for (const field of FIXED) {
    if (!equal(now[field], before[field])) problems.invalid(field, now[field], 'field is immutable');
  }
  if (!before.suspend && !equal(now.template, before.template)) {
    problems.invalid('template', now.template, 'field is immutable');
  }
}
