// An IntegrationSink: events into a log, or into a service outside.

import type { ObjectOf } from '#machinery/mod.ts';
import { defineKind, flag, living, livingStatus, object, text } from '#machinery/mod.ts';
import { addressColumns, addressFields, policyFields } from '../duck/addressable.ts';
import { noteUser } from '../duck/note-user.ts';
import { EVENTING_WEBHOOK, eventingLabels } from '../labels.ts';
import { AwsAuthSchema, checkIntegration, s3Fields, snsFields, sqsFields } from '../sources/integration.ts';

const NEEDED = {
  s3: ['arn', 'region'],
  sqs: ['arn', 'region'],
  sns: ['arn', 'region'],
  eventbridge: ['arn', 'region'],
};

export const IntegrationSink = defineKind({
  apiVersion: 'sinks.knative.dev/v1alpha1',
  kind: 'IntegrationSink',
  names: { plural: 'integrationsinks', categories: ['all', 'knative', 'eventing', 'sink'] },
  scope: 'Namespaced',
  doc: 'IntegrationSink takes events into a log or a service outside of the cluster.',
  spec: object({
    log: object({
      loggerName: text().default('log-sink').doc('The name that lines are logged under.'),
      level: text().default('INFO').doc('The level of the lines.'),
      logMask: flag().default(false),
      marker: text(),
      multiline: flag().default(false),
      showAllProperties: flag().default(false),
      showBody: flag().default(true).doc('Whether the data is shown.'),
      showBodyType: flag().default(true).doc('Whether the media type of the data is shown.'),
      showExchangePattern: flag().default(true),
      showHeaders: flag().default(false).doc('Whether the attributes of the event are shown.'),
      showProperties: flag().default(false),
      showStreams: flag().default(false),
      showCachedStreams: flag().default(true),
    }),
    aws: object({
      s3: object({ ...s3Fields, arn: text() }),
      sqs: object({ ...sqsFields, arn: text() }),
      sns: object({ ...snsFields, arn: text() }),
      eventbridge: object({ arn: text(), region: text() }),
      auth: AwsAuthSchema,
    }),
  }),
  status: livingStatus({ ...addressFields, ...policyFields }),
  conditions: living('Addressable', 'DeploymentReady', 'EventPoliciesReady', 'TrustBundlePropagated'),
  columns: addressColumns,
  custom: true,
  crdLabels: { ...eventingLabels, 'duck.knative.dev/addressable': 'true' },
  webhook: EVENTING_WEBHOOK,
  defaults(sink, context, before) {
    if (context.subresource !== 'status') noteUser(sink, context, before);
  },
  check({ spec }, errors, context) {
    if (context.subresource === 'status') return;
    errors.merge(checkIntegration('sink', spec.log !== undefined, spec.aws, NEEDED), 'spec');
  },
});
export type IntegrationSink = ObjectOf<typeof IntegrationSink>;
