import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { withGoCaches } from './go-caches.ts';

const folder = mkdtempSync(join(tmpdir(), 'ebb-go-caches-'));
const file = join(folder, 'file');
writeFileSync(file, '');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each([
  ['HOME', { HOME: join(folder, 'home') }],
  ['XDG_CACHE_HOME before HOME', { HOME: file, XDG_CACHE_HOME: join(folder, 'xdg') }],
  ['GOCACHE before all', { HOME: file, XDG_CACHE_HOME: file, GOCACHE: join(folder, 'go') }],
])('the usual place is taken where it can be written to: %s', async (_, env) => {
  await withGoCaches(env, async (caches) => expect(caches).toEqual({}));
});

test.each([
  ['no HOME', {}],
  ['a HOME where nothing can be made', { HOME: file }],
])('%s: a place for this build alone, which goes with it', async (_, env) => {
  let made = '';
  await withGoCaches({ ...env, GOFLAGS: '-v' }, async ({ GOCACHE = '', GOMODCACHE, GOFLAGS }) => {
    made = join(GOCACHE, '..');
    mkdirSync(GOCACHE);
    expect(GOMODCACHE).toBe(join(made, 'modules'));
    expect(GOFLAGS).toBe('-v -modcacherw');
  });
  expect(made).not.toBe('');
  expect(existsSync(made)).toBe(false);
});

test('a build that fails leaves nothing and says why', async () => {
  let made = '';
  const failing = withGoCaches({}, async ({ GOCACHE = '' }) => {
    made = join(GOCACHE, '..');
    throw new Error('it failed');
  });
  await expect(failing).rejects.toThrow('it failed');
  expect(existsSync(made)).toBe(false);
});
