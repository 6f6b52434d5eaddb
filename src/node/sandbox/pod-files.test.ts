import { expect, test } from 'vitest';
import type { SandboxRequest } from '../launcher.ts';
import { hostsText, resolverText } from './pod-files.ts';

const request = (more: Partial<SandboxRequest> = {}): SandboxRequest => ({
  podUid: 'u',
  podName: 'p',
  namespace: 'ns',
  containerPorts: [],
  hostname: 'p',
  ...more,
});
const resolver = { nameServers: ['10.96.0.10'], clusterDomain: 'cluster.local' };

test.each([
  [{}, 'search ns.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n'],
  [{ dnsPolicy: 'Default' }, 'nameserver 10.96.0.10\n'],
  [
    { dnsPolicy: 'None', dnsConfig: { nameservers: ['1.1.1.1'], searches: ['example.com'] } },
    'search example.com\nnameserver 1.1.1.1\n',
  ],
  [
    {
      dnsConfig: {
        nameservers: ['10.96.0.10', '1.1.1.1'],
        searches: ['example.com', 'cluster.local'],
        options: [{ name: 'ndots', value: '2' }, { name: 'edns0' }],
      },
    },
    'search ns.svc.cluster.local svc.cluster.local cluster.local example.com\nnameserver 10.96.0.10\nnameserver 1.1.1.1\noptions ndots:2 edns0\n',
  ],
])('the resolver with %j', (more, text) => {
  expect(resolverText(request(more), resolver)).toBe(text);
});

test.each([
  [{}, '10.0.0.2\tp\n'],
  [{ subdomain: 'sub' }, '10.0.0.2\tp.sub.ns.svc.cluster.local\tp\n'],
  [
    { hostAliases: [{ ip: '1.2.3.4', hostnames: ['a', 'b'] }] },
    '10.0.0.2\tp\n\n# Entries added by HostAliases.\n1.2.3.4\ta\tb\n',
  ],
])('hosts with %j', (more, end) => {
  expect(hostsText(request(more), '10.0.0.2', 'cluster.local')).toBe(
    `# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n${end}`,
  );
});
