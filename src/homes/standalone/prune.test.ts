import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { VirtualClock } from '#base/mod.ts';
import { ImageStore } from '#images/mod.ts';
import { ownRegistries } from './images.ts';
import { prune, unwantedNames } from './prune.ts';
import type { PruneOptions } from './prune.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
let folder = '';
let clock: VirtualClock;
let store: ImageStore;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ebb-prune-'));
  clock = new VirtualClock(Date.now());
  store = new ImageStore(join(folder, 'images'), clock);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function add(name: string): Promise<string> {
  const source = join(folder, name.replaceAll(/\W/g, '-'));
  mkdirSync(source);
  writeFileSync(join(source, 'main.js'), name);
  const { digest } = await store.add(name, { folder: source });
  await store.unpack(digest);
  return digest;
}

const run = (change: Partial<PruneOptions> = {}) =>
  prune({
    dataDir: folder,
    store,
    objects: [],
    ownRegistries: ownRegistries(['127.0.0.1'], 6000),
    all: false,
    dryRun: false,
    now: clock.now(),
    ...change,
  });

test('what only a digest names and no object speaks of goes with its layers and root; a dry run only tells', async () => {
  const digest = await add('localhost:5050/app:v1');
  await store.tag({ registry: 'localhost:5050', repository: 'app', digest }, digest);
  await store.remove('localhost:5050/app:v1');
  await clock.advance(2 * HOUR_MS);
  expect(await run({ objects: [{ spec: { image: `localhost:6000/app@${digest}` } }] })).toEqual([]);
  const told = await run({ dryRun: true });
  expect(told.map(({ what }) => what).sort()).toEqual(['blob', 'blob', 'blob', 'image', 'root']);
  expect(told.every(({ what, bytes }) => what === 'image' || bytes > 0)).toBe(true);
  expect(store.blobs.has(digest)).toBe(true);
  expect(await run()).toEqual(told);
  expect(store.blobs.has(digest)).toBe(false);
  expect(await store.list()).toEqual([]);
});

test('parts that are young stay, for someone may be about to name them', async () => {
  await store.blobs.writeBytes(Buffer.from('just came'));
  expect(await run()).toEqual([]);
});

describe('names', () => {
  const image = (name: string, digest = 'sha256:1') => ({ name, digest });
  const wanted = { digests: new Set(['sha256:2']), names: new Set(['ko.local/used:v1']) };
  test.each([
    [image('ko.local/used:v1'), false, false],
    [image('ko.local/unused:v1'), false, true],
    [image('ko.local/unused:v1', 'sha256:2'), false, false],
    [image('a/b@sha256:1'), true, true],
    [image('a/b@sha256:2', 'sha256:2'), false, false],
  ])('%j goes: %s, with --all: %s', (one, goes, goesWithAll) => {
    expect([unwantedNames([one], wanted, false).length > 0, unwantedNames([one], wanted, true).length > 0]).toEqual([
      goes,
      goesWithAll,
    ]);
  });

  test('an object refers to an image of the own registry by whatever port it had', async () => {
    await add('localhost:5050/app:v1');
    await clock.advance(2 * HOUR_MS);
    expect(await run({ all: true, objects: [{ spec: { containers: [{ image: '127.0.0.1:6000/app:v1' }] } }] })).toEqual(
      [],
    );
    expect((await run({ all: true })).length).toBeGreaterThan(0);
  });
});

test('logs that were put aside go, and copies of the store after a week', async () => {
  mkdirSync(join(folder, 'logs'));
  for (const name of ['platform.log', 'platform.log.1', 'gateway.out.1'])
    writeFileSync(join(folder, 'logs', name), 'x');
  for (const name of ['objects.db', 'objects.db.before-v2', 'objects.db.before-restore'])
    writeFileSync(join(folder, name), 'x');
  const old = (clock.now() - 8 * DAY_MS) / 1000;
  utimesSync(join(folder, 'objects.db.before-v2'), old, old);
  utimesSync(join(folder, 'objects.db'), old, old);
  const gone = await run();
  expect(gone.map(({ name }) => name.slice(folder.length + 1)).sort()).toEqual([
    'logs/gateway.out.1',
    'logs/platform.log.1',
    'objects.db.before-v2',
  ]);
  for (const name of ['logs/platform.log', 'objects.db', 'objects.db.before-restore'])
    expect(existsSync(join(folder, name))).toBe(true);
});
