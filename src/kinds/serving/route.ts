// A Route: a name in the network, and how its traffic is shared out over Revisions.

import type { ObjectOf } from '#machinery/mod.ts';
import { condition, defineKind, field, living, livingStatus, object, reason, text } from '#machinery/mod.ts';
import { AddressSchema } from '../duck/addressable.ts';
import { noteUser } from '../duck/note-user.ts';
import { SERVICE_LABEL, SERVING_WEBHOOK, servingLabels } from '../labels.ts';
import {
  checkCreator,
  checkOwnerLabel,
  checkPlainMetadata,
  checkRolloutDuration,
  isUsersOwn,
} from './check-metadata.ts';
import { checkRouteSettings } from './check-settings.ts';
import { checkTraffic, defaultTraffic } from './check-traffic.ts';
import { TrafficSchema } from './traffic-target.ts';

export const Route = defineKind({
  apiVersion: 'serving.knative.dev/v1',
  kind: 'Route',
  names: { plural: 'routes', short: ['rt'], categories: ['all', 'knative', 'serving'] },
  scope: 'Namespaced',
  doc: 'Route is responsible for configuring ingress over a collection of Revisions.',
  spec: object({ traffic: TrafficSchema }),
  status: livingStatus({ url: text(), address: AddressSchema, traffic: TrafficSchema }),
  conditions: living('AllTrafficAssigned', 'IngressReady', 'CertificateProvisioned'),
  columns: { URL: field('status.url'), Ready: condition('Ready'), Reason: reason('Ready') },
  custom: true,
  crdLabels: { ...servingLabels, 'duck.knative.dev/addressable': 'true' },
  webhook: SERVING_WEBHOOK,
  defaults(route, context, before) {
    if (context.subresource === 'status') return;
    defaultTraffic(route.spec.traffic);
    if (isUsersOwn(route)) noteUser(route, context, before);
  },
  check(route, errors, { subresource }, before) {
    if (subresource === 'status') return;
    const { metadata, spec } = route;
    errors.merge(checkPlainMetadata(metadata), 'metadata');
    errors.merge(checkOwnerLabel(metadata, SERVICE_LABEL, 'Service'), 'metadata.labels');
    errors.merge(checkRolloutDuration(metadata), 'metadata.annotations');
    errors.merge(checkRouteSettings(metadata.annotations, spec.traffic), 'metadata.annotations');
    errors.merge(checkTraffic(spec.traffic ?? [], false), 'spec.traffic');
    if (before && isUsersOwn(route)) errors.merge(checkCreator(route, before), 'metadata.annotations');
  },
});
export type Route = ObjectOf<typeof Route>;
