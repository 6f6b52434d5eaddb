// The certificates of a Route: one for each public name and, where it is asked for, one for each name inside the cluster.

import { adler32 } from '#base/mod.ts';
import type { Turn } from '#engine/mod.ts';
import type { IngressTls, Route } from '#kinds/mod.ts';
import {
  Certificate,
  CERTIFICATE_TYPE_LABEL,
  CLUSTER_DOMAIN,
  networkConfig,
  ROUTE_LABEL,
  WILDCARD_DOMAIN_LABEL,
} from '#kinds/mod.ts';
import { findCondition } from '#machinery/mod.ts';
import type { CertificateParts, Http01Challenge } from '../certificate/children.ts';
import { certificateFor, ingressTlsOf } from '../certificate/children.ts';
import type { Provision } from '../certificate/provision.ts';
import {
  askForCertificate,
  challengesOf,
  gravest,
  isExternalTls,
  isSecure,
  PROVISIONED,
  provisionOf,
  tellProvision,
} from '../certificate/provision.ts';
import type { RouteDomains } from './domains.ts';

type RouteTurn = Turn<Route>;

/** What a Route's certificates mean for its KIngress and its URLs. */
export interface RouteTls {
  readonly tls: readonly IngressTls[];
  /** What ACME servers look for at the public names. */
  readonly challenges: readonly Http01Challenge[];
  /** Tags whose URL is https; the empty tag is the Route itself. */
  readonly secure: ReadonlySet<string>;
  /** Whether the name inside the cluster is served with TLS. */
  readonly secureInside: boolean;
}

/** A Certificate for the names of one tag. */
interface Named extends Provision {
  readonly tag: string;
  readonly hosts: readonly string[];
}

/** Asks for the certificates that the Route should have, and tells of them in its condition. */
export async function settleTls(turn: RouteTurn, tags: readonly string[], domains: RouteDomains): Promise<RouteTls> {
  const network = turn.config(networkConfig);
  const wantsExternal = isExternalTls(network, turn.object.metadata.annotations);
  const external = wantsExternal ? await externalOnes(turn, tags, domains) : [];
  const inside = network.clusterLocalDomainTls === 'enabled' ? await insideOnes(turn, tags, domains) : [];
  const all = [...external, ...inside];
  tell(turn, gravest(all), wantsExternal);
  const served = all.filter(({ state }) => state === 'ready');
  const secureInside = inside.filter(({ state }) => state === 'ready').map(({ tag }) => tag);
  return {
    tls: served.map(({ certificate, hosts }) => ingressTlsOf(certificate, hosts)),
    challenges: external.flatMap(challengesOf).toSorted((a, b) => ((a.url ?? '') < (b.url ?? '') ? -1 : 1)),
    secure: new Set([
      ...external.filter(isSecure).map(({ tag }) => tag),
      ...secureInside.filter((tag) => domains.isPrivate(tag)),
    ]),
    secureInside: secureInside.includes(''),
  };
}

async function externalOnes(turn: RouteTurn, tags: readonly string[], domains: RouteDomains): Promise<Named[]> {
  const { certificateClass, httpProtocol } = turn.config(networkConfig);
  const found: Named[] = [];
  for (const tag of tags.filter((one) => !domains.isPrivate(one))) {
    const host = domains.publicHost(tag);
    const certificate =
      wildcardFor(turn, host, domains.domain) ??
      (await ask(turn, {
        name: certificateName(turn.object, tag),
        dnsNames: [host],
        domain: domains.domain,
        type: 'external-domain',
        usualClass: certificateClass,
        labels: { [ROUTE_LABEL]: turn.object.metadata.name },
      }));
    found.push({ ...provisionOf(certificate, httpProtocol === 'enabled'), tag, hosts: [host] });
  }
  await dropOthers(turn, 'external-domain', found);
  return found;
}

async function insideOnes(turn: RouteTurn, tags: readonly string[], domains: RouteDomains): Promise<Named[]> {
  const { certificateClass } = turn.config(networkConfig);
  const found: Named[] = [];
  for (const tag of tags) {
    const hosts = domains.localHosts(tag).toSorted();
    const certificate = await ask(turn, {
      name: `${certificateName(turn.object, tag)}-local`,
      dnsNames: hosts,
      domain: `svc.${CLUSTER_DOMAIN}`,
      type: 'cluster-local-domain',
      usualClass: certificateClass,
      labels: { [ROUTE_LABEL]: turn.object.metadata.name },
    });
    found.push({ ...provisionOf(certificate, false), tag, hosts });
  }
  await dropOthers(turn, 'cluster-local-domain', found);
  return found;
}

/** `route-<uid>`, and a digest of the tag. */
function certificateName({ metadata }: Route, tag: string): string {
  return tag ? `route-${metadata.uid}-${adler32(tag)}` : `route-${metadata.uid}`;
}

function ask(turn: RouteTurn, parts: CertificateParts): Promise<Certificate> {
  return askForCertificate(turn, certificateFor(turn.object, parts), 'route');
}

/** One certificate of the namespace may be good for all its Routes; one that cannot be got is no help to them. */
function wildcardFor(turn: RouteTurn, host: string, domain: string): Certificate | undefined {
  const pattern = host.replace(/^[^.]+/, '*');
  return turn
    .list(Certificate, turn.object.metadata.namespace)
    .find(
      ({ metadata, spec, status }) =>
        metadata.labels?.[WILDCARD_DOMAIN_LABEL] === domain &&
        spec.dnsNames.includes(pattern) &&
        findCondition(status, 'Ready')?.status !== 'False',
    );
}

/** Those of names that the Route no longer has. */
async function dropOthers(turn: RouteTurn, type: string, wanted: readonly Named[]): Promise<void> {
  const names = new Set(wanted.map(({ certificate }) => certificate.metadata.name));
  for (const certificate of turn.owned(Certificate)) {
    const { labels, name } = certificate.metadata;
    if (labels?.[CERTIFICATE_TYPE_LABEL] === type && !names.has(name)) await turn.remove(Certificate, certificate);
  }
}

const TEXTS = {
  awaited: (name: string, reason: string) => `Certificate ${name} is not ready: ${reason}`,
  failed: (name: string, reason: string) => `Certificate ${name} fails to be provisioned: ${reason}`,
};

function tell({ mark }: RouteTurn, provision: Provision | undefined, wantsExternal: boolean): void {
  if (provision) return tellProvision(mark, provision, TEXTS);
  const what = wantsExternal ? 'TLS is not enabled for cluster-local' : 'external-domain-tls is not enabled';
  mark.trueWith(PROVISIONED, 'TLSNotEnabled', what);
}
