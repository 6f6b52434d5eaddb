import { expect, test } from 'vitest';
import type { CoreService } from '#kinds/mod.ts';
import { serviceLinks } from './service-links.ts';

type Spec = CoreService['spec'];
const named = (name: string, spec: Spec): CoreService => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'ns' },
  spec,
});
const tcp = { protocol: 'TCP', port: 80 };

const cases: [string, readonly CoreService[], Record<string, string>][] = [
  [
    'a port without a name',
    [named('redis-master', { clusterIP: '10.96.1.2', ports: [{ protocol: 'TCP', port: 6379 }] })],
    {
      REDIS_MASTER_SERVICE_HOST: '10.96.1.2',
      REDIS_MASTER_SERVICE_PORT: '6379',
      REDIS_MASTER_PORT: 'tcp://10.96.1.2:6379',
      REDIS_MASTER_PORT_6379_TCP: 'tcp://10.96.1.2:6379',
      REDIS_MASTER_PORT_6379_TCP_PROTO: 'tcp',
      REDIS_MASTER_PORT_6379_TCP_PORT: '6379',
      REDIS_MASTER_PORT_6379_TCP_ADDR: '10.96.1.2',
    },
  ],
  [
    'several ports: the first is the usual one',
    [
      named('q', {
        clusterIP: '10.96.1.3',
        ports: [
          { name: 'u-dp', protocol: 'UDP', port: 8083 },
          { name: 'web', protocol: 'TCP', port: 80 },
        ],
      }),
    ],
    {
      Q_SERVICE_HOST: '10.96.1.3',
      Q_SERVICE_PORT: '8083',
      Q_SERVICE_PORT_U_DP: '8083',
      Q_SERVICE_PORT_WEB: '80',
      Q_PORT: 'udp://10.96.1.3:8083',
      Q_PORT_8083_UDP: 'udp://10.96.1.3:8083',
      Q_PORT_8083_UDP_PROTO: 'udp',
      Q_PORT_8083_UDP_PORT: '8083',
      Q_PORT_8083_UDP_ADDR: '10.96.1.3',
      Q_PORT_80_TCP: 'tcp://10.96.1.3:80',
      Q_PORT_80_TCP_PROTO: 'tcp',
      Q_PORT_80_TCP_PORT: '80',
      Q_PORT_80_TCP_ADDR: '10.96.1.3',
    },
  ],
  [
    'none without an address of its own',
    [
      named('headless', { clusterIP: 'None', ports: [tcp] }),
      named('elsewhere', { type: 'ExternalName', externalName: 'example.com', ports: [tcp] }),
      named('new', { clusterIP: '', ports: [tcp] }),
      named('portless', { clusterIP: '10.96.1.4' }),
    ],
    {},
  ],
];
test.each(cases)('%s', (_, services, wanted) => {
  expect(Object.fromEntries(serviceLinks(services))).toEqual(wanted);
});

test('they stand in the order of names, whatever the order of Services', () => {
  const services = ['b', 'a'].map((name) => named(name, { clusterIP: '10.96.1.2', ports: [tcp] }));
  const names = serviceLinks(services).map(([name]) => name);
  expect(names).toEqual([...names].sort((a, b) => (a[0] ?? '').localeCompare(b[0] ?? '')));
  expect(names[0]).toBe('A_SERVICE_HOST');
});
