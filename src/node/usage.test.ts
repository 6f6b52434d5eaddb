// What is told of samples, over virtual time.

import { expect, test } from 'vitest';
import { VirtualClock } from '#base/mod.ts';
import type { Pod } from '#kinds/mod.ts';
import type { ContainerUsage, RunningContainer } from './launcher.ts';
import type { RunningPod } from './usage.ts';
import { SAMPLE_MS, UsageSampler } from './usage.ts';
import { parseStat } from './usage-of-processes.ts';

const MEBI = 2 ** 20;
const START = Date.parse('2026-01-02T00:00:00Z');

function running(id: string, usage: () => ContainerUsage | undefined): RunningContainer {
  return {
    pid: 1,
    record: { id, pid: 1, started: '' },
    exited: new Promise(() => {}),
    signal() {},
    exec: () => Promise.resolve(0),
    usage,
  };
}

function podOf(name: string, ...containers: RunningPod['containers']): RunningPod {
  const pod = {
    metadata: { name, namespace: 'ns', labels: { app: name } },
    spec: { containers: [] },
  } as unknown as Pod;
  return { pod, containers };
}

function sampler(pods: () => readonly RunningPod[], machine: () => ContainerUsage) {
  const clock = new VirtualClock(START);
  const usage = new UsageSampler({ clock, nodeName: 'n', pods, machine });
  return { clock, usage, stop: usage.begin() };
}

test('two looks make a rate, and what is gone is told of no more', async () => {
  let seconds = 100;
  let pods = [
    podOf('a', { name: 'c', running: running('a/c/0', () => ({ cpuSeconds: seconds, memoryBytes: 5 * MEBI })) }),
  ];
  const { clock, usage, stop } = sampler(
    () => pods,
    () => ({ cpuSeconds: seconds * 2, memoryBytes: 100 * MEBI }),
  );
  expect([usage.pods(), usage.nodes()]).toEqual([[], []]);

  seconds += 3;
  await clock.advance(SAMPLE_MS);
  expect(usage.pods()).toEqual([
    {
      apiVersion: 'metrics.k8s.io/v1beta1',
      kind: 'PodMetrics',
      metadata: { name: 'a', namespace: 'ns', labels: { app: 'a' }, creationTimestamp: '2026-01-02T00:00:15Z' },
      timestamp: '2026-01-02T00:00:15Z',
      window: '15s',
      containers: [{ name: 'c', usage: { cpu: '200000000n', memory: '5120Ki' } }],
    },
  ]);
  expect(usage.nodes()).toMatchObject([{ metadata: { name: 'n' }, usage: { cpu: '400000000n', memory: '102400Ki' } }]);
  expect([usage.pods('ns').length, usage.pods('other').length]).toEqual([1, 0]);

  pods = [];
  await clock.advance(SAMPLE_MS);
  expect(usage.pods()).toEqual([]);
  stop();
  expect(clock.nextDue).toBeUndefined();
});

test('a Pod is told of when all that runs of it was looked at twice, and a fall of what is counted is no use', async () => {
  let seconds = 50;
  const first = { name: 'a', running: running('p/a/0', () => ({ cpuSeconds: seconds, memoryBytes: 0 })) };
  const second = { name: 'b', running: running('p/b/0', () => ({ cpuSeconds: 1, memoryBytes: 0 })) };
  const dumb = podOf('dumb', { name: 'c', running: running('q/c/0', () => undefined) });
  let pods = [podOf('p', first), dumb];
  const { clock, usage, stop } = sampler(
    () => pods,
    () => ({ cpuSeconds: 0, memoryBytes: 0 }),
  );
  pods = [podOf('p', first, second), dumb];
  await clock.advance(SAMPLE_MS);
  expect(usage.pods()).toEqual([]);
  seconds = 20;
  await clock.advance(SAMPLE_MS);
  expect(usage.pods().map(({ containers }) => containers.map(({ usage: { cpu } }) => cpu))).toEqual([['0n', '0n']]);
  stop();
});

test('a process is read from the end of its name', () => {
  const stat = '42 (my (odd) name) S 1 42 40 0 -1 4194304 100 200 0 0 150 50 30 20 20 0 7 0 9999 1000000 500';
  expect(parseStat(stat, 'Name:\tx\nVmRSS:\t    2048 kB\nThreads:\t7\n')).toEqual({
    session: 40,
    cpuSeconds: 2.5,
    memoryBytes: 2 * MEBI,
  });
  expect(parseStat(stat, 'Name:\tzombie\n').memoryBytes).toBe(0);
});
