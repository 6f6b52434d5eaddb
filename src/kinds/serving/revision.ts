// A Revision: a snapshot of code and settings that can be run. Its spec never changes.

import type { ObjectOf, TypeOf } from '#machinery/mod.ts';
import {
  condition,
  defineKind,
  field,
  int32,
  label,
  list,
  living,
  livingStatus,
  object,
  reason,
  text,
} from '#machinery/mod.ts';
import { CONFIGURATION_LABEL, SERVING_WEBHOOK, servingLabels } from '../labels.ts';
import { revisionChanges } from './changes.ts';
import { checkOwnerLabel, checkScaledMetadata } from './check-metadata.ts';
import { checkInstanceSettings } from './check-settings.ts';
import { checkRevisionSpec, userPortOf } from './check-template.ts';
import { specInGoForm } from './go-form.ts';
import { defaultRevisionSpec } from './revision-defaults.ts';
import { RevisionSpecSchema } from './revision-spec.ts';

const ContainerDigestSchema = object({ name: text(), imageDigest: text() });
/** An image of a Revision, pinned. */
export type ContainerDigest = TypeOf<typeof ContainerDigestSchema>;

/** Names of containers follow the object the user wrote; a Revision that comes by itself has none above it. */
const UNNAMED = { name: '' };

export const Revision = defineKind({
  apiVersion: 'serving.knative.dev/v1',
  kind: 'Revision',
  names: { plural: 'revisions', short: ['rev'], categories: ['all', 'knative', 'serving'] },
  scope: 'Namespaced',
  doc: 'Revision is an immutable snapshot of code and configuration.',
  spec: RevisionSpecSchema,
  status: livingStatus({
    logUrl: text(),
    containerStatuses: list(ContainerDigestSchema),
    initContainerStatuses: list(ContainerDigestSchema),
    actualReplicas: int32(),
    desiredReplicas: int32(),
  }),
  conditions: living('ResourcesAvailable', 'ContainerHealthy'),
  columns: {
    'Config Name': label('serving.knative.dev/configuration'),
    Generation: label('serving.knative.dev/configurationGeneration'),
    Ready: condition('Ready'),
    Reason: reason('Ready'),
    'Actual Replicas': field('status.actualReplicas', 'integer'),
    'Desired Replicas': field('status.desiredReplicas', 'integer'),
  },
  custom: true,
  crdLabels: servingLabels,
  webhook: SERVING_WEBHOOK,
  defaults({ spec }, context) {
    specInGoForm(spec);
    if (context.operation === 'CREATE') defaultRevisionSpec(spec, UNNAMED, context);
  },
  check({ metadata, spec }, errors, context, before) {
    if (context.subresource === 'status') return;
    const details = before ? revisionChanges(before.spec, spec) : '';
    if (details) {
      errors.add({ message: 'Immutable fields changed (-old +new)', paths: ['spec'], details });
      return;
    }
    errors.merge(checkScaledMetadata(metadata, context), 'metadata');
    errors.merge(checkOwnerLabel(metadata, CONFIGURATION_LABEL, 'Configuration'), 'metadata.labels');
    if (before) return;
    errors.merge(checkRevisionSpec(spec, context), 'spec');
    errors.merge(checkInstanceSettings(metadata.annotations ?? {}, userPortOf(spec)), 'metadata.annotations');
  },
});
export type Revision = ObjectOf<typeof Revision>;
