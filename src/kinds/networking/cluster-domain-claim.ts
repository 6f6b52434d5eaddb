// A ClusterDomainClaim: which namespace may use a domain name.

import type { ObjectOf } from '#machinery/mod.ts';
import { defineKind, object, text } from '#machinery/mod.ts';
import { networkingLabels } from '../labels.ts';

export const ClusterDomainClaim = defineKind({
  apiVersion: 'networking.internal.knative.dev/v1alpha1',
  kind: 'ClusterDomainClaim',
  names: { plural: 'clusterdomainclaims', short: ['cdc'], categories: ['knative-internal', 'networking'] },
  scope: 'Cluster',
  doc: 'ClusterDomainClaim is a cluster-wide reservation for a particular domain name.',
  spec: object({ namespace: text().required() }),
  custom: true,
  crdLabels: networkingLabels,
});
export type ClusterDomainClaim = ObjectOf<typeof ClusterDomainClaim>;
