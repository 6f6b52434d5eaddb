// What kill -9 of everything leaves behind, and how the next start and stop clear it away.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Pod, Service } from '#kinds/mod.ts';
import { isReady } from '#machinery/mod.ts';
import { ebbCommand, until } from '../harness/platform.ts';
import { pidOf, untilAnswered } from './asking.ts';
import { clientOf } from './client.ts';
import { functionCommand, hostOf } from './kill.ts';
import { isAlive, Life, processesOf } from './platform-lives.ts';
import { IMAGE, NAMESPACE, service } from './writers.ts';

let dataDir = '';
beforeEach(() => void (dataDir = mkdtempSync(join(tmpdir(), 'ebb-left-'))));
afterEach(() => {
  for (const { pid } of processesOf(dataDir)) process.kill(pid, 'SIGKILL');
  rmSync(dataDir, { recursive: true, force: true });
});

/** A platform with one warm function; gives the function's process id. */
async function withFunction(): Promise<{ life: Life; pid: number }> {
  const life = new Life(dataDir);
  const { gateway } = await life.ready();
  spawnSync(ebbCommand, ['image', 'add', IMAGE, '--host', '--data', dataDir]);
  const client = clientOf(dataDir);
  await client.create(Service, service('warm', { mark: 'warm', command: functionCommand, scale: 1 }));
  await until(
    async () => (await client.list(Service)).items.every(isReady),
    60_000,
    () => `the function did not become ready:\n${life.output}`,
  );
  client.close();
  return { life, pid: pidOf(await untilAnswered(gateway, hostOf('warm'))) };
}

async function killAll(life: Life): Promise<void> {
  await Promise.all([life.killControl(), life.killData()]);
}

test('after a kill of everything the next start takes the function over, and its stop leaves nothing', {
  timeout: 120_000,
}, async () => {
  const { life, pid } = await withFunction();
  await killAll(life);
  expect(isAlive(pid)).toBe(true);
  const next = new Life(dataDir);
  expect(await next.staleGone()).toBeLessThan(10_000);
  const { gateway } = await next.ready();
  expect(pidOf(await untilAnswered(gateway, hostOf('warm')))).toBe(pid);
  await next.stop();
  expect(processesOf(dataDir)).toEqual([]);
  expect(existsSync(join(dataDir, 'endpoints.json'))).toBe(false);
  expect(existsSync(join(dataDir, 'lock'))).toBe(false);
});

test('a Pod of an orderly stop runs again after the next start, and none is left behind as failed', {
  timeout: 120_000,
}, async () => {
  const { life, pid } = await withFunction();
  await life.stop();
  expect(isAlive(pid)).toBe(false);
  expect(processesOf(dataDir)).toEqual([]);
  const next = new Life(dataDir);
  const { gateway } = await next.ready();
  expect(pidOf(await untilAnswered(gateway, hostOf('warm')))).not.toBe(pid);
  const client = clientOf(dataDir);
  const pods = (await client.list(Pod, { namespace: NAMESPACE })).items;
  client.close();
  await next.stop();
  expect(pods.map(({ status }) => status?.phase)).toEqual(['Running']);
});

test('a function that died meanwhile is started anew, and one that nobody noted is ended', {
  timeout: 120_000,
}, async () => {
  const { life, pid } = await withFunction();
  await killAll(life);
  process.kill(pid, 'SIGKILL');
  const stray = strayFunction();
  const next = new Life(dataDir);
  const { gateway } = await next.ready();
  const anew = pidOf(await untilAnswered(gateway, hostOf('warm')));
  expect([pid, stray]).not.toContain(anew);
  expect(isAlive(stray)).toBe(false);
  await next.stop();
  expect(processesOf(dataDir)).toEqual([]);
});

/** As one that was started just before the kill: its output goes to a Pod's log, and no record names it. */
function strayFunction(): number {
  const pods = join(dataDir, 'node/pods');
  const [uid = ''] = readdirSync(pods);
  const [container = ''] = readdirSync(join(pods, uid, 'logs'));
  const log = join(pods, uid, 'logs', container, '7.log');
  const child = spawn('sh', ['-c', `exec sleep 1000 >'${log}'`], { detached: true, stdio: 'ignore' });
  child.unref();
  return child.pid ?? 0;
}

test('a gateway that was started but never noted does not keep the next platform out', {
  timeout: 120_000,
}, async () => {
  const first = new Life(dataDir);
  await first.ready();
  const { dataPid } = first;
  await first.killControl();
  rmSync(join(dataDir, 'run/gateway.json'));
  const next = new Life(dataDir);
  await next.ready();
  expect(isAlive(dataPid)).toBe(false);
  await next.stop();
  expect(processesOf(dataDir)).toEqual([]);
});

test('a stale lock is taken over, and one that is held is respected', { timeout: 60_000 }, async () => {
  writeFileSync(join(dataDir, 'lock'), JSON.stringify({ pid: process.pid }));
  const life = new Life(dataDir);
  await life.ready();
  expect(JSON.parse(readFileSync(join(dataDir, 'lock'), 'utf8'))).toEqual({ pid: life.controlPid });
  const second = spawnSync(ebbCommand, ['up', '--data', dataDir, '--no-example'], { encoding: 'utf8' });
  expect(second.status).not.toBe(0);
  expect(second.stderr).toContain(`process id ${life.controlPid}`);
  expect(existsSync(join(dataDir, 'endpoints.json'))).toBe(true);
  await life.stop();
});
