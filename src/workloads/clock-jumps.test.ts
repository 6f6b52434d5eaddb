// Somebody sets the wall clock: schedules follow it, each moment once; deadlines follow what has passed.

import { expect, test } from 'vitest';
import { rfc3339, seededRandom, VirtualClock } from '#base/mod.ts';
import { createEngine, runControllers } from '#engine/mod.ts';
import type { CronJob } from '#kinds/mod.ts';
import { allKinds, Deployment, CronJob as CronJobs, HorizontalPodAutoscaler, Job, Namespace, Pod } from '#kinds/mod.ts';
import { findCondition } from '#machinery/mod.ts';
import type { Client, Informers } from '#objects/mod.ts';
import { localClient, localInformers, Registry, Scheme, Store } from '#objects/mod.ts';
import { silentLog } from '#telemetry/mod.ts';
import { ScriptedDatabase } from '../../test/contracts/scripted-database.ts';
import type { MetricSources } from './hpa/measure.ts';
import { workloadControllers } from './mod.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Runs the controllers of workloads; the clock begins at midnight. `switchOff` stops them for so long, and starts others. */
async function within(
  act: (client: Client, clock: VirtualClock, switchOff: (ms: number) => Promise<void>) => Promise<void>,
  metricsFrom?: (informers: Informers, clock: VirtualClock) => MetricSources,
): Promise<void> {
  const clock = new VirtualClock();
  const scheme = new Scheme(allKinds);
  const store = await Store.open(new ScriptedDatabase());
  const random = seededRandom(1);
  const client = localClient(new Registry({ store, scheme, clock, random }), { name: 'test', groups: [] });
  const volumes = { make: async () => {}, remove: async () => {} };
  const start = () => {
    const informers = localInformers(store, scheme);
    const recorder = () => ({ record() {} });
    const abort = new AbortController();
    const running = runControllers(
      workloadControllers({
        engine: createEngine({ client, informers, clock, random, log: silentLog, recorder }),
        informers,
        scheme,
        random,
        log: silentLog,
        rootCa: 'PEM',
        volumes,
        ...(metricsFrom ? { metrics: metricsFrom(informers, clock) } : {}),
      }),
      abort,
    );
    return async () => {
      abort.abort();
      await clock.advance(SECOND);
      await running;
    };
  };
  let stop = start();
  await client.create(Namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'ns' }, spec: {} });
  await act(client, clock, async (ms) => {
    await stop();
    await clock.advance(ms);
    stop = start();
  });
  await stop();
}

const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'a' }] } };

const hourly = {
  apiVersion: 'batch/v1',
  kind: 'CronJob',
  metadata: { name: 'c', namespace: 'ns' },
  spec: { schedule: '0 * * * *', jobTemplate: { spec: { template } } },
} as unknown as CronJob;

test.each([
  { what: 'to just before a moment', jump: 59 * MINUTE + 30 * SECOND, waitMs: MINUTE, jobs: 1 },
  { what: 'over a moment', jump: HOUR, waitMs: 10 * SECOND, jobs: 1 },
  { what: 'over many moments, of which the last counts', jump: 5 * HOUR, waitMs: 10 * SECOND, jobs: 1 },
  { what: 'back, to before its creation', jump: -HOUR, waitMs: 59 * MINUTE, jobs: 0 },
])('a schedule follows a clock that is set $what', async ({ jump, waitMs, jobs }) => {
  await within(async (client, clock) => {
    await client.create(CronJobs, hourly);
    await clock.advance(SECOND);
    clock.jump(jump);
    await clock.advance(waitMs);
    expect((await client.list(Job)).items).toHaveLength(jobs);
  });
});

test('a moment that comes twice, for the clock was set back, starts one Job', async () => {
  await within(async (client, clock) => {
    await client.create(CronJobs, hourly);
    await clock.advance(HOUR + MINUTE);
    clock.jump(-10 * MINUTE);
    await clock.advance(30 * MINUTE);
    expect((await client.list(Job)).items).toHaveLength(1);
  });
});

function deployment(more: Partial<Deployment['spec']>): Deployment {
  const containers = [{ name: 'c', image: 'a', resources: { requests: { cpu: '1' } } }];
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'd', namespace: 'ns' },
    spec: {
      replicas: 1,
      selector: { matchLabels: { app: 'd' } },
      template: { metadata: { labels: { app: 'd' } }, spec: { containers } },
      ...more,
    },
  };
}

/** As a node would: all Pods that are not ready become so. */
async function startPods(client: Client, clock: VirtualClock): Promise<void> {
  const now = rfc3339(clock.now());
  const ready = { type: 'Ready', status: 'True', lastTransitionTime: now };
  for (const { metadata, status } of (await client.list(Pod)).items) {
    if (status?.phase === 'Running') continue;
    const body = { status: { phase: 'Running', startTime: now, conditions: [ready] } };
    await client.patch(Pod, 'ns', metadata.name, 'merge', body, { subresource: 'status' });
  }
}

const jumps = [
  { what: 'stands', jump: 0 },
  { what: 'is set forward', jump: HOUR },
  { what: 'is set back', jump: -HOUR },
];

