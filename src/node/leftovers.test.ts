import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { settle } from '#base/mod.ts';
import type { Launcher, RunningContainer } from './launcher.ts';
import { Leftovers } from './leftovers.ts';
import { PodRecords } from './record.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ebb-leftovers-'));
  for (const uid of ['here', 'gone']) await mkdir(join(folder, 'pods', uid, 'logs'), { recursive: true });
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const record = { id: 'gone/c/0', pid: 0, started: 'then' };
const sandbox = (podUid: string) => ({ podUid, address: '10.0.0.2', hostPorts: {} });

function scene(discard?: Launcher['discard']) {
  const story: string[] = [];
  const exit = Promise.withResolvers<{ code: number; oomKilled: boolean }>();
  const running: Partial<RunningContainer> = {
    signal: (name) => story.push(name),
    exited: exit.promise,
  };
  const launcher: Partial<Launcher> = {
    adopt: () => Promise.resolve(running as RunningContainer),
    discard: discard ?? (async ({ podUid }) => void story.push(`discard ${podUid}`)),
  };
  const records = new PodRecords(join(folder, 'running'));
  for (const uid of ['here', 'gone'])
    records.note(uid, { sandbox: sandbox(uid), containers: { c: { record, run: 0, since: 0 } } });
  const leftovers = new Leftovers({
    launcher: launcher as Launcher,
    records,
    folder: join(folder, 'pods'),
    warn: (message, fields) => story.push(`${message} ${JSON.stringify(fields)}`),
  });
  return { leftovers, records, story, exit };
}

test('containers of Pods that are gone are killed, then their places go, then what was noted of them', async () => {
  const { leftovers, records, story, exit } = scene();
  leftovers.reap(new Set(['here']));
  await settle();
  expect([story, records.all().has('gone')]).toEqual([['SIGKILL'], true]);
  exit.resolve({ code: 137, oomKilled: false });
  await settle();
  expect([story, [...records.all().keys()]]).toEqual([['SIGKILL', 'discard gone'], ['here']]);
});

test('what cannot be ended is told, and stays noted for the next platform', async () => {
  const { leftovers, records, story, exit } = scene(() => Promise.reject(new Error('busy')));
  exit.resolve({ code: 137, oomKilled: false });
  leftovers.reap(new Set(['here']));
  await settle();
  expect([story, records.all().has('gone')]).toEqual([
    ['SIGKILL', 'what a Pod left running could not be ended {"uid":"gone","error":"busy"}'],
    true,
  ]);
});

test('folders of Pods that are gone go', async () => {
  const { leftovers, story } = scene();
  await leftovers.sweep(new Set(['here']));
  await expect.poll(() => readdir(join(folder, 'pods'))).toEqual(['here']);
  expect(story).toEqual([]);
});
