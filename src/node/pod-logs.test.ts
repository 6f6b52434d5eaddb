import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Launcher } from './launcher.ts';
import { lifeScene } from './pod-life.fixture.ts';
import { PodLogs } from './pod-logs.ts';

let folder: string;
let logs: PodLogs;

/** Of a launcher that has message files unless told. */
function logsWith(launcher: Partial<Launcher>): PodLogs {
  return new PodLogs(lifeScene({}, { launcher: launcher as Launcher }, folder).life);
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ebb-logs-'));
  mkdirSync(join(folder, 'u'));
  logs = logsWith({});
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('a run has a file for its output, and one for its last words that any user can write', async () => {
  const { logFile, messageFile } = await logs.make('c', 0);
  expect(statSync(logFile).size).toBe(0);
  expect(statSync(messageFile).mode & 0o777).toBe(0o666);
});

test('no file is made for last words that no program can write', async () => {
  const { logFile, messageFile } = await logsWith({ hasNoMessageFiles: true }).make('c', 0);
  expect([logFile, messageFile].map((file) => existsSync(file))).toEqual([true, false]);
});

test('files that were made ahead are those of the first run, and of no other', async () => {
  logs.makeAhead('c');
  const first = await logs.make('c', 0);
  writeFileSync(first.messageFile, 'done');
  const second = await logs.make('c', 1);
  expect(second).not.toEqual(first);
  expect(Object.values(second).map((file) => existsSync(file))).toEqual([true, true]);
  expect(statSync(first.messageFile).size).toBe(4);
});

test('that they cannot be made is heard by who asks for them, and tried again by who asks next', async () => {
  rmSync(join(folder, 'u'), { recursive: true });
  writeFileSync(join(folder, 'u'), 'no folder');
  logs.makeAhead('c');
  await expect(logs.make('c', 0)).rejects.toThrow('ENOTDIR');
  rmSync(join(folder, 'u'));
  mkdirSync(join(folder, 'u'));
  expect(existsSync((await logs.make('c', 0)).logFile)).toBe(true);
});