test.each(jumps)('the deadline of a Job is the same where the clock $what', async ({ jump }) => {
  await within(async (client, clock) => {
    const metadata = { name: 'j', namespace: 'ns' };
    await client.create(Job, {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata,
      spec: { activeDeadlineSeconds: 600, template },
    });
    const failed = async () => findCondition((await client.get(Job, 'ns', 'j'))?.status, 'Failed')?.reason;
    await clock.advance(MINUTE);
    clock.jump(jump);
    await clock.advance(8 * MINUTE);
    expect(await failed()).toBeUndefined();
    await clock.advance(2 * MINUTE);
    expect(await failed()).toBe('DeadlineExceeded');
  });
});

test.each(jumps)('the deadline of a roll-out is the same where the clock $what', async ({ jump }) => {
  await within(async (client, clock) => {
    await client.create(Deployment, deployment({ progressDeadlineSeconds: 600 }));
    const reason = async () => findCondition((await client.get(Deployment, 'ns', 'd'))?.status, 'Progressing')?.reason;
    await clock.advance(MINUTE);
    clock.jump(jump);
    await clock.advance(8 * MINUTE);
    expect(await reason()).not.toBe('ProgressDeadlineExceeded');
    await clock.advance(2 * MINUTE);
    expect(await reason()).toBe('ProgressDeadlineExceeded');
  });
});

test('the time in which the platform is switched off does not count for the deadline of a roll-out', async () => {
  await within(async (client, clock, switchOff) => {
    await client.create(Deployment, deployment({ progressDeadlineSeconds: 600 }));
    const reason = async () => findCondition((await client.get(Deployment, 'ns', 'd'))?.status, 'Progressing')?.reason;
    await clock.advance(MINUTE);
    await switchOff(8 * HOUR);
    await clock.advance(9 * MINUTE);
    expect(await reason()).not.toBe('ProgressDeadlineExceeded');
    await clock.advance(2 * MINUTE);
    expect(await reason()).toBe('ProgressDeadlineExceeded');
  });
});

test('the deadline of a Job is one of the wall, and passes while the platform is switched off', async () => {
  await within(async (client, clock, switchOff) => {
    const metadata = { name: 'j', namespace: 'ns' };
    const spec = { activeDeadlineSeconds: 600, template };
    await client.create(Job, { apiVersion: 'batch/v1', kind: 'Job', metadata, spec });
    await clock.advance(MINUTE);
    await switchOff(8 * HOUR);
    await clock.advance(SECOND);
    expect(findCondition((await client.get(Job, 'ns', 'j'))?.status, 'Failed')?.reason).toBe('DeadlineExceeded');
  });
});

test.each(jumps)('a Pod is available as soon where the clock $what', async ({ jump }) => {
  await within(async (client, clock) => {
    await client.create(Deployment, deployment({ minReadySeconds: 60 }));
    const available = async () => (await client.get(Deployment, 'ns', 'd'))?.status?.availableReplicas;
    await clock.advance(SECOND);
    await startPods(client, clock);
    await clock.advance(10 * SECOND);
    clock.jump(jump);
    await clock.advance(40 * SECOND);
    expect(await available()).toBeUndefined();
    await clock.advance(20 * SECOND);
    expect(await available()).toBe(1);
  });
});

function autoscaler(metrics: HorizontalPodAutoscaler['spec']['metrics']): HorizontalPodAutoscaler {
  const scaleTargetRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' };
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: 'h', namespace: 'ns' },
    spec: { scaleTargetRef, minReplicas: 1, maxReplicas: 4, metrics },
  };
}

test.each(jumps)('a scale is stabilized as long where the clock $what', async ({ jump }) => {
  let load = 40_000;
  const external = async () => load;
  await within(
    async (client, clock) => {
      await client.create(Deployment, deployment({}));
      const metric = { metric: { name: 'lag' }, target: { type: 'AverageValue', averageValue: '10' } };
      await client.create(HorizontalPodAutoscaler, autoscaler([{ type: 'External', external: metric }]));
      const replicas = async () => (await client.get(Deployment, 'ns', 'd'))?.spec.replicas;
      await clock.advance(MINUTE);
      expect(await replicas()).toBe(4);
      load = 10_000;
      await clock.advance(MINUTE);
      clock.jump(jump);
      await clock.advance(3 * MINUTE);
      expect(await replicas()).toBe(4);
      await clock.advance(90 * SECOND);
      expect(await replicas()).toBe(1);
    },
    () => ({ resources: { pods: () => [], nodes: () => [] }, custom: { external } }),
  );
});

test.each(jumps)('the processor counts as soon after the start of a Pod where the clock $what', async ({ jump }) => {
  await within(
    async (client, clock) => {
      await client.create(Deployment, deployment({}));
      const cpu = { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } };
      await client.create(HorizontalPodAutoscaler, autoscaler([{ type: 'Resource', resource: cpu }]));
      const replicas = async () => (await client.get(Deployment, 'ns', 'd'))?.spec.replicas;
      await clock.advance(MINUTE);
      await startPods(client, clock);
      await clock.advance(5 * SECOND);
      clock.jump(jump);
      await clock.advance(6 * MINUTE);
      expect(await replicas()).toBe(2);
    },
    (informers, clock) => ({
      resources: {
        pods: () =>
          informers
            .of(Pod)
            .list('ns')
            .filter(({ status }) => status?.phase === 'Running')
            .map(({ metadata: { name } }) => ({
              apiVersion: 'metrics.k8s.io/v1beta1',
              kind: 'PodMetrics',
              metadata: { name, namespace: 'ns' },
              timestamp: rfc3339(clock.now()),
              window: '15s',
              containers: [{ name: 'c', usage: { cpu: '1', memory: '10Mi' } }],
            })),
        nodes: () => [],
      },
    }),
  );
});
