// A core Service: a stable address and name for Pods. Called CoreService here, beside serving's Service.

import { age, computed, defineKind, int32, list, object, text, wide } from '#machinery/mod.ts';
import type { Column, ObjectOf, TypeOf } from '#machinery/mod.ts';
import { checkService, defaultService } from './check-service.ts';
import { StandardConditionsSchema } from './references.ts';
import type { CoreServiceSpec, ServicePort } from './service-spec.ts';
import { CoreServiceSpecSchema } from './service-spec.ts';
import type { Parts } from '../object-parts.ts';

const CoreServiceStatusSchema = object({
  loadBalancer: object({
    ingress: list(
      object({
        ip: text(),
        hostname: text(),
        ipMode: text(),
        ports: list(object({ port: int32().required(), protocol: text().required(), error: text() })),
      }),
    ),
  }),
  conditions: StandardConditionsSchema,
});
type CoreServiceStatus = TypeOf<typeof CoreServiceStatusSchema>;

type Whole = Parts<CoreServiceSpec, CoreServiceStatus>;

const columns: Readonly<Record<string, Column>> = {
  Type: computed(({ spec }: Whole) => spec.type ?? 'ClusterIP'),
  'Cluster-IP': computed(({ spec }: Whole) => spec.clusterIPs?.[0] ?? (spec.clusterIP || '<none>')),
  'External-IP': computed((service: Whole) => externalAddress(service)),
  'Port(s)': computed(({ spec }: Whole) => portsText(spec.ports ?? [])),
  Age: age,
  Selector: wide(computed(({ spec }: Whole) => selectorText(spec.selector))),
};

function externalAddress({ spec, status }: Whole): string {
  const external = spec.externalIPs ?? [];
  if (spec.type === 'ExternalName') return spec.externalName ?? '<none>';
  if (spec.type !== 'LoadBalancer') return external.join(',') || '<none>';
  const balanced = (status?.loadBalancer?.ingress ?? [])
    .map(({ ip, hostname }) => ip ?? hostname ?? '')
    .filter(Boolean);
  return [...balanced, ...external].join(',') || '<pending>';
}

function portsText(ports: readonly ServicePort[]): string {
  const shown = ports.map(
    ({ port, nodePort, protocol = 'TCP' }) => `${port}${nodePort ? `:${nodePort}` : ''}/${protocol}`,
  );
  return shown.join(',') || '<none>';
}

/** A selector as kubectl prints it: `a=b,c=d`, or `<none>`. */
export function selectorText(selector: Readonly<Record<string, string>> | undefined): string {
  const terms = Object.entries(selector ?? {}).map(([key, value]) => `${key}=${value}`);
  return terms.sort().join(',') || '<none>';
}

export const CoreService = defineKind({
  apiVersion: 'v1',
  kind: 'Service',
  names: { plural: 'services', short: ['svc'], categories: ['all'] },
  scope: 'Namespaced',
  doc: 'Service is a named abstraction of software service consisting of local port that the proxy listens on, and the selector that determines which pods will answer requests.',
  spec: CoreServiceSpecSchema,
  status: CoreServiceStatusSchema,
  columns,
  selectableFields: ['spec.clusterIP', 'spec.type'],
  defaults: ({ spec }) => defaultService(spec),
  validate({ spec }, problems, { subresource }) {
    if (subresource !== 'status') checkService(problems.under('spec'), spec);
  },
});
export type CoreService = ObjectOf<typeof CoreService>;
