// What of a Pod may change once it exists: images, deadlines, more tolerations, and the node it is given.

import { copy, equal } from '#base/mod.ts';
import type { Problems } from '#machinery/mod.ts';
import type { Container } from './container.ts';
import type { PodSpec } from './pod-spec.ts';

const UPDATABLE = [
  '`spec.containers[*].image`',
  '`spec.initContainers[*].image`',
  '`spec.activeDeadlineSeconds`',
  '`spec.tolerations` (only additions to existing tolerations)',
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
];

/** Checks a change of a Pod's spec; paths are the object's own. */
export function checkPodUpdate(problems: Problems, now: PodSpec, before: PodSpec): void {
  if (!sameNumber(problems, now, before)) return;
  checkDeadline(problems, now, before);
  const kept = (before.tolerations ?? []).every((old) => (now.tolerations ?? []).some((one) => equal(one, old)));
  if (!kept) {
    problems.forbidden('spec.tolerations', 'existing toleration can not be modified except its tolerationSeconds');
  }
  if (equal(masked(now, before), masked(before, before))) return;
  const changed = changedFields(masked(now, before), masked(before, before));
  problems.forbidden('spec', `pod updates may not change fields other than ${UPDATABLE.join(',')}\n${changed}`);
}

function sameNumber(problems: Problems, now: PodSpec, before: PodSpec): boolean {
  for (const field of ['containers', 'initContainers'] as const) {
    if ((now[field]?.length ?? 0) !== (before[field]?.length ?? 0)) {
      problems.forbidden(`spec.${field}`, 'pod updates may not add or remove containers');
      return false;
    }
  }
  return true;
}

function checkDeadline(problems: Problems, now: PodSpec, before: PodSpec): void {
  const [next, old] = [now.activeDeadlineSeconds, before.activeDeadlineSeconds];
  if (next === undefined) {
    if (old !== undefined) {
      problems.invalid('spec.activeDeadlineSeconds', null, 'must not update from a positive integer to nil value');
    }
  } else if (old !== undefined && old < next) {
    problems.invalid('spec.activeDeadlineSeconds', next, 'must be less than or equal to previous value');
  }
}

/** The spec with what may change set to what it was. A Pod without a node may be given one, once. */
function masked(spec: PodSpec, before: PodSpec): PodSpec {
  const image = (container: Container, index: number, field: 'containers' | 'initContainers'): Container => ({
    ...container,
    image: before[field]?.[index]?.image,
  });
  return copy({
    ...spec,
    containers: spec.containers.map((container, index) => image(container, index, 'containers')),
    initContainers: spec.initContainers?.map((container, index) => image(container, index, 'initContainers')),
    ephemeralContainers: before.ephemeralContainers,
    schedulingGates: before.schedulingGates,
    activeDeadlineSeconds: before.activeDeadlineSeconds,
    nodeName: before.nodeName ? spec.nodeName : undefined,
    tolerations: before.tolerations,
  });
}

function changedFields(now: PodSpec, before: PodSpec): string {
  const fields = [...new Set([...Object.keys(before), ...Object.keys(now)])].sort() as (keyof PodSpec)[];
  const lines = fields
    .filter((field) => !equal(now[field], before[field]))
    .map((field) => {
      const [old, next] = [JSON.stringify(before[field] ?? null), JSON.stringify(now[field] ?? null)];
      return `- ${field}: ${old}\n+ ${field}: ${next}`;
    });
  return `${lines.join('\n')}\n`;
}
