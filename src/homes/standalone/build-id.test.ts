import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { buildId } from './build-id.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ebb-build-'));
  await mkdir(join(folder, 'room'));
  for (const name of ['main.ts', 'main.js', 'room/part.ts']) await writeFile(join(folder, name), '');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test.each([
  ['main.ts', 'room/part.ts', true],
  ['main.ts', 'main.ts', true],
  ['main.ts', 'main.js', false],
  ['main.js', 'main.js', true],
  ['main.js', 'room/part.ts', false],
])('of %s: a change of %s makes it another: %s', async (program, changed, isAnother) => {
  const before = await buildId(join(folder, program), '1.0.0');
  expect(await buildId(join(folder, program), '1.0.0')).toBe(before);
  await utimes(join(folder, changed), 1, 1);
  expect((await buildId(join(folder, program), '1.0.0')) !== before).toBe(isAnother);
});

test('another version is another build', async () => {
  const program = join(folder, 'main.js');
  expect(await buildId(program, '1.0.0')).not.toBe(await buildId(program, '1.0.1'));
});
