// A KIngress in the gateway's words.

import type { HostRule, IngressCertificate, IngressRules, PathRule, Split } from '#gateway/mod.ts';
import type { IngressPath, IngressRule, KIngress } from '#kinds/mod.ts';
import { CHALLENGE_PREFIX } from '#pki/mod.ts';
import { ingressHash } from './hash.ts';
import type { PortsOf } from './settings.ts';
import { withSettings } from './settings.ts';

/** What is known beyond the KIngress itself. */
export interface RuleFacts {
  /** Those of its `tls` that could be read. */
  readonly certificates: readonly IngressCertificate[];
  /** Whether some KIngress serves this host. */
  readonly isServed: (host: string) => boolean;
  /** The further ports of a target; none unless told. */
  readonly portsOf?: PortsOf;
}

/** Everything a KIngress says. */
export function rulesOf(ingress: KIngress, facts: RuleFacts): IngressRules {
  const { spec } = ingress;
  const redirects = spec.httpOption === 'Redirected';
  const { certificates, portsOf = () => [] } = facts;
  return {
    rules: withSettings(
      (spec.rules ?? []).map((rule) => hostRuleOf(rule, redirects, facts)),
      ingress,
      portsOf,
    ),
    hash: ingressHash(ingress),
    ...(certificates.length > 0 ? { tls: certificates } : {}),
  };
}

function hostRuleOf({ hosts = [], http, visibility }: IngressRule, redirects: boolean, facts: RuleFacts): HostRule {
  const internal = visibility === 'ClusterLocal';
  // Nobody is sent to where there is no certificate for the name.
  const redirect = redirects && !internal && hosts.every((host) => facts.certificates.some((one) => covers(one, host)));
  return {
    hosts,
    visibility: internal ? 'internal' : 'external',
    paths: (http?.paths ?? []).map((path) => pathRuleOf(path, facts)),
    ...(redirect ? { redirectToHttps: true } : {}),
  };
}

/** A wildcard stands for one label (RFC 6125 §6.4.3). */
function covers({ hosts }: IngressCertificate, host: string): boolean {
  return hosts.includes(host) || hosts.includes(host.replace(/^[^.]+/, '*'));
}

function pathRuleOf({ path, headers, appendHeaders, rewriteHost, splits }: IngressPath, facts: RuleFacts): PathRule {
  const exact = Object.entries(headers ?? {}).map(([name, match]) => [name, match.exact] as const);
  return {
    prefix: path || '/',
    ...(exact.length > 0 ? { headers: Object.fromEntries(exact) } : {}),
    ...(appendHeaders ? { setHeaders: appendHeaders } : {}),
    ...(rewriteHost ? { rewriteHost } : {}),
    ...(path?.startsWith(CHALLENGE_PREFIX) ? { plain: true } : {}),
    // A host that another KIngress serves is looked up again under its own rules: its backend here is only its placeholder.
    splits:
      rewriteHost && facts.isServed(rewriteHost) ? [] : splits.map((split) => splitOf(split, splits.length === 1)),
  };
}

function splitOf(
  { serviceNamespace, serviceName, percent = 0, appendHeaders }: IngressPath['splits'][number],
  only: boolean,
): Split {
  return {
    target: `${serviceNamespace}/${serviceName}`,
    percent: only && percent === 0 ? 100 : percent,
    ...(appendHeaders ? { setHeaders: appendHeaders } : {}),
  };
}

/** The targets that the gateway sends requests to by these rules. */
export function targetsOfRules({ rules }: IngressRules): readonly string[] {
  return [...new Set(rules.flatMap(({ paths }) => paths.flatMap(({ splits }) => splits.map(({ target }) => target))))];
}
