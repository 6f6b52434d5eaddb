// Twenty real cycles to zero and back, seen in Pods: ten services, twice each, woken by a plain request, a slow upload, an upgrade.

import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ConfigMap, Pod, Service, SERVICE_LABEL } from '#kinds/mod.ts';
import type { HttpClient } from '#objects/mod.ts';
import { clientOf } from '../harness/client.ts';
import type { Platform } from '../harness/platform.ts';
import { ebbCommand, startPlatform, until } from '../harness/platform.ts';
import { writeFunction } from './function.ts';
import { converse, get, slowUpload } from './requests.ts';

const SERVICES = 10;
const CYCLES = 2;
const WINDOW = '6s';

let platform: Platform;
let client: HttpClient;
let folder = '';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ebb-real-'));
  platform = await startPlatform({ args: ['--no-example', '--launcher', 'process'] });
  client = clientOf(platform.dataDir);
  await client.patch(ConfigMap, 'knative-serving', 'config-autoscaler', 'merge', {
    data: { 'stable-window': WINDOW, 'scale-to-zero-grace-period': '1s' },
  });
  const source = writeFunction(folder);
  for (let i = 0; i < SERVICES; i++)
    await promisify(execFile)(ebbCommand, ['deploy', source, '--name', `cycle-${i}`, '--data', platform.dataDir]);
}, 120_000);

afterAll(async () => {
  client.close();
  await platform.discard();
  rmSync(folder, { recursive: true, force: true });
});

async function pods(name: string): Promise<number> {
  return (await client.list(Pod, { namespace: 'default', labelSelector: `${SERVICE_LABEL}=${name}` })).items.length;
}

/** One cycle: no Pod is left, a request of one sort wakes the service, and its answer is whole. */
async function cycle(name: string, sort: number): Promise<void> {
  await until(
    async () => (await pods(name)) === 0,
    60_000,
    () => `${name} did not go to zero`,
  );
  const target = { port: Number(new URL(platform.endpoints.gateway).port), host: `${name}.default.localhost` };
  if (sort === 0) expect((await get(target)).status).toBe(200);
  else if (sort === 1) {
    // Longer than the window: the function must not be taken away under it.
    const { status, body } = await slowUpload(target, 10, 800);
    expect([status, (JSON.parse(body) as { length: number }).length]).toEqual([200, 10 * 1024]);
  } else expect(await converse(target, ['one', 'two', 'three', 'four'], 2000)).toEqual(['one', 'two', 'three', 'four']);
  expect(await pods(name)).toBeGreaterThan(0);
}

test(`${SERVICES * CYCLES} cycles lose nothing`, async () => {
  const runs = Array.from({ length: SERVICES }, async (_, i) => {
    for (let round = 0; round < CYCLES; round++) await cycle(`cycle-${i}`, (i + round) % 3);
  });
  await Promise.all(runs);
  for (const service of (await client.list(Service, { namespace: 'default' })).items) {
    expect(service.status?.conditions?.find(({ type }) => type === 'Ready')?.status).toBe('True');
  }
}, 180_000);
