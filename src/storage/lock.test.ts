import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LockedError, holderOf, lockFolder } from './lock.ts';

let folder = '';
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'ebb-lock-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('a folder has one holder, who is named to the second', () => {
  const lock = lockFolder(folder);
  expect(() => lockFolder(folder)).toThrow(LockedError);
  expect(() => lockFolder(folder)).toThrow(`process id ${process.pid}`);
  expect(holderOf(folder)).toBe(process.pid);
  expect(statSync(join(folder, 'lock')).mode & 0o777).toBe(0o600);
  lock.release();
  lock.release();
  expect(holderOf(folder)).toBeUndefined();
  lockFolder(folder).release();
});

test('nobody holds a folder that was never locked', () => {
  expect(holderOf(folder)).toBeUndefined();
});

test('another process is kept out while it lives, and its lock goes with it when it is killed', async () => {
  const program = `import { lockFolder } from ${JSON.stringify(new URL('./lock.ts', import.meta.url).href)};
    lockFolder(${JSON.stringify(folder)}); console.log('held'); setInterval(() => {}, 1000);`;
  const holder = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  await once(holder.stdout, 'data');
  expect(() => lockFolder(folder)).toThrow(`process id ${holder.pid}`);
  holder.kill('SIGKILL');
  await once(holder, 'exit');
  expect(holderOf(folder)).toBeUndefined();
  const lock = lockFolder(folder);
  expect(holderOf(folder)).toBe(process.pid);
  lock.release();
});
