// What one metric calls for, with the words and the status that go along.

import { describe, expect, it } from 'vitest';
import type { HpaMetric, Pod } from '#kinds/mod.ts';
import type { Reading } from './group.ts';
import { groupPods } from './group.ts';
import type { Measured } from './proposal.ts';
import { proposal } from './proposal.ts';

const NOW = Date.parse('2026-01-02T00:00:00Z');
const ago = (seconds: number) => new Date(NOW - seconds * 1000).toISOString();

function pod(
  name: string,
  change: Partial<NonNullable<Pod['status']>> = {},
  requests = { cpu: '1', memory: '1Gi' },
): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'ns' },
    spec: { containers: [{ name: 'c', image: 'i', resources: { requests } }] },
    status: {
      phase: 'Running',
      startTime: ago(3600),
      conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: ago(3590) }],
      ...change,
    },
  };
}
const reading = (milli: number): Reading => ({ milli, atMs: NOW - 5000, windowMs: 15_000 });
const byPod = (...millis: number[]): Measured => ({
  byPod: new Map(millis.map((milli, i) => [`p${i}`, reading(milli)])),
});
const pods = [pod('p0'), pod('p1')];
const elapsedSince = (stamp: string) => NOW - Date.parse(stamp);
const scaled = { elapsedSince, pods, specReplicas: 2, statusReplicas: 2 };

const cpu: HpaMetric = {
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } },
};
const memory: HpaMetric = {
  type: 'Resource',
  resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '100Mi' } },
};
const ofContainer: HpaMetric = {
  type: 'ContainerResource',
  containerResource: { name: 'cpu', container: 'c', target: { type: 'Utilization', averageUtilization: 50 } },
};
const queue: HpaMetric = {
  type: 'Pods',
  pods: { metric: { name: 'queue' }, target: { type: 'AverageValue', averageValue: '10' } },
};
const lag: HpaMetric = {
  type: 'External',
  external: { metric: { name: 'lag' }, target: { type: 'AverageValue', averageValue: '30' } },
};

describe('proposal', () => {
  it.each<[string, HpaMetric, Measured, object]>([
    [
      'a share of the processor',
      cpu,
      byPod(1000, 1000),
      {
        replicas: 4,
        name: 'cpu resource utilization (percentage of request)',
        status: {
          type: 'Resource',
          resource: { name: 'cpu', current: { averageUtilization: 100, averageValue: '1' } },
        },
      },
    ],
    [
      'memory by its amount',
      memory,
      byPod(209_715_200_000, 104_857_600_000),
      {
        replicas: 3,
        name: 'memory resource',
        status: { type: 'Resource', resource: { name: 'memory', current: { averageValue: '157286400' } } },
      },
    ],
    [
      'one container',
      ofContainer,
      byPod(250, 250),
      { replicas: 1, name: 'cpu container resource utilization (percentage of request)' },
    ],
    [
      'a metric of Pods',
      queue,
      byPod(25_000, 15_500),
      {
        replicas: 5,
        name: 'pods metric queue',
        status: { type: 'Pods', pods: { metric: { name: 'queue' }, current: { averageValue: '20250m' } } },
      },
    ],
    [
      'a queue outside',
      lag,
      { milli: 120_000 },
      {
        replicas: 4,
        name: 'external metric lag(nil)',
        status: { type: 'External', external: { metric: { name: 'lag' }, current: { averageValue: '60' } } },
      },
    ],
    [
      'nothing measured',
      cpu,
      { problem: 'no metrics returned from resource metrics API' },
      {
        reason: 'FailedGetResourceMetric',
        problem:
          'failed to get cpu utilization: unable to get metrics for resource cpu: no metrics returned from resource metrics API',
      },
    ],
    [
      'nothing measured of ready Pods',
      cpu,
      { byPod: new Map() },
      {
        reason: 'FailedGetResourceMetric',
        problem: 'failed to get cpu utilization: did not receive metrics for targeted pods (pods might be unready)',
      },
    ],
    [
      'no source of such metrics',
      queue,
      { problem: 'none here' },
      {
        reason: 'FailedGetPodsMetric',
        problem: 'failed to get pods metric value: unable to get metric queue: none here',
      },
    ],
    [
      'an unknown type',
      { type: 'Moon' },
      { problem: '' },
      { reason: 'InvalidMetricSourceType', problem: 'unknown metric source type "Moon"' },
    ],
  ])('%s', (_, metric, measured, wanted) => expect(proposal(metric, measured, scaled)).toMatchObject(wanted));

  it('cannot tell a share of what nobody requests', () => {
    const careless = { ...scaled, pods: [pod('p0', {}, { memory: '1Gi' } as never)] };
    expect(proposal(cpu, byPod(100), careless)).toEqual({
      reason: 'FailedGetResourceMetric',
      problem: 'failed to get cpu utilization: missing request for cpu in container c of Pod p0',
    });
  });

  it('needs Pods', () =>
    expect(proposal(cpu, byPod(100), { ...scaled, pods: [] })).toMatchObject({
      problem: 'failed to get cpu utilization: no pods returned by selector while calculating replica count',
    }));
});

describe('groupPods', () => {
  const ready = (since: number) => [{ type: 'Ready', status: 'True', lastTransitionTime: ago(since) }];
  const unready = (since: number) => [{ type: 'Ready', status: 'False', lastTransitionTime: ago(since) }];
  type Where = 'ready' | 'unready' | 'missing' | 'none';
  it.each<[string, Pod, isCpu: boolean, hasReading: boolean, Where]>([
    ['ready for long', pod('p'), true, true, 'ready'],
    ['without a reading', pod('p'), true, false, 'missing'],
    ['pending', pod('p', { phase: 'Pending' }), true, true, 'unready'],
    ['failed', pod('p', { phase: 'Failed' }), true, true, 'none'],
    ['on its way out', { ...pod('p'), metadata: { name: 'p', deletionTimestamp: ago(1) } }, true, true, 'none'],
    ['without a condition', pod('p', { conditions: [] }), true, true, 'unready'],
    ['without a start', pod('p', { startTime: undefined }), true, true, 'unready'],
    ['young and unready', pod('p', { startTime: ago(60), conditions: unready(50) }), true, true, 'unready'],
    [
      'young, measured since before it was ready',
      pod('p', { startTime: ago(60), conditions: ready(15) }),
      true,
      true,
      'unready',
    ],
    ['young, measured for a window', pod('p', { startTime: ago(60), conditions: ready(40) }), true, true, 'ready'],
    ['old, and never was ready', pod('p', { conditions: unready(3590) }), true, true, 'unready'],
    ['old, and was ready once', pod('p', { conditions: unready(60) }), true, true, 'ready'],
    ['unready, by its memory', pod('p', { startTime: ago(60), conditions: unready(50) }), false, true, 'ready'],
  ])('%s', (_, one, isCpu, hasReading, where) => {
    const readings = new Map(hasReading ? [['p', reading(5)]] : []);
    const groups = groupPods([one], readings, { elapsedSince, isCpu });
    const found: Where = groups.ready.has('p')
      ? 'ready'
      : groups.unready.includes('p')
        ? 'unready'
        : groups.missing.includes('p')
          ? 'missing'
          : 'none';
    expect(found).toBe(where);
  });
});
