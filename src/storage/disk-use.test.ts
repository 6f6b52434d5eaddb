import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, mkdtempSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { nestFolders } from '../../test/contracts/deep-folders.ts';
import { diskUse, usedBy } from './disk-use.ts';

const SIZE = 64 * 1024;
let folder = '';
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'ebb-use-'))));
// Node's own cannot take away folders that lie too deep.
afterEach(() => void execFileSync('rm', ['-rf', folder]));

const write = (path: string | Buffer) => writeFileSync(path, Buffer.alloc(SIZE, 1));

test('files count once whatever their names, and links for themselves', async () => {
  mkdirSync(join(folder, 'a/b'), { recursive: true });
  symlinkSync('..', join(folder, 'a/up'));
  const before = await usedBy(folder);
  write(join(folder, 'a/b/file'));
  linkSync(join(folder, 'a/b/file'), join(folder, 'a/again'));
  expect((await usedBy(folder)) - before).toBe(SIZE);
  expect(await usedBy(join(folder, 'a/b/file'))).toBe(SIZE);
  expect(await usedBy(join(folder, 'nothing'))).toBe(0);
  expect([(await diskUse(join(folder, 'nothing'))).bytes, (await diskUse(join(folder, 'a/again'))).bytes]).toEqual([
    0, 0,
  ]);
});

test('a folder that is asked for by way of a link above it counts', async () => {
  mkdirSync(join(folder, 'real/a'), { recursive: true });
  symlinkSync('real', join(folder, 'link'));
  write(join(folder, 'real/a/file'));
  expect(await usedBy(join(folder, 'link/a'))).toBe(await usedBy(join(folder, 'real/a')));
});

test('names that are no text count', async () => {
  const before = await usedBy(folder);
  const named = (...bytes: number[]) => Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(bytes)]);
  write(named(0xff));
  mkdirSync(named(0xfe));
  write(named(0xfe, 0x2f, 0xfd));
  expect((await usedBy(folder)) - before).toBeGreaterThanOrEqual(2 * SIZE);
});

describe('what a folder was changed for while it waited is not counted', () => {
  const cases: [string, string, string][] = [
    ['a link in its place', 'counted/a', 'elsewhere/a'],
    ['a link above it', 'counted', 'elsewhere'],
  ];
  test.each(cases)('%s', async (_, moved, target) => {
    const top = join(folder, 'top');
    for (const path of ['top/counted/a/b', 'elsewhere/a/b']) mkdirSync(join(folder, path), { recursive: true });
    write(join(folder, 'elsewhere/a/b/file'));
    write(join(folder, 'elsewhere/a/file'));
    let seen = 0;
    const use = await diskUse(top, {
      weigh: (stats) => {
        // The second is `a`, after `counted`.
        if (++seen === 2) {
          renameSync(join(top, moved), join(folder, 'away'));
          symlinkSync(join(folder, target), join(top, moved));
        }
        return stats.isFile() ? stats.size : 0;
      },
    });
    expect([use, seen]).toEqual([{ bytes: 0, isWhole: true }, 2]);
  });
});

test('of folders that no path reaches is told that they are not counted', async () => {
  expect((await diskUse(folder)).isWhole).toBe(true);
  await nestFolders(folder);
  expect((await diskUse(folder)).isWhole).toBe(false);
});

test('counting ends when it is over', async () => {
  for (const name of ['a', 'b', 'c', 'd']) write(join(folder, name));
  let files = 0;
  const weigh = () => ((files += 1), 1);
  await diskUse(folder, { weigh, isOver: () => files === 3 });
  expect(files).toBe(3);
});
