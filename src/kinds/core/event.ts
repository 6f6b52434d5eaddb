// An Event: something worth telling a person about an object.

import type { KubeObject, ObjectOf, TypeOf } from '#machinery/mod.ts';
import { ageOf, computed, defineKind, int32, object, ownName, text, time, wide } from '#machinery/mod.ts';
import { ObjectReferenceSchema } from './references.ts';

const EventFields = {
  involvedObject: ObjectReferenceSchema.required(),
  reason: text(),
  message: text(),
  source: object({ component: text(), host: text() }),
  firstTimestamp: time().with({ nullable: true }),
  lastTimestamp: time().with({ nullable: true }),
  count: int32(),
  type: text(),
  eventTime: time().with({ nullable: true }),
  series: object({ count: int32(), lastObservedTime: time() }),
  action: text(),
  related: ObjectReferenceSchema,
  reportingComponent: text(),
  reportingInstance: text(),
};
const EventSchema = object(EventFields);
type Parts = KubeObject & TypeOf<typeof EventSchema>;

function lastSeen(event: Parts, now: number): string {
  if (event.series?.lastObservedTime) return ageOf(event.series.lastObservedTime, now);
  return ageOf(event.lastTimestamp ?? event.eventTime ?? firstStamp(event), now);
}

function firstStamp({ firstTimestamp, eventTime, metadata }: Parts): string | undefined {
  return firstTimestamp ?? eventTime ?? metadata.creationTimestamp;
}

function objectText({ involvedObject: { kind = '', name } }: Parts): string {
  return name ? `${kind.toLowerCase()}/${name}` : kind.toLowerCase();
}

function sourceText({ source, reportingComponent, reportingInstance }: Parts): string {
  const component = source?.component || reportingComponent || '';
  const host = source?.host || reportingInstance || '';
  return host ? `${component}, ${host}` : component;
}

export const Event = defineKind({
  apiVersion: 'v1',
  kind: 'Event',
  names: { plural: 'events', short: ['ev'] },
  scope: 'Namespaced',
  doc: 'Event is a report of an event somewhere in the cluster.',
  fields: EventFields,
  columns: {
    'Last Seen': computed((event: Parts, now) => lastSeen(event, now)),
    Type: computed((event: Parts) => event.type ?? ''),
    Reason: computed((event: Parts) => event.reason ?? ''),
    Object: computed((event: Parts) => objectText(event)),
    Subobject: wide(computed((event: Parts) => event.involvedObject.fieldPath ?? '')),
    Source: wide(computed((event: Parts) => sourceText(event))),
    Message: computed((event: Parts) => (event.message ?? '').trim()),
    'First Seen': wide(computed((event: Parts, now) => ageOf(firstStamp(event), now))),
    Count: wide(computed((event: Parts) => event.series?.count ?? event.count ?? 1)),
    Name: wide(ownName),
  },
  lossy: 'all',
  selectableFields: [
    'involvedObject.kind',
    'involvedObject.namespace',
    'involvedObject.name',
    'involvedObject.uid',
    'involvedObject.apiVersion',
    'involvedObject.resourceVersion',
    'involvedObject.fieldPath',
    'reason',
    'reportingComponent',
    'source',
    'type',
  ],
});
export type Event = ObjectOf<typeof Event>;
