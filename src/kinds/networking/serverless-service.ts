// A ServerlessService: the two core Services of a revision, and whether traffic goes straight to its Pods.

import type { ObjectOf } from '#machinery/mod.ts';
import {
  condition,
  defineKind,
  FieldErrors,
  field,
  int32,
  living,
  livingStatus,
  object,
  reason,
  text,
} from '#machinery/mod.ts';
import { ObjectReferenceSchema } from '../core/references.ts';
import { checkNetworkingKeys } from './check-annotations.ts';
import { checkProtocol, checkReference } from './check-reference.ts';
import { networkingLabels, SERVING_WEBHOOK } from '../labels.ts';

export const ServerlessService = defineKind({
  apiVersion: 'networking.internal.knative.dev/v1alpha1',
  kind: 'ServerlessService',
  names: { plural: 'serverlessservices', short: ['sks'], categories: ['knative-internal', 'networking'] },
  scope: 'Namespaced',
  doc: 'ServerlessService is a proxy for the K8s service objects containing the endpoints for the revision.',
  spec: object({
    mode: text().doc('Serve: straight to the Pods. Proxy: by way of the activator.'),
    numActivators: int32(),
    objectRef: ObjectReferenceSchema.required(),
    protocolType: text().required(),
  }),
  status: livingStatus({ privateServiceName: text(), serviceName: text() }),
  conditions: living('EndpointsPopulated'),
  columns: {
    Mode: field('spec.mode'),
    Activators: field('spec.numActivators', 'integer'),
    ServiceName: field('status.serviceName'),
    PrivateServiceName: field('status.privateServiceName'),
    Ready: condition('Ready'),
    Reason: reason('Ready'),
  },
  custom: true,
  crdLabels: networkingLabels,
  webhook: SERVING_WEBHOOK,
  check({ metadata, spec }, errors, { subresource }) {
    if (subresource === 'status') return;
    errors.merge(checkNetworkingKeys(metadata.annotations ?? {}), 'annotations');
    const inner = new FieldErrors();
    if (!spec.mode) inner.missing('mode');
    else if (spec.mode !== 'Proxy' && spec.mode !== 'Serve') inner.invalid(spec.mode, 'mode');
    if ((spec.numActivators ?? 0) < 0) inner.invalid(spec.numActivators, 'numActivators');
    inner.merge(checkReference(spec.objectRef), 'objectRef').merge(checkProtocol(spec.protocolType));
    errors.merge(inner, 'spec');
  },
});
export type ServerlessService = ObjectOf<typeof ServerlessService>;
