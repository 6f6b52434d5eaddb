import { describe, expect, test } from 'vitest';
import type { Container, ContainerPort, Probe, Revision, RuntimeClassChoice } from '#kinds/mod.ts';
import { podSpecOf } from './pod.ts';

const SETTINGS = { spread: false, freeLivenessPort: false, runtimeClasses: [] };
const FREE = { ...SETTINGS, freeLivenessPort: true };

function revision(spec: Partial<Revision['spec']>, labels: Record<string, string> = {}): Revision {
  return {
    apiVersion: 'serving.knative.dev/v1',
    kind: 'Revision',
    metadata: { name: 'a', labels },
    spec: { containers: [], ...spec },
  };
}

describe('the port that a probe asks', () => {
  const USER_PORT = 9000;
  const http = (port: number | string): Probe => ({ httpGet: { port } });
  const tcp = (port: number | string): Probe => ({ tcpSocket: { port } });
  const grpc = (port: number): Probe => ({ grpc: { port } });

  interface Case {
    readonly probes: readonly (keyof Container & `${string}Probe`)[];
    readonly port?: Partial<ContainerPort>;
    readonly asked: Probe;
    readonly free?: boolean;
    readonly expected: number;
  }
  const ALL = ['readinessProbe', 'livenessProbe', 'startupProbe'] as const;
  const KEPT = ['readinessProbe', 'startupProbe'] as const;

  test.each<[string, Case]>([
    ['http that names none', { probes: ALL, asked: http(0), expected: USER_PORT }],
    ['tcp that names none', { probes: ALL, asked: tcp(0), expected: USER_PORT }],
    ['gRPC that names none', { probes: ALL, asked: grpc(0), expected: USER_PORT }],
    ['http by the name that a port without one has', { probes: ALL, asked: http('http'), expected: USER_PORT }],
    ['tcp by the name that a port without one has', { probes: ALL, asked: tcp('http'), expected: USER_PORT }],
    ['http by the port’s name', { probes: ALL, port: { name: 'h2c' }, asked: http('h2c'), expected: USER_PORT }],
    ['tcp by the port’s name', { probes: ALL, port: { name: 'http1' }, asked: tcp('http1'), expected: USER_PORT }],
    ['http by an empty name', { probes: ALL, asked: http(''), expected: USER_PORT }],
    ['http by number', { probes: KEPT, asked: http(8077), expected: 8077 }],
    ['tcp by number', { probes: KEPT, asked: tcp(8077), expected: 8077 }],
    ['gRPC by number', { probes: ALL, asked: grpc(8077), expected: 8077 }],
    ['http by number', { probes: ['livenessProbe'], asked: http(8077), expected: USER_PORT }],
    ['tcp by number', { probes: ['livenessProbe'], asked: tcp(8077), expected: USER_PORT }],
    ['http by number, with multi-container-probing', { probes: ALL, asked: http(8077), free: true, expected: 8077 }],
    ['tcp by number, with multi-container-probing', { probes: ALL, asked: tcp(8077), free: true, expected: 8077 }],
    [
      'http by name, with multi-container-probing',
      { probes: ALL, asked: http('http'), free: true, expected: USER_PORT },
    ],
    [
      'http that names none, with multi-container-probing',
      { probes: ALL, asked: http(0), free: true, expected: USER_PORT },
    ],
  ])('%s', (_, { probes, port, asked, free = false, expected }) => {
    for (const field of probes) {
      const container = { name: 'c', ports: [{ containerPort: USER_PORT, ...port }], [field]: asked };
      const [made] = podSpecOf(revision({ containers: [container] }), free ? FREE : SETTINGS).containers;
      const { httpGet, tcpSocket, grpc: call } = made?.[field] ?? {};
      expect({ [field]: (httpGet ?? tcpSocket ?? call)?.port }).toEqual({ [field]: expected });
    }
  });

  test('of a container beside the one that serves is its own', () => {
    const side = { name: 'side', livenessProbe: http(8881), readinessProbe: tcp(8881), startupProbe: grpc(8882) };
    const main = { name: 'main', ports: [{ containerPort: USER_PORT }] };
    const [made] = podSpecOf(revision({ containers: [side, main] }), FREE).containers;
    expect(made).toMatchObject(side);
  });
});

test('readiness is asked of the Pod itself, whatever host the probe names; liveness and start of the host named', () => {
  const elsewhere = { httpGet: { host: 'elsewhere', port: 80, path: '/up' } };
  const probes = { readinessProbe: elsewhere, livenessProbe: elsewhere, startupProbe: elsewhere };
  const [http] = podSpecOf(revision({ containers: [{ name: 'c', ...probes }] }), FREE).containers;
  expect(http).toMatchObject({ ...probes, readinessProbe: { httpGet: { port: 80, path: '/up' } } });
  expect(http?.readinessProbe?.httpGet).not.toHaveProperty('host');

  const readinessProbe = { tcpSocket: { host: 'elsewhere', port: 80 } };
  const [tcp] = podSpecOf(revision({ containers: [{ name: 'c', readinessProbe }] }), FREE).containers;
  expect(tcp?.readinessProbe).toEqual({ tcpSocket: { port: 80 } });
});

describe('the runtime class', () => {
  const runtimeClasses: RuntimeClassChoice[] = [
    { name: 'kata', selector: {} },
    { name: 'gvisor', selector: { my: 'selector' } },
  ];
  test.each([
    ['of every Revision', {}, undefined, 'kata'],
    ['of those with a label', { my: 'selector' }, undefined, 'gvisor'],
    ['that the Revision names itself', { my: 'selector' }, 'own', 'own'],
  ])('%s', (_, labels, own, expected) => {
    const spec = { containers: [{ name: 'c' }], ...(own ? { runtimeClassName: own } : {}) };
    const made = podSpecOf(revision(spec, labels), { ...SETTINGS, runtimeClasses });
    expect(made.runtimeClassName).toBe(expected);
  });

  test('is none where none is meant', () => {
    expect(podSpecOf(revision({ containers: [{ name: 'c' }] }), SETTINGS)).not.toHaveProperty('runtimeClassName');
  });
});
