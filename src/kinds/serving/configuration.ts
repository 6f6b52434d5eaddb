// A Configuration: stamps each new template as a Revision.

import type { ObjectOf, Schema } from '#machinery/mod.ts';
import { condition, defineKind, field, living, livingStatus, object, reason, text } from '#machinery/mod.ts';
import { noteUser } from '../duck/note-user.ts';
import { SERVICE_LABEL, SERVING_WEBHOOK, servingLabels } from '../labels.ts';
import { checkCreator, checkOwnerLabel, checkPlainMetadata, isUsersOwn } from './check-metadata.ts';
import { checkNameChange, checkTemplate } from './check-template.ts';
import { defaultTemplate } from './revision-defaults.ts';
import type { RevisionTemplate } from './revision-spec.ts';
import { RevisionTemplateSchema } from './revision-spec.ts';

export interface ConfigurationSpec {
  template: RevisionTemplate;
}

export const Configuration = defineKind({
  apiVersion: 'serving.knative.dev/v1',
  kind: 'Configuration',
  names: { plural: 'configurations', short: ['config', 'cfg'], categories: ['all', 'knative', 'serving'] },
  scope: 'Namespaced',
  doc: 'Configuration represents the "floating HEAD" of a linear history of Revisions.',
  spec: object({ template: RevisionTemplateSchema }) as unknown as Schema<ConfigurationSpec>,
  status: livingStatus({ latestReadyRevisionName: text(), latestCreatedRevisionName: text() }),
  conditions: living(),
  columns: {
    LatestCreated: field('status.latestCreatedRevisionName'),
    LatestReady: field('status.latestReadyRevisionName'),
    Ready: condition('Ready'),
    Reason: reason('Ready'),
  },
  custom: true,
  crdLabels: { ...servingLabels, 'duck.knative.dev/podspecable': 'true' },
  webhook: SERVING_WEBHOOK,
  defaults(configuration, context, before) {
    if (context.subresource === 'status') return;
    const { metadata, spec } = configuration;
    spec.template ??= { spec: { containers: [] } };
    defaultTemplate(spec.template, metadata, context, before?.spec.template);
    if (isUsersOwn(configuration)) noteUser(configuration, context, before);
  },
  check(configuration, errors, context, before) {
    if (context.subresource === 'status') return;
    const { metadata, spec } = configuration;
    errors.merge(checkPlainMetadata(metadata), 'metadata');
    errors.merge(checkOwnerLabel(metadata, SERVICE_LABEL, 'Service'), 'metadata.labels');
    errors.merge(checkTemplate(spec.template, metadata, context), 'spec.template');
    if (!before) return;
    if (isUsersOwn(configuration)) errors.merge(checkCreator(configuration, before), 'metadata.annotations');
    errors.merge(checkNameChange(spec.template, before.spec.template), 'spec.template');
  },
});
export type Configuration = ObjectOf<typeof Configuration>;
