// What a Job should do; shared with the template of a CronJob.

import type { TypeOf } from '#machinery/mod.ts';
import { flag, int32, int64, list, object, text } from '#machinery/mod.ts';
import { PodTemplateSpecSchema } from '../core/pod-spec.ts';
import { LabelSelectorSchema } from '../core/references.ts';

const PodFailurePolicySchema = object({
  rules: list(
    object({
      action: text().required(),
      onExitCodes: object({ containerName: text(), operator: text().required(), values: list(int32()) }),
      onPodConditions: list(object({ type: text().required(), status: text() })),
    }),
  ),
});

export const JobSpecSchema = object({
  parallelism: int32(),
  completions: int32(),
  activeDeadlineSeconds: int64(),
  podFailurePolicy: PodFailurePolicySchema,
  successPolicy: object({ rules: list(object({ succeededIndexes: text(), succeededCount: int32() })) }),
  backoffLimit: int32(),
  backoffLimitPerIndex: int32(),
  maxFailedIndexes: int32(),
  selector: LabelSelectorSchema,
  manualSelector: flag(),
  template: PodTemplateSpecSchema.required(),
  ttlSecondsAfterFinished: int32(),
  completionMode: text(),
  suspend: flag(),
  podReplacementPolicy: text(),
  managedBy: text(),
});
export type JobSpec = TypeOf<typeof JobSpecSchema>;
