import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lockFolder } from '#storage/mod.ts';
import { machineFacts } from './machine-facts.ts';

let folder = '';
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'ebb-facts-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const wanted = { host: '127.0.0.1', program: fileURLToPath(import.meta.url), now: Date.now(), ports: [] };

test('a folder that is not there yet is judged by the one above it, and is not made', async () => {
  const dataDir = join(folder, 'a/b');
  const { folder: found, memory, system, clock } = await machineFacts({ ...wanted, dataDir });
  expect(found).toMatchObject({ path: dataDir, holders: [] });
  expect(found.freeBytes).toBeGreaterThan(0);
  expect(found.totalBytes).toBeGreaterThanOrEqual(found.freeBytes ?? 0);
  expect(memory.availableBytes).toBeLessThanOrEqual(memory.totalBytes);
  expect(system.platform).toBe(process.platform);
  expect(clock.now).toBeGreaterThan(clock.notBefore);
});

test.skipIf(process.getuid?.() === 0)('a folder that may not be written says why', async () => {
  chmodSync(folder, 0o500);
  expect((await machineFacts({ ...wanted, dataDir: folder })).folder.problem).toContain('EACCES');
});

test('the process that holds a folder, and the one that holds a port, are told', async () => {
  const lock = lockFolder(folder);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const ports = [{ what: 'gateway', flag: '--port-gateway', port }];
  const facts = await machineFacts({ ...wanted, dataDir: folder, ports });
  expect(facts.folder.holders).toEqual([process.pid]);
  expect(facts.ports[0]?.taken).toMatchObject(process.platform === 'linux' ? { pid: process.pid } : {});
  server.close();
  lock.release();
});
