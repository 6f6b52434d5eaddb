import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ServicePlaces } from '#events/mod.ts';
import { CoreService, EndpointSlice, SERVICE_NAME_LABEL } from '#kinds/mod.ts';
import { sourcesWorld } from '../../../../test/sources/world.ts';
import { servicePlaces } from './service-places.ts';

let world: Awaited<ReturnType<typeof sourcesWorld>>;
beforeEach(async () => {
  world = await sourcesWorld();
});
afterEach(() => world.stop());

const PORTS = [
  { name: 'http', port: 80, targetPort: 8080 },
  { name: 'https', port: 443, targetPort: 8443 },
];
const BY_PORT = [
  { name: 'http', port: 8080, protocol: 'TCP' },
  { name: 'https', port: 8443, protocol: 'TCP' },
];
const END = { ready: true, serving: true, terminating: false };

async function make(spec: CoreService['spec'], ready: readonly string[] = [], unready: readonly string[] = []) {
  await world.client.create(CoreService, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'sink', namespace: 'default' },
    spec,
  });
  await world.client.create(EndpointSlice, {
    apiVersion: EndpointSlice.apiVersion,
    kind: EndpointSlice.kind,
    metadata: { name: 'sink-1', namespace: 'default', labels: { [SERVICE_NAME_LABEL]: 'sink' } },
    addressType: 'IPv4',
    endpoints: [
      ...ready.map((address) => ({ addresses: [address], conditions: END })),
      ...unready.map((address) => ({ addresses: [address], conditions: { ...END, ready: false } })),
    ],
    ports: BY_PORT,
  });
}

function found(port: number, name = 'sink'): ServicePlaces {
  return servicePlaces(world.informers)({ namespace: 'default', name, port, isSure: true });
}
const at = (host: string, port: number) => ({ host, port });

test('ready endpoints, at the port that the asked one leads to', async () => {
  await make({ ports: PORTS }, ['10.0.0.1', '10.0.0.2'], ['10.0.0.3']);
  const plain = [at('10.0.0.1', 8080), at('10.0.0.2', 8080)];
  expect(found(80)).toEqual({ kind: 'endpoints', places: plain });
  expect(found(443)).toEqual({ kind: 'endpoints', places: [at('10.0.0.1', 8443), at('10.0.0.2', 8443)] });
});

test('none where none is ready, which is not the same as none at all', async () => {
  await make({ ports: PORTS }, [], ['10.0.0.3']);
  expect(found(80)).toEqual({ kind: 'endpoints', places: [] });
  expect(found(80, 'other')).toEqual({ kind: 'unknown' });
});

test('a port that the Service lacks is unknown', async () => {
  await make({ ports: PORTS }, ['10.0.0.1']);
  expect(found(9000)).toEqual({ kind: 'unknown' });
});

test('of a headless Service its Pods, at whatever port', async () => {
  await make({ clusterIP: 'None', ports: PORTS }, ['10.0.0.1'], ['10.0.0.3']);
  expect(found(9000)).toEqual({ kind: 'endpoints', places: [at('10.0.0.1', 9000)] });
});

test('another name is told without its last dot', async () => {
  await make({ type: 'ExternalName', externalName: 'imc-dispatcher.knative-eventing.svc.cluster.local.' });
  expect(found(80)).toEqual({ kind: 'alias', host: 'imc-dispatcher.knative-eventing.svc.cluster.local' });
});

test('what changes is seen at once', async () => {
  await make({ ports: PORTS }, ['10.0.0.1']);
  const places = servicePlaces(world.informers);
  await world.client.delete(CoreService, 'default', 'sink');
  expect(places({ namespace: 'default', name: 'sink', port: 80, isSure: true })).toEqual({ kind: 'unknown' });
});

const GATEWAY = 'gateway.ebb-system.svc.cluster.local';

test.each([
  [80, 'activator-service.knative-serving.svc.cluster.local'],
  [443, GATEWAY],
])('the gateway at port %i is another name of %s', async (port, host) => {
  await make({ type: 'ExternalName', externalName: GATEWAY });
  expect(found(port)).toEqual({ kind: 'alias', host });
});
