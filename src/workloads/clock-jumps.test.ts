// Somebody sets the wall clock: schedules follow it, each moment once; deadlines follow what has passed.

import { expect, test } from 'vitest';
import { seededRandom, VirtualClock } from '#base/mod.ts';
import { createEngine, runControllers } from '#engine/mod.ts';
import type { CronJob } from '#kinds/mod.ts';
import { allKinds, Deployment, CronJob as CronJobs, Job, Namespace } from '#kinds/mod.ts';
import { findCondition } from '#machinery/mod.ts';
import type { Client } from '#objects/mod.ts';
import { localClient, localInformers, Registry, Scheme, Store } from '#objects/mod.ts';
import { silentLog } from '#telemetry/mod.ts';
import { ScriptedDatabase } from '../../test/contracts/scripted-database.ts';
import { workloadControllers } from './mod.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Runs the controllers of workloads; the clock begins at midnight. */
async function within(act: (client: Client, clock: VirtualClock) => Promise<void>): Promise<void> {
  const clock = new VirtualClock();
  const scheme = new Scheme(allKinds);
  const store = await Store.open(new ScriptedDatabase());
  const random = seededRandom(1);
  const client = localClient(new Registry({ store, scheme, clock, random }), { name: 'test', groups: [] });
  const informers = localInformers(store, scheme);
  const engine = createEngine({ client, informers, clock, random, log: silentLog, recorder: () => ({ record() {} }) });
  const volumes = { make: async () => {}, remove: async () => {} };
  const abort = new AbortController();
  const running = runControllers(
    workloadControllers({ engine, informers, scheme, random, log: silentLog, rootCa: 'PEM', volumes }),
    abort,
  );
  await client.create(Namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'ns' }, spec: {} });
  await act(client, clock);
  abort.abort();
  await clock.advance(SECOND);
  await running;
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
    await client.create(Deployment, {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'd', namespace: 'ns' },
      spec: {
        replicas: 1,
        progressDeadlineSeconds: 600,
        selector: { matchLabels: { app: 'd' } },
        template: { metadata: { labels: { app: 'd' } }, spec: { containers: [{ name: 'c', image: 'a' }] } },
      },
    });
    const reason = async () => findCondition((await client.get(Deployment, 'ns', 'd'))?.status, 'Progressing')?.reason;
    await clock.advance(MINUTE);
    clock.jump(jump);
    await clock.advance(8 * MINUTE);
    expect(await reason()).not.toBe('ProgressDeadlineExceeded');
    await clock.advance(2 * MINUTE);
    expect(await reason()).toBe('ProgressDeadlineExceeded');
  });
});
