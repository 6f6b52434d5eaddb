import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { VirtualClock } from '#base/mod.ts';
import { DigestMismatch } from './blobs.ts';
import { canonical, parseReference } from './reference.ts';
import { ImageMissing, ImageStore } from './store.ts';

let folder = '';
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'ebb-images-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const DIGEST = `sha256:${'a'.repeat(64)}`;

test.each([
  ['nginx', 'index.docker.io/library/nginx:latest'],
  ['docker.io/me/app:v1', 'index.docker.io/me/app:v1'],
  ['localhost:5050/app', 'localhost:5050/app:latest'],
  ['ko.local/hello:latest', 'ko.local/hello:latest'],
  [`ghcr.io/a/b/c@${DIGEST}`, `ghcr.io/a/b/c@${DIGEST}`],
])('%s is %s', (text, whole) => {
  const parsed = parseReference(text);
  expect('problem' in parsed ? parsed.problem : canonical(parsed)).toBe(whole);
});

test.each(['', 'UPPER/case', 'a//b', 'a:b:c', 'a@sha256:short', 'a/../b', 'a:-tag'])('%j is no image name', (text) => {
  expect(parseReference(text)).toHaveProperty('problem');
});

function functionFolder(): string {
  const source = join(folder, 'source');
  mkdirSync(join(source, 'lib'), { recursive: true });
  writeFileSync(join(source, 'index.js'), 'hello');
  writeFileSync(join(source, 'lib', 'run'), '#!/bin/sh\n');
  chmodSync(join(source, 'lib', 'run'), 0o755);
  return source;
}

test('a folder becomes the same image each time, and unpacks over the machine’s own root', async () => {
  const store = new ImageStore(join(folder, 'store'));
  const source = functionFolder();
  const first = await store.add('dev.local/fn:latest', { folder: source }, { Entrypoint: ['node', 'index.js'] });
  const again = await store.add('dev.local/fn:v2', { folder: source }, { Entrypoint: ['node', 'index.js'] });
  expect(again).toEqual(first);
  const { rootfs, overlay = '', config } = await store.unpack(first.digest);
  expect([rootfs, config.WorkingDir, config.Entrypoint]).toEqual(['host', '/workspace', ['node', 'index.js']]);
  expect(readFileSync(join(overlay, 'workspace/index.js'), 'utf8')).toBe('hello');
  expect((await store.list()).map(({ name }) => name)).toEqual(['dev.local/fn:latest', 'dev.local/fn:v2']);
});

test('an executable runs as nobody from /ko-app', async () => {
  const store = new ImageStore(join(folder, 'store'));
  writeFileSync(join(folder, 'hello'), 'ELF');
  const { digest } = await store.add('ko.local/hello:latest', { executable: join(folder, 'hello') });
  const { rootfs, config } = await store.unpack(digest);
  expect([config.Entrypoint, config.User]).toEqual([['/ko-app/hello'], '65532']);
  expect(existsSync(join(rootfs, 'ko-app/hello'))).toBe(true);
  expect(await store.resolve(`ko.local/hello@${digest}`)).toBe(digest);
});

test('what no name needs goes with the last name', async () => {
  const store = new ImageStore(join(folder, 'store'), new VirtualClock(Date.now() + 2 * 3_600_000));
  const source = functionFolder();
  const { digest } = await store.add('dev.local/a', { folder: source });
  await store.add('dev.local/b', { folder: source });
  expect(await store.remove('dev.local/a')).toBe(true);
  expect(store.blobs.has(digest)).toBe(true);
  expect(await store.remove('dev.local/b')).toBe(true);
  expect(store.blobs.has(digest)).toBe(false);
  expect(await store.remove('dev.local/b')).toBe(false);
  await expect(store.unpack(digest)).rejects.toThrow(ImageMissing);
});

test('content that is not what its digest says is not kept', async () => {
  const store = new ImageStore(join(folder, 'store'));
  await expect(store.blobs.writeBytes(Buffer.from('x'), DIGEST)).rejects.toThrow(DigestMismatch);
  expect(store.blobs.has(DIGEST)).toBe(false);
});

test('what is no layout and no tar is refused in words', async () => {
  const store = new ImageStore(join(folder, 'store'));
  const source = functionFolder();
  writeFileSync(join(source, 'index.json'), '{"manifests":[]}');
  await expect(store.add('a/b', { layout: source })).rejects.toThrow('its index.json lists none');
});
