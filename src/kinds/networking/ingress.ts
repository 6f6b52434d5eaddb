// KIngress: Knative's own Ingress, which a gateway carries out. Its kind is `Ingress`.

import type { ObjectOf } from '#machinery/mod.ts';
import { condition, defineKind, list, living, livingStatus, object, reason, text } from '#machinery/mod.ts';
import { networkingLabels, SERVING_WEBHOOK } from '../labels.ts';
import { checkIngress, defaultIngress } from './check-ingress.ts';
import { LoadBalancerSchema, RuleSchema, TlsSchema } from './ingress-spec.ts';

export const KIngress = defineKind({
  apiVersion: 'networking.internal.knative.dev/v1alpha1',
  kind: 'Ingress',
  names: { plural: 'ingresses', short: ['kingress', 'king'], categories: ['knative-internal', 'networking'] },
  scope: 'Namespaced',
  doc: 'Ingress is a collection of rules that allow inbound connections to reach the endpoints defined by a backend.',
  spec: object({ httpOption: text(), rules: list(RuleSchema), tls: list(TlsSchema) }),
  status: livingStatus({ privateLoadBalancer: LoadBalancerSchema, publicLoadBalancer: LoadBalancerSchema }),
  conditions: living('NetworkConfigured', 'LoadBalancerReady'),
  columns: { Ready: condition('Ready'), Reason: reason('Ready') },
  custom: true,
  crdLabels: networkingLabels,
  webhook: SERVING_WEBHOOK,
  defaults: ({ spec }) => defaultIngress(spec),
  check({ metadata, spec }, errors, { subresource }) {
    if (subresource !== 'status') errors.merge(checkIngress(spec, metadata.namespace ?? ''), 'spec');
  },
});
export type KIngress = ObjectOf<typeof KIngress>;
