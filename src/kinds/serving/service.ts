// A Service: one name for a Configuration and the Route to it.

import type { ObjectOf, Schema } from '#machinery/mod.ts';
import { condition, defineKind, field, living, livingStatus, object, reason, text } from '#machinery/mod.ts';
import { AddressSchema } from '../duck/addressable.ts';
import { noteUser } from '../duck/note-user.ts';
import { SERVING_WEBHOOK, servingLabels } from '../labels.ts';
import { checkCreator, checkPlainMetadata, checkRolloutDuration } from './check-metadata.ts';
import { checkRouteSettings } from './check-settings.ts';
import { checkNameChange, checkTemplate } from './check-template.ts';
import { checkTraffic, defaultTraffic } from './check-traffic.ts';
import { defaultTemplate } from './revision-defaults.ts';
import type { RevisionTemplate } from './revision-spec.ts';
import { RevisionTemplateSchema } from './revision-spec.ts';
import type { TrafficTarget } from './traffic-target.ts';
import { TrafficSchema } from './traffic-target.ts';

export interface ServiceSpec {
  template: RevisionTemplate;
  traffic?: TrafficTarget[] | undefined;
}

export const Service = defineKind({
  apiVersion: 'serving.knative.dev/v1',
  kind: 'Service',
  names: { plural: 'services', short: ['kservice', 'ksvc'], categories: ['all', 'knative', 'serving'] },
  scope: 'Namespaced',
  doc: 'Service acts as a top-level container that manages a Route and Configuration which implement a network service.',
  spec: object({ template: RevisionTemplateSchema, traffic: TrafficSchema }) as unknown as Schema<ServiceSpec>,
  status: livingStatus({
    latestReadyRevisionName: text(),
    latestCreatedRevisionName: text(),
    url: text(),
    address: AddressSchema,
    traffic: TrafficSchema,
  }),
  conditions: living('ConfigurationsReady', 'RoutesReady'),
  columns: {
    URL: field('status.url'),
    LatestCreated: field('status.latestCreatedRevisionName'),
    LatestReady: field('status.latestReadyRevisionName'),
    Ready: condition('Ready'),
    Reason: reason('Ready'),
  },
  custom: true,
  crdLabels: { ...servingLabels, 'duck.knative.dev/addressable': 'true', 'duck.knative.dev/podspecable': 'true' },
  webhook: SERVING_WEBHOOK,
  defaults(service, context, before) {
    if (context.subresource === 'status') return;
    const { metadata, spec } = service;
    spec.template ??= { spec: { containers: [] } };
    defaultTemplate(spec.template, metadata, context, before?.spec.template);
    if (!spec.traffic?.length) spec.traffic = [{ latestRevision: true, percent: 100 }];
    defaultTraffic(spec.traffic);
    noteUser(service, context, before);
  },
  check(service, errors, context, before) {
    if (context.subresource === 'status') return;
    const { metadata, spec } = service;
    errors.merge(checkPlainMetadata(metadata), 'metadata');
    errors.merge(checkRolloutDuration(metadata), 'metadata.annotations');
    errors.merge(checkRouteSettings(metadata.annotations, spec.traffic), 'metadata.annotations');
    errors.merge(checkTemplate(spec.template, metadata, context), 'spec.template');
    errors.merge(checkTraffic(spec.traffic ?? [], true), 'spec.traffic');
    if (!before) return;
    errors.merge(checkCreator(service, before), 'metadata.annotations');
    errors.merge(checkNameChange(spec.template, before.spec.template), 'spec.template');
  },
});
export type Service = ObjectOf<typeof Service>;
