// What names mean inside the cluster (the specification of Kubernetes' DNS-based service discovery). Pure.

import type { CoreService, EndpointSlice } from '#kinds/mod.ts';
import type { Answer, DnsRecord, Question } from './message.ts';
import { RCODE, TYPE } from './message.ts';

export interface ZoneSources {
  /** `cluster.local`. */
  readonly domain: string;
  service(namespace: string, name: string): CoreService | undefined;
  hasNamespace(name: string): boolean;
  slices(namespace: string, service: string): readonly EndpointSlice[];
}

/** A name that leads out of the zone has to be asked for elsewhere; what is known on the way there comes along. */
export type Lookup =
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'outside'; readonly name: string; readonly known: readonly DnsRecord[] };

const TTL = 5;
const MOST_STEPS = 8;

/** Looks a name up; `outside` where it is none of this zone. */
export function lookUp({ name, type }: Question, sources: ZoneSources): Lookup {
  const known: DnsRecord[] = [];
  let asked = name;
  for (let step = 0; step < MOST_STEPS; step++) {
    if (!isInside(asked, sources.domain)) return { kind: 'outside', name: asked, known };
    const found = find(asked, sources);
    if (!found)
      return {
        kind: 'answer',
        answer: { rcode: RCODE.nameError, records: known, authority: [authorityOf(sources.domain)] },
      };
    if (found.kind === 'alias') {
      known.push({ type: 'CNAME', name: asked, ttl: TTL, target: found.target });
      asked = found.target;
      continue;
    }
    const records = [...known, ...found.records.filter((record) => wants(type, record))];
    const isEmpty = records.length === 0;
    return {
      kind: 'answer',
      answer: { rcode: RCODE.ok, records, ...(isEmpty ? { authority: [authorityOf(sources.domain)] } : {}) },
    };
  }
  return { kind: 'answer', answer: { rcode: RCODE.serverFailure, records: [] } };
}

function wants(type: number, record: DnsRecord): boolean {
  return type === TYPE.ANY || TYPE[record.type] === type;
}

function isInside(name: string, domain: string): boolean {
  return name === domain || name.endsWith(`.${domain}`);
}

function authorityOf(domain: string): DnsRecord {
  return { type: 'SOA', name: domain, ttl: TTL, primary: `ns.dns.${domain}`, serial: 1 };
}

type Found =
  | { readonly kind: 'records'; readonly records: readonly DnsRecord[] }
  | { readonly kind: 'alias'; readonly target: string };

const NOTHING: Found = { kind: 'records', records: [] };

function find(name: string, sources: ZoneSources): Found | undefined {
  const labels = name
    .slice(0, -sources.domain.length - 1)
    .split('.')
    .filter(Boolean)
    .reverse();
  const [kind, namespace, ...rest] = labels;
  if (kind === undefined) return NOTHING;
  if (kind === 'pod' && namespace !== undefined) return podByAddress(name, rest, namespace, sources);
  if (kind !== 'svc') return undefined;
  if (namespace === undefined) return NOTHING;
  const [serviceName, ...within] = rest;
  if (serviceName === undefined) return sources.hasNamespace(namespace) ? NOTHING : undefined;
  const service = sources.service(namespace, serviceName);
  return service && ofService(name, service, within, sources);
}

/** `10-1-2-3.NAMESPACE.pod.DOMAIN`. */
function podByAddress(
  name: string,
  [dashed, ...more]: readonly string[],
  namespace: string,
  sources: ZoneSources,
): Found | undefined {
  if (!sources.hasNamespace(namespace) || more.length > 0) return undefined;
  if (dashed === undefined) return NOTHING;
  const address = dashed.replaceAll('-', '.');
  return /^(\d{1,3}\.){3}\d{1,3}$/.test(address)
    ? { kind: 'records', records: [{ type: 'A', name, ttl: TTL, address }] }
    : undefined;
}

function ofService(
  name: string,
  service: CoreService,
  within: readonly string[],
  sources: ZoneSources,
): Found | undefined {
  const { spec, metadata } = service;
  if (spec.type === 'ExternalName')
    // Names below one that leads elsewhere lead there, too: the gateway knows ports of a service by them.
    return within.length <= 1
      ? { kind: 'alias', target: (spec.externalName ?? '').replace(/\.$/, '').toLowerCase() }
      : undefined;
  if (within.length === 0)
    return {
      kind: 'records',
      records: addressesOf(service, sources).map((address) => ({ type: 'A', name, ttl: TTL, address })),
    };
  const [first = '', second] = within;
  if (first.startsWith('_') && second?.startsWith('_'))
    return {
      kind: 'records',
      records: portsOf(name, service, { protocol: first.slice(1), port: second.slice(1) }, sources),
    };
  if (spec.clusterIP !== 'None' || within.length > 1) return undefined;
  const endpoints = sources.slices(metadata.namespace ?? '', metadata.name).flatMap((slice) => slice.endpoints);
  const named = endpoints.filter(({ hostname }) => hostname === first).flatMap(({ addresses }) => addresses);
  return named.length > 0
    ? { kind: 'records', records: named.map((address) => ({ type: 'A', name, ttl: TTL, address })) }
    : undefined;
}

function addressesOf({ spec, metadata }: CoreService, sources: ZoneSources): string[] {
  if (spec.clusterIP && spec.clusterIP !== 'None') return [spec.clusterIP];
  const slices = sources.slices(metadata.namespace ?? '', metadata.name);
  const ready = slices.flatMap(({ endpoints }) => endpoints).filter(({ conditions }) => conditions?.ready !== false);
  return [...new Set(ready.flatMap(({ addresses }) => addresses))];
}

/** `_PORT._PROTOCOL.SERVICE…`. */
function portsOf(
  name: string,
  service: CoreService,
  wanted: { readonly port: string; readonly protocol: string },
  { domain }: ZoneSources,
): DnsRecord[] {
  const { namespace = '', name: serviceName } = service.metadata;
  const ports = (service.spec.ports ?? []).filter(
    (port) => port.name === wanted.port && (port.protocol ?? 'TCP').toLowerCase() === wanted.protocol,
  );
  return ports.map(({ port }) => ({
    type: 'SRV',
    name,
    ttl: TTL,
    port,
    target: `${serviceName}.${namespace}.svc.${domain}`,
  }));
}
