import { expect, test } from 'vitest';
import { CoreService, EndpointSlice } from '#kinds/mod.ts';
import { FakeCluster } from '../../../test/cases/fake-cluster.ts';
import { publishGateway } from './seed.ts';

const places = (cluster: FakeCluster, key: string) => {
  const { endpoints = [], ports = [], metadata } = cluster.get(EndpointSlice, key) ?? { metadata: { name: '' } };
  return {
    of: metadata.labels?.['kubernetes.io/service-name'],
    at: endpoints.flatMap(({ addresses }) => addresses),
    ports: ports.map(({ name, port }) => `${name} ${port}`),
  };
};

test.each([
  ['127.0.0.1', '127.0.0.1'],
  ['0.0.0.0', '127.0.0.1'],
  ['localhost', '127.0.0.1'],
  ['192.0.2.7', '192.0.2.7'],
])('a gateway that listens at %s is reached at %s, also as the activator', async (host, address) => {
  const cluster = new FakeCluster();
  await publishGateway(cluster.client, { host, http: 8080, https: 8443, internal: 9000 });
  expect(places(cluster, 'ebb-system/gateway')).toEqual({
    of: 'gateway',
    at: [address],
    ports: ['http2 8080', 'https 8443'],
  });
  expect(places(cluster, 'knative-serving/activator-service')).toEqual({
    of: 'activator-service',
    at: [address],
    ports: ['http 9000'],
  });
});

test('the next start may have other ports; what the API has given stays', async () => {
  const cluster = new FakeCluster();
  await publishGateway(cluster.client, { host: '127.0.0.1', http: 1, https: 2 });
  const before = cluster.get(CoreService, 'knative-serving/activator-service');
  if (!before) throw new Error('there is no activator-service');
  cluster.put(CoreService, { ...before, spec: { ...before.spec, clusterIP: '10.96.0.9' } } as CoreService);
  await publishGateway(cluster.client, { host: '127.0.0.1', http: 3, https: 4 });
  expect(cluster.get(CoreService, 'knative-serving/activator-service')?.spec.clusterIP).toBe('10.96.0.9');
  expect(cluster.get(CoreService, 'ebb-system/gateway')?.spec.ports?.map(({ nodePort }) => nodePort)).toEqual([3, 4]);
  expect(places(cluster, 'ebb-system/gateway').ports).toEqual(['http2 3', 'https 4']);
});

test('a balancer is told as such, and only as long as there is one', async () => {
  const cluster = new FakeCluster();
  const told = () => {
    const { spec, status } = cluster.get(CoreService, 'ebb-system/gateway') ?? { spec: {} };
    return [spec.type, status?.loadBalancer];
  };
  await publishGateway(cluster.client, { host: '127.0.0.1', http: 1, https: 2, balancer: '10.217.0.2' });
  expect(told()).toEqual(['LoadBalancer', { ingress: [{ ip: '10.217.0.2' }] }]);
  await publishGateway(cluster.client, { host: '127.0.0.1', http: 1, https: 2 });
  expect(told()).toEqual(['NodePort', {}]);
});
