// A CronJob: Jobs by the clock.

import { timeZone } from '#base/mod.ts';
import type { ObjectOf, TypeOf } from '#machinery/mod.ts';
import {
  age,
  ageOf,
  computed,
  defineKind,
  flag,
  int32,
  int64,
  list,
  object,
  text,
  time,
  wide,
} from '#machinery/mod.ts';
import { checkFromZero } from '../apps/check-workload.ts';
import { selectorText } from '../apps/columns.ts';
import { ObjectReferenceSchema, PodTemplateMetaSchema } from '../core/references.ts';
import { checkJobTemplate } from './check-job.ts';
import { checkSchedule } from './check-schedule.ts';
import { defaultPodTemplate } from '../core/pod-defaults.ts';
import { JobSpecSchema } from './job-spec.ts';
import type { Parts } from '../object-parts.ts';

const CronJobSpecSchema = object({
  schedule: text().required(),
  timeZone: text(),
  startingDeadlineSeconds: int64(),
  concurrencyPolicy: text(),
  suspend: flag(),
  jobTemplate: object({ metadata: PodTemplateMetaSchema, spec: JobSpecSchema.required() }).required(),
  successfulJobsHistoryLimit: int32(),
  failedJobsHistoryLimit: int32(),
});
export type CronJobSpec = TypeOf<typeof CronJobSpecSchema>;

const CronJobStatusSchema = object({
  active: list(ObjectReferenceSchema),
  lastScheduleTime: time(),
  lastSuccessfulTime: time(),
});
type Whole = Parts<CronJobSpec, TypeOf<typeof CronJobStatusSchema>>;

const POLICIES = ['Allow', 'Forbid', 'Replace'];

const containers = ({ spec }: Whole) => spec.jobTemplate.spec.template.spec.containers ?? [];

export const CronJob = defineKind({
  apiVersion: 'batch/v1',
  kind: 'CronJob',
  names: { plural: 'cronjobs', short: ['cj'], categories: ['all'] },
  scope: 'Namespaced',
  doc: 'CronJob represents the configuration of a single cron job.',
  spec: CronJobSpecSchema,
  status: CronJobStatusSchema,
  columns: {
    Schedule: computed(({ spec }: Whole) => spec.schedule),
    Timezone: computed(({ spec }: Whole) => spec.timeZone ?? '<none>'),
    Suspend: computed(({ spec }: Whole) => (spec.suspend ? 'True' : 'False')),
    Active: computed(({ status }: Whole) => status?.active?.length ?? 0),
    'Last Schedule': computed(({ status }: Whole, now) =>
      status?.lastScheduleTime ? ageOf(status.lastScheduleTime, now) : '<none>',
    ),
    Age: age,
    Containers: wide(
      computed((job: Whole) =>
        containers(job)
          .map(({ name }) => name)
          .join(','),
      ),
    ),
    Images: wide(
      computed((job: Whole) =>
        containers(job)
          .map(({ image }) => image ?? '')
          .join(','),
      ),
    ),
    Selector: wide(computed(({ spec }: Whole) => selectorText(spec.jobTemplate.spec.selector))),
  },
  defaults({ spec }) {
    spec.concurrencyPolicy ||= 'Allow';
    spec.suspend ??= false;
    spec.successfulJobsHistoryLimit ??= 3;
    spec.failedJobsHistoryLimit ??= 1;
    defaultPodTemplate(spec.jobTemplate?.spec?.template);
  },
  validate({ spec }, problems, { subresource }) {
    if (subresource === 'status') return;
    const place = problems.under('spec');
    const { startingDeadlineSeconds, successfulJobsHistoryLimit, failedJobsHistoryLimit } = spec;
    checkSchedule(place, spec.schedule);
    if (spec.timeZone !== undefined && (spec.timeZone === '' || !timeZone(spec.timeZone)))
      place.invalid('timeZone', spec.timeZone, `unknown time zone ${spec.timeZone}`);
    checkFromZero(place, { startingDeadlineSeconds, successfulJobsHistoryLimit, failedJobsHistoryLimit });
    if (!POLICIES.includes(spec.concurrencyPolicy ?? '')) {
      place.notSupported('concurrencyPolicy', spec.concurrencyPolicy, POLICIES);
    }
    checkJobTemplate(place.under('jobTemplate.spec'), spec.jobTemplate.spec);
  },
});
export type CronJob = ObjectOf<typeof CronJob>;
