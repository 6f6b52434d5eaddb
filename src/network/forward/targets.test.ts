import { describe, expect, test } from 'vitest';
import type { CoreService, Endpoints, EndpointSlice } from '#kinds/mod.ts';
import { addressesOf, targetsOf } from './targets.ts';

const service = (spec: CoreService['spec']): CoreService => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 's' },
  spec,
});

test.each<[string, CoreService['spec'], unknown]>([
  [
    'each TCP port',
    {
      clusterIP: '10.96.1.2',
      ports: [{ port: 80 }, { name: 'b', port: 81 }, { name: 'c', port: 53, protocol: 'UDP' }],
    },
    [
      { address: '10.96.1.2', port: 80, portName: '' },
      { address: '10.96.1.2', port: 81, portName: 'b' },
    ],
  ],
  ['nothing without an address', { ports: [{ port: 80 }] }, []],
  ['nothing of a headless one', { clusterIP: 'None', ports: [{ port: 80 }] }, []],
  ['nothing of another name', { type: 'ExternalName', externalName: 'x' }, []],
])('a Service is listened for at %s', (_what, spec, expected) => {
  expect(addressesOf(service(spec))).toEqual(expected);
});

const slice = (port: number, name: string, ...endpoints: EndpointSlice['endpoints']): EndpointSlice => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name: 's' },
  addressType: 'IPv4',
  endpoints,
  ports: [{ name, port }],
});
const list: Endpoints = {
  apiVersion: 'v1',
  kind: 'Endpoints',
  metadata: { name: 's' },
  subsets: [
    { addresses: [{ ip: '10.1.0.9' }], notReadyAddresses: [{ ip: '10.1.0.8' }], ports: [{ name: 'a', port: 8080 }] },
  ],
};

describe('who is behind a port', () => {
  test('ready endpoints of every slice, by the name of the port', () => {
    const slices = [
      slice(4001, 'a', { addresses: ['127.0.0.1'] }),
      slice(4002, 'a', { addresses: ['127.0.0.1'], conditions: { ready: false } }),
      slice(4003, 'b', { addresses: ['127.0.0.1'] }),
    ];
    expect(targetsOf('a', slices, list)).toEqual([{ host: '127.0.0.1', port: 4001 }]);
  });

  test('the older list where there is no slice', () => {
    expect([targetsOf('a', [], list), targetsOf('b', [], list), targetsOf('a', [], undefined)]).toEqual([
      [{ host: '10.1.0.9', port: 8080 }],
      [],
      [],
    ]);
  });
});
