import { describe, expect, test } from 'vitest';
import type { MachineFacts } from './machine.ts';
import { nodeNameOf } from './machine.ts';
import { isReady, newNode, nodeStatus, renewedLease } from './node-status.ts';

const NOW = Date.UTC(2026, 0, 1);
const machine: MachineFacts = {
  cores: 2,
  memoryBytes: 4 * 1024 ** 3 + 1,
  kernel: '6.1.0',
  platform: 'linux',
  architecture: 'x64',
};

test('a Node is there with its labels, and not ready before its status is told', () => {
  const node = newNode({ nodeName: 'here', machine });
  expect(node.metadata).toEqual({
    name: 'here',
    labels: {
      'kubernetes.io/hostname': 'here',
      'kubernetes.io/os': 'linux',
      'kubernetes.io/arch': 'amd64',
      'node-role.kubernetes.io/control-plane': '',
    },
  });
  expect(isReady(node)).toBe(false);
});

test('its status tells the machine and what runs containers', () => {
  const status = nodeStatus({ nodeName: 'here', hostIP: '127.0.0.1', launcher: 'sandbox', machine, now: NOW });
  const capacity = { cpu: '2', memory: '4194304Ki', pods: '1000', 'ephemeral-storage': '100Gi' };
  expect(status).toMatchObject({
    capacity,
    allocatable: capacity,
    addresses: [
      { type: 'InternalIP', address: '127.0.0.1' },
      { type: 'Hostname', address: 'here' },
    ],
    nodeInfo: { kernelVersion: '6.1.0', architecture: 'amd64', containerRuntimeVersion: 'ebb-sandbox://1' },
  });
  expect(isReady({ ...newNode({ nodeName: 'here', machine }), ...(status ? { status } : {}) })).toBe(true);
});

test.each([
  ['x64', 'amd64'],
  ['arm64', 'arm64'],
])('a processor that Node.js calls %s is called %s', (architecture, wanted) => {
  const node = newNode({ nodeName: 'here', machine: { ...machine, architecture } });
  expect(node.metadata.labels?.['kubernetes.io/arch']).toBe(wanted);
});

describe('the Lease', () => {
  const spec = { holderIdentity: 'here', leaseDurationSeconds: 40, renewTime: '2026-01-01T00:00:00.000000Z' };

  test('is made where there is none', () => {
    expect(renewedLease(undefined, { nodeName: 'here', now: NOW })).toEqual({
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: 'here', namespace: 'kube-node-lease' },
      spec,
    });
  });

  test('is renewed, and what others wrote into it stays', () => {
    const there = {
      ...renewedLease(undefined, { nodeName: 'here', now: NOW - 10_000 }),
      metadata: { name: 'here', namespace: 'kube-node-lease', resourceVersion: '7' },
    };
    const renewed = renewedLease(
      { ...there, spec: { ...there.spec, leaseTransitions: 3 } },
      { nodeName: 'here', now: NOW },
    );
    expect(renewed).toEqual({ ...there, spec: { ...spec, leaseTransitions: 3 } });
  });
});

test.each([
  ['Peggy.Example', 'peggy.example'],
  ['my_machine', 'my-machine'],
  ['.local-', 'local'],
  ['__', 'localhost'],
])('the machine %s is the Node %s', (name, wanted) => {
  expect(nodeNameOf(name)).toBe(wanted);
});
