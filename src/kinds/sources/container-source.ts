// A ContainerSource: a program of the user's own that sends events.

import type { ObjectOf } from '#machinery/mod.ts';
import { defineKind, FieldErrors, living, livingStatus, object } from '#machinery/mod.ts';
import type { Container } from '../core/container.ts';
import { PodTemplateSpecSchema } from '../core/pod-spec.ts';
import { noteUser } from '../duck/note-user.ts';
import { sourceSpecFields, sourceStatusFields } from '../duck/source.ts';
import { EVENTING_WEBHOOK } from '../labels.ts';
import { checkSource } from './check-source.ts';
import { sourceColumns, sourceLabels } from './labels.ts';

export const ContainerSource = defineKind({
  apiVersion: 'sources.knative.dev/v1',
  kind: 'ContainerSource',
  names: { plural: 'containersources', categories: ['all', 'knative', 'sources'] },
  scope: 'Namespaced',
  doc: 'ContainerSource is an event source that starts a container image which generates events.',
  spec: object({
    ...sourceSpecFields,
    template: PodTemplateSpecSchema.doc('The Pod that sends events to where K_SINK says.'),
  }),
  status: livingStatus(sourceStatusFields),
  conditions: living('SinkBindingReady', 'ReceiveAdapterReady'),
  columns: sourceColumns,
  custom: true,
  crdLabels: sourceLabels,
  webhook: EVENTING_WEBHOOK,
  defaults(source, context, before) {
    if (context.subresource === 'status') return;
    const containers = source.spec.template?.spec?.containers ?? [];
    for (const [i, container] of containers.entries()) container.name ||= `${source.metadata.name}-${i}`;
    noteUser(source, context, before);
  },
  check({ spec }, errors, context) {
    if (context.subresource === 'status') return;
    errors.merge(checkSource(spec, context), 'spec');
    errors.merge(checkContainers(spec.template?.spec.containers), 'spec');
  },
});
export type ContainerSource = ObjectOf<typeof ContainerSource>;

/** Paths are relative to the spec, where Knative has them, and not to the template. */
function checkContainers(containers: readonly Container[] | undefined): FieldErrors {
  const errors = new FieldErrors();
  if (!containers?.length) return errors.missing('containers');
  for (const [i, { image }] of containers.entries()) if (!image) errors.missing(`containers[${i}].image`);
  return errors;
}
