// Which targets of the gateway, and which further hosts, a KIngress leads to.

import { index } from '#engine/mod.ts';
import type { IngressPath } from '#kinds/mod.ts';
import { KIngress } from '#kinds/mod.ts';

export const BY_TARGET = 'serving/ingresses-by-target';
export const BY_REWRITE = 'serving/ingresses-by-rewritten-host';

/** KIngresses by `namespace/service` of their backends. */
export const ingressesByTarget = index(KIngress, BY_TARGET, targetsOf);
/** KIngresses by the hosts that they put in place of their own. */
export const ingressesByRewrite = index(KIngress, BY_REWRITE, rewrittenHosts);

/** The Services that requests may be sent to, by `namespace/name`. */
export function targetsOf(ingress: KIngress): readonly string[] {
  const splits = pathsOf(ingress).flatMap((path) => path.splits);
  return [...new Set(splits.map(({ serviceNamespace, serviceName }) => `${serviceNamespace}/${serviceName}`))];
}

/** The ports of a Service, by number or name, that a KIngress sends requests to. */
export function portsTo(ingress: KIngress, target: string): readonly (number | string)[] {
  return pathsOf(ingress)
    .flatMap(({ splits }) => splits)
    .filter(({ serviceNamespace, serviceName }) => `${serviceNamespace}/${serviceName}` === target)
    .map(({ servicePort }) => servicePort);
}

export function rewrittenHosts(ingress: KIngress): readonly string[] {
  return [...new Set(pathsOf(ingress).flatMap(({ rewriteHost }) => rewriteHost || []))];
}

function pathsOf({ spec }: KIngress): readonly IngressPath[] {
  return (spec.rules ?? []).flatMap(({ http }) => http?.paths ?? []);
}
