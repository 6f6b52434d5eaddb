// A PingSource: an event by the clock.

import type { FieldErrors, ObjectOf, WriteContext } from '#machinery/mod.ts';
import { ageSince, condition, defineKind, field, living, livingStatus, object, reason, text } from '#machinery/mod.ts';
import { noteUser } from '../duck/note-user.ts';
import { sourceSpecFields, sourceStatusFields } from '../duck/source.ts';
import { EVENTING_WEBHOOK } from '../labels.ts';
import type { PingParts } from './check-ping.ts';
import { checkCatchUp, checkPingData, checkPingSchedule } from './check-ping.ts';
import type { SourceSpec } from './check-source.ts';
import { checkSource } from './check-source.ts';
import { eventTypesAnnotation, PING_EVENT_TYPE, sourceLabels } from './labels.ts';

const PingSourceSpecSchema = object({
  ...sourceSpecFields,
  schedule: text().doc('When events are sent: five fields of cron, six with seconds first, or a name such as @hourly.'),
  timezone: text().doc('The time zone of the schedule, by its name in the IANA database; UTC where it is not set.'),
  contentType: text().doc('The media type of the data.'),
  data: text().doc('The body of each event, as text.'),
  dataBase64: text().doc('The body of each event, as base64 of its bytes.'),
});

const definition = {
  kind: 'PingSource',
  names: { plural: 'pingsources', categories: ['all', 'knative', 'sources'] },
  scope: 'Namespaced',
  doc: 'PingSource describes an event source with a fixed payload produced on a specified cron schedule.',
  spec: PingSourceSpecSchema,
  status: livingStatus(sourceStatusFields),
  conditions: living('SinkProvided', 'Deployed', 'OIDCIdentityCreated'),
  columns: {
    Sink: field('status.sinkUri'),
    Schedule: field('spec.schedule'),
    Age: ageSince,
    Ready: condition('Ready'),
    Reason: reason('Ready'),
  },
  custom: true,
  crdLabels: sourceLabels,
  crdAnnotations: eventTypesAnnotation(PING_EVENT_TYPE),
  webhook: EVENTING_WEBHOOK,
} as const;

type Whole = {
  metadata: { annotations?: Record<string, string> | undefined };
  spec: PingParts & SourceSpec;
};

function check({ metadata, spec }: Whole, errors: FieldErrors, context: WriteContext): void {
  if (context.subresource === 'status') return;
  errors.merge(checkSource(spec, context), 'spec');
  errors.merge(checkPingSchedule(spec), 'spec');
  errors.merge(checkPingData(spec, context), 'spec');
  errors.merge(checkCatchUp(metadata.annotations), 'metadata.annotations');
}

export const PingSource = defineKind({
  ...definition,
  apiVersion: 'sources.knative.dev/v1',
  defaults(source, context, before) {
    if (context.subresource === 'status') return;
    source.spec.schedule ||= '* * * * *';
    noteUser(source, context, before);
  },
  check,
});
export type PingSource = ObjectOf<typeof PingSource>;

/** The same in its older version; the fields are the same. */
export const PingSourceV1Beta2 = defineKind({
  ...definition,
  apiVersion: 'sources.knative.dev/v1beta2',
  deprecation: 'sources.knative.dev/v1beta2 PingSource is deprecated; see sources.knative.dev/v1 PingSource',
  defaults(source, context, before) {
    if (context.subresource === 'status') return;
    source.spec.schedule ||= '* * * * *';
    noteUser(source, context, before);
  },
  check,
});
