import { describe, expect, test } from 'vitest';
import type { CoreService, Pod } from '#kinds/mod.ts';
import { endpointsOf } from './decide.ts';

interface Sketch {
  readonly ready?: boolean;
  readonly ip?: string;
  readonly hostPorts?: Record<string, number>;
  readonly labels?: Record<string, string>;
  readonly going?: boolean;
}

function pod(
  name: string,
  { ready = true, ip = '10.0.0.1', hostPorts, labels = { app: 'a' }, going }: Sketch = {},
): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'ns',
      uid: name,
      labels,
      ...(hostPorts ? { annotations: { 'ebb.dev/host-ports': JSON.stringify(hostPorts) } } : {}),
      ...(going ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}),
    },
    spec: { nodeName: 'n', containers: [{ name: 'c', ports: [{ name: 'web', containerPort: 8080 }] }] },
    status: { phase: 'Running', podIP: ip, conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  };
}

const service = (
  ports: CoreService['spec']['ports'] = [{ name: 'http', port: 80, targetPort: 'web' }],
  spec: Partial<CoreService['spec']> = {},
): CoreService => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 's', namespace: 'ns', uid: 'u' },
  spec: { selector: { app: 'a' }, ports, ...spec },
});

const sliced = (one: CoreService, pods: Pod[]) =>
  endpointsOf(one, pods).slices.map(({ endpoints, ports = [] }) => ({
    ports: ports.map(({ port }) => port),
    at: endpoints.map(({ addresses, conditions }) => `${addresses[0]} ${conditions?.ready ? 'ready' : 'not ready'}`),
  }));

describe('slices', () => {
  const cases: readonly [string, CoreService, Pod[], unknown][] = [
    [
      'one for Pods that are reached alike',
      service(),
      [pod('a'), pod('b', { ip: '10.0.0.2' })],
      [{ ports: [8080], at: ['10.0.0.1 ready', '10.0.0.2 ready'] }],
    ],
    [
      'one for each port where Pods share the machine',
      service(),
      [pod('a', { hostPorts: { 8080: 4001 } }), pod('b', { hostPorts: { 8080: 4002 } })],
      [
        { ports: [4001], at: ['127.0.0.1 ready'] },
        { ports: [4002], at: ['127.0.0.1 ready'] },
      ],
    ],
    ['an empty one where nobody is there', service(), [], [{ ports: [], at: [] }]],
    [
      'one that is not ready is told as such',
      service(),
      [pod('a', { ready: false })],
      [{ ports: [8080], at: ['10.0.0.1 not ready'] }],
    ],
    [
      'unless the Service wants it all the same',
      service(undefined, { publishNotReadyAddresses: true }),
      [pod('a', { ready: false })],
      [{ ports: [8080], at: ['10.0.0.1 ready'] }],
    ],
    [
      'one that is going is not ready',
      service(),
      [pod('a', { going: true })],
      [{ ports: [8080], at: ['10.0.0.1 not ready'] }],
    ],
    ['others are no business of it', service(), [pod('a', { labels: { app: 'b' } })], [{ ports: [], at: [] }]],
    ['a number, where none is named', service([{ port: 81 }]), [pod('a')], [{ ports: [81], at: ['10.0.0.1 ready'] }]],
  ];
  test.each(cases)('%s', (_why, one, pods, expected) => {
    expect(sliced(one, pods)).toEqual(expected);
  });

  test('names differ for different ports and stay the same', () => {
    const pods = [pod('a', { hostPorts: { 8080: 4001 } }), pod('b', { hostPorts: { 8080: 4002 } })];
    const names = () => endpointsOf(service(), pods).slices.map(({ metadata }) => metadata.name);
    expect(new Set(names()).size).toBe(2);
    expect(names()).toEqual(names());
  });
});

test('the older list tells ready and other addresses apart', () => {
  const { endpoints } = endpointsOf(service(), [pod('a'), pod('b', { ip: '10.0.0.2', ready: false })]);
  expect(endpoints.subsets).toMatchObject([
    {
      addresses: [{ ip: '10.0.0.1' }],
      notReadyAddresses: [{ ip: '10.0.0.2' }],
      ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
    },
  ]);
});
