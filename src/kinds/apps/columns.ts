// Columns that the workload kinds share.

import type { Column } from '#machinery/mod.ts';
import { computed, labelSelectorText, wide } from '#machinery/mod.ts';
import type { PodTemplateSpec } from '../core/pod-spec.ts';
import type { LabelSelector } from '../core/references.ts';
import type { Parts } from '../object-parts.ts';

interface WorkloadSpec {
  readonly selector?: LabelSelector | undefined;
  readonly template: PodTemplateSpec;
}
type Workload = Parts<WorkloadSpec>;

/** Containers, images and selector: what `-o wide` adds for everything that stamps Pods. */
export const workloadColumns: Readonly<Record<string, Column>> = {
  Containers: wide(computed(({ spec }: Workload) => containersOf(spec, ({ name }) => name))),
  Images: wide(computed(({ spec }: Workload) => containersOf(spec, ({ image = '' }) => image))),
  Selector: wide(computed(({ spec }: Workload) => selectorText(spec.selector))),
};

function containersOf(
  spec: WorkloadSpec,
  part: (container: { name: string; image?: string | undefined }) => string,
): string {
  return (spec.template?.spec?.containers ?? []).map(part).join(',');
}

/** A label selector as a column shows it. */
export function selectorText(selector: LabelSelector | undefined): string {
  return (selector && labelSelectorText(selector)) || '<none>';
}
