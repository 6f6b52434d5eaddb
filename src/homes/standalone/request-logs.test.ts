import { mkdir, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Endpoint, Target } from '#gateway/mod.ts';
import { silentLog } from '#telemetry/mod.ts';
import { requestLogFiles } from './request-logs.ts';

const target: Target = {
  namespace: 'default',
  name: 'hello-00001',
  concurrency: 0,
  timeoutMs: 0,
  protocol: 'http1',
  endpoints: [],
};
const endpoint = (id: string): Endpoint => ({ id, host: '127.0.0.1', port: 1, state: 'ready' });

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ebb-request-logs-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('lines lie beside the logs of their Pod', async () => {
  await mkdir(join(folder, 'uid'));
  const write = requestLogFiles(folder, silentLog);
  write('one', endpoint('uid'), target);
  write('two', endpoint('uid'), target);
  const file = join(folder, 'uid/logs/queue-proxy/0.log');
  await vi.waitFor(async () => expect(await readFile(file, 'utf8')).toBe('one\ntwo\n'));
  write('three', endpoint('uid'), target);
  await vi.waitFor(async () => expect(await readFile(file, 'utf8')).toBe('one\ntwo\nthree\n'));
});

test('a Pod that has gone is not brought back by a late line', async () => {
  const write = requestLogFiles(folder, silentLog);
  write('late', endpoint('gone'), target);
  for (let i = 0; i < 20; i++) await setImmediate();
  expect(await readdir(folder)).toEqual([]);
});

test('what no Pod had is told by the process itself', () => {
  const told: unknown[] = [];
  const log = { ...silentLog, info: (message: string, fields?: object) => void told.push([message, fields]) };
  requestLogFiles(folder, log)('line', undefined, target);
  expect(told).toEqual([['request', { revision: 'default/hello-00001', line: 'line' }]]);
});
