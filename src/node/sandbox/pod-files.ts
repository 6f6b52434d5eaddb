// The files by which programs of a Pod know names: hosts and resolver, as kubelet writes them. Pure.

import type { SandboxRequest } from '../launcher.ts';

/** What is said to name servers unless the Pod says otherwise. */
export interface Resolver {
  readonly nameServers: readonly string[];
  readonly clusterDomain: string;
}

const NDOTS = 5;

/** /etc/hosts: the Pod itself, and the aliases that it asks for. */
export function hostsText(
  { hostname, subdomain, namespace, hostAliases = [] }: SandboxRequest,
  address: string,
  domain: string,
): string {
  const own = subdomain ? [`${hostname}.${subdomain}.${namespace}.svc.${domain}`, hostname] : [hostname];
  const aliases = hostAliases.map(({ ip, hostnames = [] }) => [ip, ...hostnames].join('\t'));
  return [
    '# Kubernetes-managed hosts file.',
    '127.0.0.1\tlocalhost',
    '::1\tlocalhost ip6-localhost ip6-loopback',
    [address, ...own].join('\t'),
    ...(aliases.length > 0 ? ['', '# Entries added by HostAliases.', ...aliases] : []),
    '',
  ].join('\n');
}

/** /etc/resolv.conf, by the Pod's dnsPolicy and dnsConfig. */
export function resolverText({ namespace, dnsPolicy, dnsConfig = {} }: SandboxRequest, resolver: Resolver): string {
  const { nameServers, clusterDomain: domain } = resolver;
  const isNone = dnsPolicy === 'None';
  const ofCluster = !isNone && dnsPolicy !== 'Default';
  const searches = ofCluster ? [`${namespace}.svc.${domain}`, `svc.${domain}`, domain] : [];
  const options = new Map<string, string | undefined>(ofCluster ? [['ndots', String(NDOTS)]] : []);
  for (const { name = '', value } of dnsConfig.options ?? []) options.set(name, value);
  const all = [...new Set([...searches, ...(dnsConfig.searches ?? [])])];
  const servers = [...new Set([...(isNone ? [] : nameServers), ...(dnsConfig.nameservers ?? [])])];
  const words = Array.from(options, ([name, value]) => (value === undefined ? name : `${name}:${value}`));
  return [
    ...(all.length > 0 ? [`search ${all.join(' ')}`] : []),
    ...servers.map((server) => `nameserver ${server}`),
    ...(words.length > 0 ? [`options ${words.join(' ')}`] : []),
    '',
  ].join('\n');
}
