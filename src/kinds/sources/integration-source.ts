// An IntegrationSource: events from a timer, or from a service outside.

import type { ObjectOf } from '#machinery/mod.ts';
import { defineKind, int32, living, livingStatus, object, text } from '#machinery/mod.ts';
import { noteUser } from '../duck/note-user.ts';
import { sourceSpecFields, sourceStatusFields } from '../duck/source.ts';
import { EVENTING_WEBHOOK } from '../labels.ts';
import { checkSource } from './check-source.ts';
import { AwsAuthSchema, checkIntegration, ddbStreamsFields, s3Fields, sqsFields } from './integration.ts';
import { sourceColumns, sourceLabels } from './labels.ts';

const NEEDED = {
  s3: ['bucketNameOrArn', 'region'],
  sqs: ['queueNameOrArn', 'region'],
  'ddb-streams': ['table', 'region'],
};

export const IntegrationSource = defineKind({
  apiVersion: 'sources.knative.dev/v1alpha1',
  kind: 'IntegrationSource',
  names: { plural: 'integrationsources', categories: ['all', 'knative', 'sources'] },
  scope: 'Namespaced',
  doc: 'IntegrationSource is an event source for a timer or a service outside of the cluster.',
  spec: object({
    ...sourceSpecFields,
    timer: object({
      period: int32().default(1000).doc('Milliseconds between two events.'),
      message: text().doc('The data of each event.'),
      contentType: text().default('text/plain').doc('The media type of the message.'),
      repeatCount: int32().doc('After how many events it ends; never where it is not set.'),
    }),
    aws: object({
      s3: object({ ...s3Fields, bucketNameOrArn: text() }),
      sqs: object({ ...sqsFields, queueNameOrArn: text() }),
      'ddb-streams': object(ddbStreamsFields),
      auth: AwsAuthSchema,
    }),
  }),
  status: livingStatus(sourceStatusFields),
  conditions: living('ContainerSourceReady'),
  columns: sourceColumns,
  custom: true,
  crdLabels: sourceLabels,
  webhook: EVENTING_WEBHOOK,
  defaults(source, context, before) {
    if (context.subresource !== 'status') noteUser(source, context, before);
  },
  check({ spec }, errors, context) {
    if (context.subresource === 'status') return;
    errors.merge(checkSource(spec, context), 'spec');
    errors.merge(checkIntegration('source', spec.timer !== undefined, spec.aws, NEEDED), 'spec');
    if (spec.timer && !(spec.timer.period !== undefined && spec.timer.period > 0))
      errors.invalid(spec.timer.period, 'spec.timer.period', 'expected milliseconds above 0');
  },
});
export type IntegrationSource = ObjectOf<typeof IntegrationSource>;
