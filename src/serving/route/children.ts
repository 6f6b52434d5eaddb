// What a Route makes: a KIngress, and placeholder Services for its names inside the cluster.

import type { IngressPath, IngressRule, IngressTls, LoadBalancerStatus, Route } from '#kinds/mod.ts';
import {
  CoreService,
  INGRESS_CLASS_ANNOTATION,
  INGRESS_CLASS_KEYS,
  KIngress,
  LAST_APPLIED_ANNOTATION,
  ROLLOUT_ANNOTATION,
  ROLLOUT_DURATION_KEYS,
  ROUTE_LABEL,
  ROUTE_NAMESPACE_LABEL,
  TAG_TO_HOST_ANNOTATION,
  VISIBILITY_LABEL,
} from '#kinds/mod.ts';
import type { Http01Challenge } from '../certificate/children.ts';
import { challengeHost, challengePathOf } from '../certificate/children.ts';
import type { HttpOption } from '../http-option.ts';
import { without } from '../metadata.ts';
import type { RouteDomains } from './domains.ts';
import type { Rollout } from './rollout.ts';
import type { ResolvedTarget } from './traffic.ts';

/** By which clients name a tag, and by which the gateway is told the one that somebody was led to. */
export const TAG_HEADER = 'Knative-Serving-Tag';
const DEFAULT_ROUTE_HEADER = 'Knative-Serving-Default-Route';

/** Ports of a Revision's Services; the gateway tells the protocol by them. */
const SERVICE_PORT = { http1: 80, h2c: 81 } as const;

export interface IngressParts {
  readonly groups: ReadonlyMap<string, readonly ResolvedTarget[]>;
  readonly domains: RouteDomains;
  readonly rollout: Rollout;
  readonly ingressClass: string;
  readonly tls: readonly IngressTls[];
  readonly challenges: readonly Http01Challenge[];
  readonly httpOption: HttpOption;
  /** Whether a header may choose a tag on the Route's own host. */
  readonly tagHeaders: boolean;
}

export function ingressOf(route: Route, parts: IngressParts): KIngress {
  const { name, namespace = '', labels, annotations } = route.metadata;
  const tags = [...parts.groups.keys()].filter(Boolean).sort();
  const tagToHost = Object.fromEntries(tags.map((tag) => [tag, hostsOf(parts.domains, tag)]));
  return {
    apiVersion: KIngress.apiVersion,
    kind: KIngress.kind,
    metadata: {
      name,
      namespace,
      labels: { ...labels, [ROUTE_LABEL]: name, [ROUTE_NAMESPACE_LABEL]: namespace },
      annotations: {
        ...without(annotations, [LAST_APPLIED_ANNOTATION, ...ROLLOUT_DURATION_KEYS, ...INGRESS_CLASS_KEYS]),
        [INGRESS_CLASS_ANNOTATION]: parts.ingressClass,
        [ROLLOUT_ANNOTATION]: JSON.stringify(parts.rollout),
        ...(tags.length > 0 ? { [TAG_TO_HOST_ANNOTATION]: JSON.stringify(tagToHost) } : {}),
      },
    },
    spec: {
      rules: ['', ...tags].flatMap((tag) => rulesOf(namespace, tag, parts)),
      ...(parts.tls.length > 0 ? { tls: [...parts.tls] } : {}),
      httpOption: parts.httpOption,
    },
  };
}

function hostsOf(domains: RouteDomains, tag: string): string[] {
  return domains.isPrivate(tag) ? domains.localHosts(tag) : [domains.publicHost(tag), ...domains.localHosts(tag)];
}

/** One rule for inside, and one for outside where the name is public. */
function rulesOf(namespace: string, tag: string, parts: IngressParts): IngressRule[] {
  const paths = pathsOf(namespace, tag, parts);
  const local: IngressRule = { hosts: parts.domains.localHosts(tag), visibility: 'ClusterLocal', http: { paths } };
  if (parts.domains.isPrivate(tag)) return [local];
  const host = parts.domains.publicHost(tag);
  const challenges = parts.challenges.filter((one) => challengeHost(one) === host).map(challengePathOf);
  return [local, { hosts: [host], visibility: 'ExternalIP', http: { paths: [...challenges, ...paths] } }];
}

function pathsOf(namespace: string, tag: string, parts: IngressParts): IngressPath[] {
  const path = { splits: splitsOf(namespace, parts, tag) };
  if (!parts.tagHeaders) return [path];
  if (tag) return [{ ...path, appendHeaders: { [TAG_HEADER]: tag } }];
  const byHeader = [...parts.groups.keys()]
    .filter(Boolean)
    .sort()
    .map((named) => ({
      headers: { [TAG_HEADER]: { exact: named } },
      splits: splitsOf(namespace, parts, named),
    }));
  return [...byHeader, { ...path, appendHeaders: { [DEFAULT_ROUTE_HEADER]: 'true' } }];
}

/** Shares of zero are left out; the share of a Configuration is divided as its rollout stands. */
function splitsOf(namespace: string, { groups, rollout }: IngressParts, tag: string): IngressPath['splits'] {
  return (groups.get(tag) ?? []).flatMap((target) =>
    rolledOut(target, tag, rollout).map(({ revision, percent }) => ({
      appendHeaders: { 'Knative-Serving-Namespace': namespace, 'Knative-Serving-Revision': revision },
      percent,
      serviceName: revision,
      serviceNamespace: namespace,
      servicePort: SERVICE_PORT[target.protocol],
    })),
  );
}

/** The Revisions among which a target's share is divided. */
export function rolledOut(
  target: ResolvedTarget,
  tag: string,
  rollout: Rollout,
): { revision: string; percent: number }[] {
  if (target.percent === 0) return [];
  const { revision, percent, latest, configuration } = target;
  const own = rollout.configurations.find((one) => one.configurationName === configuration && (one.tag ?? '') === tag);
  if (!latest || !own || own.revisions.length < 2) return [{ revision, percent }];
  return own.revisions.map((one) => ({ revision: one.revisionName, percent: one.percent }));
}

/** The placeholder of a tag: until the gateway is known it leads to the outer name, so that the inner one is taken. */
export function placeholderOf(
  route: Route,
  tag: string,
  domains: RouteDomains,
  balancer: LoadBalancerStatus | undefined,
): CoreService {
  const inner = balancer?.ingress?.[0];
  const { annotations, labels, namespace, name } = route.metadata;
  return {
    apiVersion: CoreService.apiVersion,
    kind: CoreService.kind,
    metadata: {
      name: domains.name(tag),
      namespace,
      labels: { ...without(labels, [VISIBILITY_LABEL]), [ROUTE_LABEL]: name },
      annotations: { ...without(annotations, [LAST_APPLIED_ANNOTATION]) },
    },
    spec: {
      type: 'ExternalName',
      externalName: inner?.domainInternal ?? inner?.domain ?? domains.publicHost(tag),
      sessionAffinity: 'None',
      ports: [{ name: 'http2', port: 80, protocol: 'TCP', targetPort: 80 }],
    },
  };
}
