// What the kinds of sources and sinks have in common: labels of their CRD objects, keys, conditions.

import { ageSince, condition, field, reason } from '#machinery/mod.ts';
import { eventingLabels } from '../labels.ts';

/** Labels of the CRD objects of sources, by which clients list the kinds of sources there are. */
export const sourceLabels: Readonly<Record<string, string>> = {
  ...eventingLabels,
  'duck.knative.dev/source': 'true',
  'eventing.knative.dev/source': 'true',
};

/** The annotation of a CRD object that tells which events a source sends. */
export function eventTypesAnnotation(...types: readonly string[]): Record<string, string> {
  return { 'registry.knative.dev/eventTypes': JSON.stringify(types.map((type) => ({ type }))) };
}

/** The columns of a source. */
export const sourceColumns = {
  Sink: field('status.sinkUri'),
  Age: ageSince,
  Ready: condition('Ready'),
  Reason: reason('Ready'),
};

/** Types of events that sources send. */
export const PING_EVENT_TYPE = 'dev.knative.sources.ping';
export const KAFKA_EVENT_TYPE = 'dev.knative.kafka.event';
export const API_SERVER_EVENT_TYPES = {
  Resource: {
    add: 'dev.knative.apiserver.resource.add',
    update: 'dev.knative.apiserver.resource.update',
    delete: 'dev.knative.apiserver.resource.delete',
  },
  Reference: {
    add: 'dev.knative.apiserver.ref.add',
    update: 'dev.knative.apiserver.ref.update',
    delete: 'dev.knative.apiserver.ref.delete',
  },
} as const;

/** On a PingSource: whether a tick that was missed is made up for, once (`latest`). */
export const CATCH_UP_ANNOTATION = 'ebb.dev/catch-up';
/** On an ApiServerSource: that what it may read is not asked beforehand. */
export const SKIP_PERMISSIONS_ANNOTATION = 'features.knative.dev/apiserversource-skip-permissions-check';
/** On a namespace or object: whether SinkBindings change what is in it. */
export const BINDING_EXCLUDE_LABEL = 'bindings.knative.dev/exclude';
export const BINDING_INCLUDE_LABEL = 'bindings.knative.dev/include';
