import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Pod } from '#kinds/mod.ts';
import { nestFolders } from '../../test/contracts/deep-folders.ts';
import { outgrown } from './storage-bound.ts';
import { storageUse } from './storage-use.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ebb-storage-'));
  for (const name of ['a/deep', 'b', 'written', 'logs']) await mkdir(join(folder, name), { recursive: true });
});
// Node's own cannot take away folders that lie too deep.
afterEach(() => void execFileSync('rm', ['-rf', folder]));

const SIZE = 256 * 1024;
const write = (path: string) => writeFile(join(folder, path), Buffer.alloc(SIZE, 1));
/** Folders and ends of files take some blocks, too. */
const about = (bytes: number | undefined, files: number) => expect(Math.round((bytes ?? -SIZE) / SIZE)).toBe(files);

const places = () => ({
  volumes: new Map(['a', 'b'].map((name) => [name, join(folder, name)])),
  containers: [{ name: 'c', folders: [join(folder, 'written'), join(folder, 'logs')] }],
});
const podWith = (limits: Readonly<Record<string, string>>): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p' },
  spec: {
    containers: [{ name: 'c', image: 'i', resources: { limits } }],
    volumes: [
      { name: 'a', emptyDir: { sizeLimit: '1Gi' } },
      { name: 'b', emptyDir: {} },
    ],
  },
});

test('all that a Pod has counts where its containers have a limit, else only what has a bound of its own', async () => {
  await Promise.all(['a/1', 'b/1', 'b/2', 'written/1', 'written/2', 'logs/1'].map(write));
  const limited = await storageUse(podWith({ 'ephemeral-storage': '1Gi' }), places(), () => false);
  expect([...limited.volumes.keys(), ...limited.containers.keys()]).toEqual(['a', 'b', 'c']);
  about(limited.volumes.get('b'), 2);
  about(limited.containers.get('c'), 3);
  const { volumes, containers } = await storageUse(podWith({ memory: '1Gi' }), places(), () => false);
  expect([...volumes.keys(), ...containers.keys()]).toEqual(['a']);
});

test('nothing more is counted once it is over', async () => {
  await Promise.all(['a/1', 'b/1', 'written/1'].map(write));
  const { volumes, containers } = await storageUse(podWith({ 'ephemeral-storage': '1Gi' }), places(), () => true);
  expect([...volumes.values(), ...containers.values()]).toEqual([0, 0, 0]);
});

test('folders so deep that nobody can count them exceed every limit', async () => {
  await nestFolders(join(folder, 'written'));
  const pod = podWith({ 'ephemeral-storage': '1Gi' });
  expect(outgrown(pod, await storageUse(pod, places(), () => false))).toBe(
    'Pod ephemeral local storage usage exceeds the total limit of containers 1Gi. ',
  );
});
