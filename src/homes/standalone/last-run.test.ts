import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { beginRun, endRun } from './last-run.ts';

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'ebb-last-run-'));
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

async function running(uid: string): Promise<void> {
  await mkdir(join(dataDir, 'node', 'running'), { recursive: true });
  await writeFile(join(dataDir, 'node', 'running', `${uid}.json`), '{}');
}

test('the first run, and one after an orderly end, find nothing', async () => {
  const nothing = { lostPower: false, leftRunning: false };
  expect(await beginRun(dataDir, 'boot-1')).toEqual(nothing);
  await endRun(dataDir);
  expect(await beginRun(dataDir, 'boot-2')).toEqual(nothing);
});

test('after a crash containers may still run', async () => {
  await beginRun(dataDir, 'boot-1');
  await running('uid-1');
  expect(await beginRun(dataDir, 'boot-1')).toEqual({ lostPower: false, leftRunning: true });
});

test('after the machine went down nothing runs, whatever the records say', async () => {
  await beginRun(dataDir, 'boot-1');
  await running('uid-1');
  expect(await beginRun(dataDir, 'boot-2')).toEqual({ lostPower: true, leftRunning: false });
});
