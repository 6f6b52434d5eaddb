// The control process is killed alone: the data process and the functions must not notice, and the next one takes them over.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ConfigMap, Pod, Service } from '#kinds/mod.ts';
import { isReady } from '#machinery/mod.ts';
import type { Endpoints } from '../harness/platform.ts';
import { ebbCommand, until } from '../harness/platform.ts';
import { pidOf, Prober, untilAnswered } from './asking.ts';
import { clientOf } from './client.ts';
import { functionCommand, hostOf } from './kill.ts';
import { isAlive, Life, processesOf } from './platform-lives.ts';
import { IMAGE, NAMESPACE, service } from './writers.ts';

const dataDir = mkdtempSync(join(tmpdir(), 'ebb-alone-'));
const host = hostOf('warm');
/** How long the functions are on their own. */
const ALONE_MS = 2000;
let life: Life;
let endpoints: Endpoints;

async function start(): Promise<void> {
  life = new Life(dataDir);
  endpoints = await life.ready();
}

async function warmPods(): Promise<readonly Pod[]> {
  const client = clientOf(dataDir);
  try {
    return (await client.list(Pod, { namespace: NAMESPACE })).items;
  } finally {
    client.close();
  }
}

/** What the only Pod has printed, by the API. */
function logs(name: string): string {
  const printed = spawnSync(ebbCommand, ['logs', name, '--data', dataDir], { encoding: 'utf8' });
  if (printed.status !== 0) throw new Error(printed.stderr);
  return printed.stdout;
}

beforeAll(async () => {
  await start();
  spawnSync(ebbCommand, ['image', 'add', IMAGE, '--host', '--data', dataDir]);
  const client = clientOf(dataDir);
  await client.patch(ConfigMap, 'knative-serving', 'config-autoscaler', 'merge', {
    data: { 'scale-to-zero-grace-period': '6s' },
  });
  // One instance at first and none at least, so that it goes to zero by itself once it is idle.
  const wanted = structuredClone(service('warm', { mark: 'warm', command: functionCommand, scale: 1 }));
  delete wanted.spec.template.metadata?.annotations?.['autoscaling.knative.dev/min-scale'];
  await client.create(Service, wanted);
  await until(
    async () => (await client.list(Service)).items.every(isReady),
    60_000,
    () => 'the function did not become ready',
  );
  client.close();
}, 120_000);

afterAll(async () => {
  await life.stop();
  for (const { pid } of processesOf(dataDir)) process.kill(pid, 'SIGKILL');
  rmSync(dataDir, { recursive: true, force: true });
});

test('a warm function answers every request while control is dead and comes back, is not restarted, and goes to zero later', {
  timeout: 120_000,
}, async () => {
  const pid = pidOf(await untilAnswered(endpoints.gateway, host));
  const [podBefore] = await warmPods();
  const { gateway } = endpoints;
  const { dataPid } = life;
  const prober = new Prober(gateway, host);
  await life.killControl();
  await pause(ALONE_MS);
  await start();
  await pause(ALONE_MS);
  await prober.stop();
  expect(prober.failed).toEqual([]);
  expect(prober.asked).toBeGreaterThan(50);
  expect([...prober.pids]).toEqual([pid]);
  expect([endpoints.gateway, life.dataPid]).toEqual([gateway, dataPid]);

  const [podAfter, ...others] = await warmPods();
  expect(others).toEqual([]);
  expect(podAfter?.metadata.uid).toBe(podBefore?.metadata.uid);
  expect(podAfter?.metadata.deletionTimestamp).toBeUndefined();
  expect(podAfter?.status?.containerStatuses).toEqual(podBefore?.status?.containerStatuses);

  await untilAnswered(gateway, host);
  const { requests } = JSON.parse((await untilAnswered(gateway, host)).text) as { requests: number };
  expect(requests).toBeGreaterThan(prober.asked);
  const printed = () => logs('warm').split('\n');
  expect(printed()).toContain('request 1');
  // What was just printed is seen a moment later on a busy machine.
  await until(
    () => printed().includes(`request ${requests}`),
    10_000,
    () => `the log lacks its last line, request ${requests}`,
  );

  await until(
    () => !isAlive(pid),
    60_000,
    () => 'the function that was taken over did not go to zero',
  );
  await until(
    async () => (await warmPods()).length === 0,
    20_000,
    () => 'the Pod that was taken over did not go',
  );
  expect(pidOf(await untilAnswered(gateway, host))).not.toBe(pid);
});
