import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { dataDirFor, endpointsOf } from './data-dir.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ebb-data-dir-'));
  vi.stubEnv('HOME', folder);
  vi.stubEnv('TMPDIR', folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

const fallback = () => join(folder, `ebb-${process.getuid?.() ?? 'user'}`);

test('the flag, then EBB_HOME, then the home', () => {
  expect(dataDirFor('here', { EBB_HOME: '/there' })).toEqual({ path: resolve('here') });
  expect(dataDirFor(undefined, { EBB_HOME: '/there' })).toEqual({ path: '/there' });
  expect(dataDirFor(undefined, {})).toEqual({ path: join(folder, '.ebb') });
});

test.each(['/sys', '/dev/null/home', 'relative'])(
  'a home that cannot be written (%s) is told, and a folder of the user taken',
  (home) => {
    vi.stubEnv('HOME', home);
    const { path, notice } = dataDirFor(undefined, {});
    expect(path).toBe(fallback());
    expect(notice).toMatch(/cannot be written|no home folder/);
    expect(notice).toContain('--data or EBB_HOME');
  },
);

test('a folder of the user is taken again where nobody else may enter it', () => {
  vi.stubEnv('HOME', '/dev/null/home');
  mkdirSync(fallback(), { mode: 0o700 });
  expect(dataDirFor(undefined, {}).path).toBe(fallback());
  chmodSync(fallback(), 0o755);
  expect(() => dataDirFor(undefined, {})).toThrow(/not a folder of your own/);
});

test('a link that somebody laid in its place is refused', () => {
  vi.stubEnv('HOME', '/dev/null/home');
  symlinkSync(folder, fallback());
  expect(() => dataDirFor(undefined, {})).toThrow(/not a folder of your own/);
});

test('without a platform the folder and the next step are named', () => {
  expect(() => endpointsOf(folder)).toThrow(`No platform runs on ${folder}. Start one with 'ebb up'`);
});

test.each(['file', 'file/inside'])('a data folder that is a file, or in one, is refused: %s', (path) => {
  writeFileSync(join(folder, 'file'), '');
  expect(() => dataDirFor(join(folder, path), {})).toThrow(`${join(folder, 'file')} is not a folder`);
});

test.each(['/proc/ebb', '/sys/x/y', '/proc'])('a data folder among those of the kernel is refused: %s', (path) => {
  expect(() => dataDirFor(path, {})).toThrow(`${path} is a place of the kernel's`);
  expect(dataDirFor('/system/ebb', {}).path).toBe('/system/ebb');
});
