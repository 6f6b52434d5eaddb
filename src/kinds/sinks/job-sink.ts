// A JobSink: a Job for each event.

import type { JsonObject } from '#base/mod.ts';
import { isRecord } from '#base/mod.ts';
import type { ObjectOf } from '#machinery/mod.ts';
import { any, defineKind, living, livingStatus, object, text } from '#machinery/mod.ts';
import { addressColumns, addressFields, policyFields } from '../duck/addressable.ts';
import { noteUser } from '../duck/note-user.ts';
import { EVENTING_WEBHOOK, eventingLabels } from '../labels.ts';

/** Tells a program that it runs once, for one event, in a file. */
const EXECUTION_MODE = { name: 'K_EXECUTION_MODE', value: 'batch' };

/** On Jobs of a JobSink: its name, and which event a Job is for. */
export const JOB_SINK_NAME_LABEL = 'sinks.knative.dev/job-sink-name';
export const JOB_SINK_ID_LABEL = 'sinks.knative.dev/job-sink-id';

export const JobSink = defineKind({
  apiVersion: 'sinks.knative.dev/v1alpha1',
  kind: 'JobSink',
  names: { plural: 'jobsinks', categories: ['all', 'knative', 'eventing', 'sink'] },
  scope: 'Namespaced',
  doc: 'JobSink triggers long-running jobs when an event occurs.',
  spec: object({ job: any<JsonObject>().doc('The Job that is made for each event (batch/v1).') }),
  status: livingStatus({
    ...addressFields,
    ...policyFields,
    job: object({ selector: text().doc('A label selector for the Jobs of this sink.') }),
  }),
  conditions: living('Addressable', 'EventPoliciesReady'),
  columns: addressColumns,
  custom: true,
  crdLabels: { ...eventingLabels, 'duck.knative.dev/addressable': 'true' },
  webhook: EVENTING_WEBHOOK,
  defaults(sink, context, before) {
    if (context.subresource === 'status') return;
    for (const container of containersOf(sink.spec.job)) setExecutionMode(container);
    noteUser(sink, context, before);
  },
  check({ spec }, errors, context) {
    if (context.subresource !== 'status' && !isRecord(spec.job))
      errors.generic('expected exactly one, got neither', 'spec.job');
  },
});
export type JobSink = ObjectOf<typeof JobSink>;

/** The containers of a Job as it was written, whatever else is in it. */
function containersOf(job: unknown): Record<string, unknown>[] {
  let pod: unknown = job;
  for (const field of ['spec', 'template', 'spec']) pod = isRecord(pod) ? pod[field] : undefined;
  if (!isRecord(pod)) return [];
  return [pod['containers'], pod['initContainers']]
    .flatMap((list): unknown[] => (Array.isArray(list) ? list : []))
    .filter(isRecord);
}

function setExecutionMode(container: Record<string, unknown>): void {
  const env = Array.isArray(container['env']) ? (container['env'] as unknown[]) : [];
  const others = env.filter((entry) => !isRecord(entry) || entry['name'] !== EXECUTION_MODE.name);
  if (
    env.some(
      (entry) => isRecord(entry) && entry['value'] === EXECUTION_MODE.value && entry['name'] === EXECUTION_MODE.name,
    )
  )
    return;
  container['env'] = [...others, { ...EXECUTION_MODE }];
}
