// The platform in the background: started, looked at, stopped, and back with what it ran after the machine went down.

import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ebbCommand } from '../harness/platform.ts';

const FREE_PORTS = ['api', 'gateway', 'gateway-tls', 'console', 'registry'].flatMap((name) => [`--port-${name}`, '0']);

let dataDir = '';
beforeEach(() => void (dataDir = mkdtempSync(join(tmpdir(), 'ebb-background-'))));
afterEach(async () => {
  await ebb('down');
  rmSync(dataDir, { recursive: true, force: true });
});

function ebb(...words: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    execFile(ebbCommand, words, { env: { ...process.env, EBB_HOME: dataDir } }, (error, out, err) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err }),
    );
  });
}

test('it is started, told of, stopped, and after a reboot serves what it served', { timeout: 120_000 }, async () => {
  const up = await ebb('up', '--detach', ...FREE_PORTS);
  // Where the platform may not make namespaces, it says what is missing, and nothing else.
  expect(up.err.replaceAll(/^ebb: (no sandbox here|functions run as plain processes).*\n|^\n/gm, '')).toBe('');
  expect(up.out).toMatch(/^Ebb is ready[^]*example {5}http:\/\/hello\.default[^]*'ebb down' stops it/);
  const status = JSON.parse((await ebb('status', '-o', 'json')).out) as { processes: { pid: number }[] };
  expect(status.processes.map(({ pid }) => pid)).toEqual([expect.any(Number), expect.any(Number)]);
  expect((await ebb('up', '--detach', ...FREE_PORTS)).err).toContain('runs on');
  expect((await ebb('down')).code).toBe(0);
  expect((await ebb('status')).code).toBe(3);

  // As the machine's end leaves it: the note of a run, with the name of another start of the machine.
  writeFileSync(join(dataDir, 'run', 'boot'), 'another start');
  expect((await ebb('up', '--detach', '--no-example', ...FREE_PORTS)).code).toBe(0);
  expect(await ebb('invoke', 'hello')).toMatchObject({ code: 0, out: expect.stringContaining('Hello') as string });
  expect(readFileSync(join(dataDir, 'logs', 'platform.log'), 'utf8')).toContain('the API is served');
});
