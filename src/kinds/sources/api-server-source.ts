// An ApiServerSource: events about changes of objects of the API.

import type { ObjectOf } from '#machinery/mod.ts';
import { defineKind, list, living, livingStatus, object, text } from '#machinery/mod.ts';
import { LabelSelectorSchema } from '../core/references.ts';
import { noteUser } from '../duck/note-user.ts';
import { sourceSpecFields, sourceStatusFields } from '../duck/source.ts';
import { FiltersSchema } from '../eventing/filter.ts';
import { EVENTING_WEBHOOK } from '../labels.ts';
import { checkResources, checkSourceFilters } from './check-api-server.ts';
import { checkSource } from './check-source.ts';
import { API_SERVER_EVENT_TYPES, eventTypesAnnotation, sourceColumns, sourceLabels } from './labels.ts';

const MODES = ['Reference', 'Resource'];

export const ApiServerSource = defineKind({
  apiVersion: 'sources.knative.dev/v1',
  kind: 'ApiServerSource',
  names: { plural: 'apiserversources', categories: ['all', 'knative', 'sources'] },
  scope: 'Namespaced',
  doc: 'ApiServerSource is an event source that brings Kubernetes API server events into Knative.',
  spec: object({
    ...sourceSpecFields,
    resources: list(
      object({
        apiVersion: text().doc('The version of the kind that is watched.'),
        kind: text().doc('The kind that is watched.'),
        selector: LabelSelectorSchema.doc('Which objects of the kind; all where it is not set.'),
      }),
    ).doc('What is watched.'),
    owner: object({ apiVersion: text(), kind: text() }).doc('Only objects that an object of this kind controls.'),
    mode: text().doc('Reference sends who the object is, Resource the whole object.'),
    serviceAccountName: text().doc('The ServiceAccount that must be allowed to watch.'),
    namespaceSelector: LabelSelectorSchema.doc(
      'In which namespaces: all for an empty one, its own where it is not set.',
    ),
    filters: FiltersSchema.doc('Which events are sent: those that all filters let through.'),
  }),
  status: livingStatus({ ...sourceStatusFields, namespaces: list(text()).doc('The namespaces that are watched.') }),
  conditions: living('SinkProvided', 'Deployed', 'SufficientPermissions', 'OIDCIdentityCreated'),
  columns: sourceColumns,
  custom: true,
  crdLabels: sourceLabels,
  crdAnnotations: eventTypesAnnotation(
    ...Object.values(API_SERVER_EVENT_TYPES.Resource),
    ...Object.values(API_SERVER_EVENT_TYPES.Reference),
  ),
  webhook: EVENTING_WEBHOOK,
  defaults(source, context, before) {
    if (context.subresource === 'status') return;
    source.spec.mode ||= 'Reference';
    source.spec.serviceAccountName ||= 'default';
    noteUser(source, context, before);
  },
  check({ spec }, errors, context) {
    if (context.subresource === 'status') return;
    if (!MODES.includes(spec.mode ?? '')) errors.invalid(spec.mode ?? '', 'spec.mode');
    errors.merge(checkSource(spec, context), 'spec');
    errors.merge(checkResources(spec.resources, spec.owner), 'spec');
    errors.merge(checkSourceFilters(spec.filters, context), 'spec');
  },
});
export type ApiServerSource = ObjectOf<typeof ApiServerSource>;
