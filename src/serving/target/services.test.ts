import { expect, test } from 'vitest';
import { seededRandom, VirtualClock } from '#base/mod.ts';
import { createEngine } from '#engine/mod.ts';
import type { CoreService, EndpointSlice } from '#kinds/mod.ts';
import { silentLog } from '#telemetry/mod.ts';
import { FakeCluster } from '../../../test/cases/fake-cluster.ts';
import { expand } from '../../../test/cases/shorthand.ts';
import type { Shorthand } from '../../../test/cases/shorthand.ts';
import { silentGateway } from '../../../test/cases/silent-gateway.ts';
import { TargetBoard } from './board.ts';
import { serviceTargetController, serviceTargetOf } from './services.ts';

const service = (ports: object[], more: object = {}): Shorthand => ({
  CoreService: { name: 'db', spec: { ports, ...more } },
});
const slice = (name: string, ports: object[], endpoints: object[]): Shorthand => ({
  EndpointSlice: { name, labels: { 'kubernetes.io/service-name': 'db' }, addressType: 'IPv4', endpoints, ports },
});
const serviceOf = (shorthand: Shorthand) => expand(shorthand).object as CoreService;
const sliceOf = (shorthand: Shorthand) => expand(shorthand).object as EndpointSlice;

test.each<[string, number | string, object[], string | undefined]>([
  [
    'by number',
    80,
    [
      { name: 'admin', port: 90 },
      { name: 'web', port: 80 },
    ],
    '10.0.0.1:8080',
  ],
  [
    'by name',
    'admin',
    [
      { name: 'web', port: 80 },
      { name: 'admin', port: 90 },
    ],
    '10.0.0.3:9000',
  ],
  ['the first, where none is as asked', 80, [{ name: 'admin', port: 90 }], '10.0.0.3:9000'],
  ['none that is ready', 80, [{ name: 'none', port: 80 }], undefined],
])('a port of a Service is found: %s', (_how, asked, ports, place) => {
  const slices = [
    slice(
      'a',
      [{ name: 'web', port: 8080 }],
      [{ addresses: ['10.0.0.1'] }, { addresses: ['10.0.0.2'], conditions: { ready: false } }],
    ),
    slice('b', [{ name: 'admin', port: 9000 }], [{ addresses: ['10.0.0.3'] }]),
  ].map(sliceOf);
  const found = serviceTargetOf(serviceOf(service(ports)), slices, asked);
  expect(found?.endpoints.map(({ host, port }) => `${host}:${port}`)).toEqual(place ? [place] : undefined);
});

test.each([
  [{ name: 'h2c', port: 80 }, 'h2c'],
  [{ name: 'grpc-web', port: 80 }, 'h2c'],
  [{ port: 80, appProtocol: 'kubernetes.io/h2c' }, 'h2c'],
  [{ name: 'http', port: 80 }, 'http1'],
])('%j speaks %s', (port, protocol) => {
  const { name } = port as { name?: string };
  const slices = [sliceOf(slice('a', [{ ...(name ? { name } : {}), port: 8080 }], [{ addresses: ['10.0.0.1'] }]))];
  expect(serviceTargetOf(serviceOf(service([port])), slices, 80)?.protocol).toBe(protocol);
});

test('only what a KIngress leads to is said, and a target that a Revision has is left alone', async () => {
  const said: string[] = [];
  const board = new TargetBoard({
    ...silentGateway,
    setTarget: async (key, target) => void said.push(`${key} ${target ? target.endpoints.length : 'gone'}`),
  });
  const cluster = new FakeCluster();
  const put = (one: Shorthand) => cluster.put(expand(one).kind, expand(one).object);
  const clock = new VirtualClock();
  const engine = createEngine({
    client: cluster.client,
    informers: cluster.informers,
    clock,
    random: seededRandom(1),
    log: silentLog,
  });
  const definition = serviceTargetController(board);
  engine.controller(definition);
  const turn = () => engine.turn(definition, 'default/db');

  put(service([{ port: 80 }]));
  put(slice('a', [{ port: 8080 }], [{ addresses: ['10.0.0.1'] }]));
  await turn();
  expect(said).toEqual([]);

  const split = { serviceNamespace: 'default', serviceName: 'db', servicePort: 80 };
  put({ KIngress: { name: 'in', spec: { rules: [{ hosts: ['a.test'], http: { paths: [{ splits: [split] }] } }] } } });
  await turn();
  expect(said).toEqual(['default/db 1']);

  cluster.remove(expand(slice('a', [], [])).kind, 'default/a');
  await turn();
  expect(said).toEqual(['default/db 1', 'default/db gone']);

  await board.set('default/db', {
    namespace: 'default',
    name: 'db',
    concurrency: 0,
    timeoutMs: 0,
    protocol: 'http1',
    endpoints: [],
  });
  put(service([{ port: 80 }], { type: 'ExternalName' }));
  await turn();
  expect(said).toEqual(['default/db 1', 'default/db gone', 'default/db 0']);
});
