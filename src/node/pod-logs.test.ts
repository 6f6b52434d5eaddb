import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lifeScene } from './pod-life.fixture.ts';
import { PodLogs } from './pod-logs.ts';

let folder: string;
let logs: PodLogs;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ebb-logs-'));
  mkdirSync(join(folder, 'u'));
  logs = new PodLogs(lifeScene({}, {}, folder).life);
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('a run has a file for its output, and one for its last words that any user can write', async () => {
  const { logFile, messageFile } = await logs.make('c', 0);
  expect(statSync(logFile).size).toBe(0);
  expect(statSync(messageFile).mode & 0o777).toBe(0o666);
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
