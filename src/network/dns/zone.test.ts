import { expect, test } from 'vitest';
import type { CoreService, EndpointSlice } from '#kinds/mod.ts';
import { TYPE } from './message.ts';
import type { ZoneSources } from './zone.ts';
import { lookUp } from './zone.ts';

const service = (name: string, spec: CoreService['spec']): CoreService => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'ns' },
  spec,
});

const services = new Map(
  [
    service('web', { clusterIP: '10.96.1.2', ports: [{ name: 'http', port: 80 }] }),
    service('headless', { clusterIP: 'None' }),
    service('route', { type: 'ExternalName', externalName: 'gateway.ns.svc.cluster.local' }),
    service('gateway', { clusterIP: '10.96.1.3' }),
    service('away', { type: 'ExternalName', externalName: 'example.com.' }),
    service('loop', { type: 'ExternalName', externalName: 'loop.ns.svc.cluster.local' }),
  ].map((one) => [one.metadata.name, one]),
);
const slice: EndpointSlice = {
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name: 's' },
  addressType: 'IPv4',
  endpoints: [
    { addresses: ['10.1.0.1'], hostname: 'first', conditions: { ready: true } },
    { addresses: ['10.1.0.2'], conditions: { ready: false } },
  ],
};
const sources: ZoneSources = {
  domain: 'cluster.local',
  service: (namespace, name) => (namespace === 'ns' ? services.get(name) : undefined),
  hasNamespace: (name) => name === 'ns',
  slices: (_, name) => (name === 'headless' ? [slice] : []),
};

/** An answer in a few words: its code, and its records. */
function told(name: string, type: number): string {
  const found = lookUp({ name, type }, sources);
  if (found.kind === 'outside') return ['outside', found.name, ...found.known.map((record) => record.type)].join(' ');
  const { rcode, records } = found.answer;
  const words = records.map((record) =>
    record.type === 'A'
      ? record.address
      : record.type === 'CNAME'
        ? `→${record.target}`
        : record.type === 'SRV'
          ? `${record.target}:${record.port}`
          : record.type,
  );
  return [['ok', '', 'failure', 'none'][rcode], ...words].join(' ');
}

test.each([
  ['web.ns.svc.cluster.local', TYPE.A, 'ok 10.96.1.2'],
  ['web.ns.svc.cluster.local', TYPE.AAAA, 'ok'],
  ['web.other.svc.cluster.local', TYPE.A, 'none'],
  ['nothing.ns.svc.cluster.local', TYPE.A, 'none'],
  ['web.ns.svc.cluster.local.ns.svc.cluster.local', TYPE.A, 'none'],
  ['headless.ns.svc.cluster.local', TYPE.A, 'ok 10.1.0.1'],
  ['first.headless.ns.svc.cluster.local', TYPE.A, 'ok 10.1.0.1'],
  ['second.headless.ns.svc.cluster.local', TYPE.A, 'none'],
  ['route.ns.svc.cluster.local', TYPE.A, 'ok →gateway.ns.svc.cluster.local 10.96.1.3'],
  ['away.ns.svc.cluster.local', TYPE.A, 'outside example.com CNAME'],
  ['loop.ns.svc.cluster.local', TYPE.A, 'failure'],
  ['_http._tcp.web.ns.svc.cluster.local', TYPE.SRV, 'ok web.ns.svc.cluster.local:80'],
  ['10-1-2-3.ns.pod.cluster.local', TYPE.A, 'ok 10.1.2.3'],
  ['x.ns.pod.cluster.local', TYPE.A, 'none'],
  ['ns.svc.cluster.local', TYPE.A, 'ok'],
  ['cluster.local', TYPE.A, 'ok'],
  ['example.com', TYPE.A, 'outside example.com'],
])('%s of type %d', (name, type, expected) => {
  expect(told(name, type)).toBe(expected);
});
