import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Removals } from './removals.ts';

let root = '';
beforeEach(() => void (root = mkdtempSync(join(tmpdir(), 'removals-'))));
afterEach(() => void spawnSync('rm', ['-rf', root]));

function fill(name: string, files = 1000): string {
  const folder = join(root, name);
  mkdirSync(folder, { recursive: true });
  for (let index = 0; index < files; index++) writeFileSync(join(folder, String(index)), '');
  return folder;
}

test('a folder goes later, and whoever asks again waits for the same', async () => {
  const removals = new Removals();
  const folder = fill('one');
  const [first, again] = [removals.remove(folder), removals.remove(folder)];
  expect([existsSync(folder), first === again]).toEqual([true, true]);
  await first;
  expect(existsSync(folder)).toBe(false);
  await removals.remove(folder);
});

test('a folder waits for those in it, and for no other', async () => {
  const removals = new Removals();
  const ended: string[] = [];
  const begin = (name: string) => removals.remove(fill(name)).then(() => void ended.push(name));
  const all = ['pod/a', 'pod/b', 'pod-2/a'].map(begin);
  await removals.remove(join(root, 'pod'));
  expect([ended.includes('pod/a'), ended.includes('pod/b'), existsSync(join(root, 'pod'))]).toEqual([
    true,
    true,
    false,
  ]);
  await Promise.all(all);
});

test('all that was begun is gone when it is settled, and what fails is told to whoever asked', async () => {
  const removals = new Removals();
  const folders = ['a', 'b/c'].map((name) => fill(name));
  const done = folders.map((folder) => removals.remove(folder));
  const refused = expect(removals.remove('/proc/self')).rejects.toThrow('rm -rf -- /proc/self failed');
  await removals.settled();
  expect(folders.map((folder) => existsSync(folder))).toEqual([false, false]);
  await Promise.all([...done, refused]);
});

test('a depth at which Node’s own removal fails is no hindrance', async () => {
  const script = `cd "$0"; mkdir deep; cd deep; for i in $(seq 30); do mkdir ${'d'.repeat(200)}; cd -P ${'d'.repeat(200)}; done`;
  expect(spawnSync('sh', ['-c', script, root]).status).toBe(0);
  await expect(rm(join(root, 'deep'), { recursive: true })).rejects.toThrow('ENAMETOOLONG');
  await new Removals().remove(join(root, 'deep'));
  expect(existsSync(join(root, 'deep'))).toBe(false);
});
