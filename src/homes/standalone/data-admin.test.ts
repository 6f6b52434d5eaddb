import { mkdtempSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { VirtualClock } from '#base/mod.ts';
import type { TelemetrySettings } from '#telemetry/mod.ts';
import { dataAdmin } from './data-admin.ts';

const SETTINGS = {} as TelemetrySettings;

let folder = '';
let hung: Server;
let asked: Promise<string>;

/** A data process that hears, and then says nothing; or breaks off in the middle of what it says. */
async function hang(begin: string): Promise<string> {
  const path = join(folder, 'admin');
  asked = new Promise((resolve) => {
    hung = createServer((request, response) => {
      if (begin) response.write(begin);
      resolve(request.url ?? '');
    });
  });
  await new Promise<void>((resolve) => hung.listen(path, resolve));
  return path;
}

beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'ebb-admin-'))));
afterEach(() => {
  hung.close();
  hung.closeAllConnections();
  rmSync(folder, { recursive: true, force: true });
});

test.each([
  ['before its answer', ''],
  ['in the middle of it', '['],
])('a data process that hangs %s has measured nothing', async (_, begin) => {
  const clock = new VirtualClock();
  const families = dataAdmin(await hang(begin), clock).families();
  expect(await asked).toBe('/metrics');
  await clock.advance(5000);
  expect(await families).toEqual([]);
});

test('what it cannot be told is said, with how long it was waited for', async () => {
  const clock = new VirtualClock();
  const told = dataAdmin(await hang(''), clock).configure(SETTINGS);
  await Promise.all([
    expect(told).rejects.toThrow('the data process gave no answer within 5 s'),
    asked.then(() => clock.advance(5000)),
  ]);
});

test('a profile may take the time it is taken for', async () => {
  const clock = new VirtualClock();
  let isOver = false;
  const profile = dataAdmin(await hang(''), clock).profile('cpu', 120, new AbortController().signal);
  const over = profile.catch(() => (isOver = true));
  await asked;
  await clock.advance(120_000);
  expect(isOver).toBe(false);
  await clock.advance(60_000);
  await over;
  expect(isOver).toBe(true);
});
