// The rules of a KIngress: hosts, paths, and how each path's requests are split.

import type { TypeOf } from '#machinery/mod.ts';
import { flag, int32, intOrString, list, map, object, text } from '#machinery/mod.ts';

const SplitSchema = object({
  appendHeaders: map(text()),
  percent: int32(),
  serviceName: text().required(),
  serviceNamespace: text().required(),
  servicePort: intOrString().required(),
});
export type IngressSplit = TypeOf<typeof SplitSchema>;

const PathSchema = object({
  appendHeaders: map(text()),
  headers: map(object({ exact: text().required() })),
  path: text(),
  rewriteHost: text(),
  splits: list(SplitSchema).required(),
});
export type IngressPath = TypeOf<typeof PathSchema>;

export const RuleSchema = object({
  hosts: list(text()),
  http: object({ paths: list(PathSchema).required() }),
  visibility: text(),
});
export type IngressRule = TypeOf<typeof RuleSchema>;

export const TlsSchema = object({ hosts: list(text()), secretName: text(), secretNamespace: text() });
export type IngressTls = TypeOf<typeof TlsSchema>;

export const LoadBalancerSchema = object({
  ingress: list(object({ domain: text(), domainInternal: text(), ip: text(), meshOnly: flag() })),
});
export type LoadBalancerStatus = TypeOf<typeof LoadBalancerSchema>;
