import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { nestFolders } from '../../test/contracts/deep-folders.ts';
import { removeFolder } from './remove-folder.ts';

let folder = '';
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'ebb-remove-'))));
afterEach(() => void execFileSync('rm', ['-rf', folder]));

test.each([1, 18, 60])('folders nested %i deep go, and what links lead to stays', async (depth) => {
  const gone = join(folder, 'gone');
  for (const name of ['gone/a', 'gone/b', 'stays/c']) await mkdir(join(folder, name), { recursive: true });
  await nestFolders(join(gone, 'a'), depth);
  await nestFolders(join(gone, 'b'), depth);
  await symlink(join(folder, 'stays'), join(gone, 'link'));
  await removeFolder(gone);
  expect([await readdir(folder), await readdir(join(folder, 'stays'))]).toEqual([['stays'], ['c']]);
});

test('nothing is done where there is nothing, and a file goes, too', async () => {
  await writeFile(join(folder, 'file'), 'x');
  for (const name of ['file', 'not-there']) await removeFolder(join(folder, name));
  expect(await readdir(folder)).toEqual([]);
});
