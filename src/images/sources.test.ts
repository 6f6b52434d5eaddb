// What may be brought in by hand, made by the machine's own tar where one is expected from a stranger.

import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { arch } from 'node:process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { packTar } from 'modern-tar';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { VirtualClock } from '#base/mod.ts';
import { MEDIA, architectureOf } from './manifest.ts';
import { digestOf, document } from './registry/listening.ts';
import { ImageMissing, ImageStore } from './store.ts';

let folder = '';
let store: ImageStore;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ebb-sources-'));
  store = new ImageStore(join(folder, 'store'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const at = (...parts: string[]) => join(folder, ...parts);

/** Writes a file and the folders above it. */
function put(path: string, content: string | Uint8Array): string {
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, content);
  return path;
}

const layerOf = (text: string) => packTar([{ header: { name: 'hello.txt', size: text.length }, body: text }]);

function configFor(layer: Uint8Array, architecture = architectureOf(arch)) {
  const rootfs = { type: 'layers', diff_ids: [digestOf(layer)] };
  return document({ architecture, os: 'linux', config: { Cmd: ['cat', 'hello.txt'] }, rootfs }, MEDIA.config);
}

/** An OCI layout with one image, its layer compressed. */
async function layout(name: string): Promise<string> {
  const tar = await layerOf('hello');
  const config = configFor(tar);
  const gzip = gzipSync(tar);
  const layer = { mediaType: MEDIA.layerGzip, digest: digestOf(gzip), size: gzip.length };
  const manifest = document(
    { schemaVersion: 2, mediaType: MEDIA.manifest, config: config.descriptor, layers: [layer] },
    MEDIA.manifest,
  );
  put(at(name, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  put(at(name, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [manifest.descriptor] }));
  put(at(name, 'blobs', 'sha256', config.digest.slice(7)), config.text);
  put(at(name, 'blobs', 'sha256', layer.digest.slice(7)), gzip);
  put(at(name, 'blobs', 'sha256', manifest.digest.slice(7)), manifest.text);
  return at(name);
}

/** A folder as `docker save` of old, or ko, lays it out. */
async function dockerArchive(name: string, compressed: boolean): Promise<string> {
  const tar = await layerOf('hello');
  const config = configFor(tar);
  const layer = compressed ? 'layer.tar.gz' : `${'b'.repeat(64)}/layer.tar`;
  put(at(name, layer), compressed ? gzipSync(tar) : tar);
  put(at(name, `${config.digest.slice(7)}.json`), config.text);
  const entry = { Config: `${config.digest.slice(7)}.json`, RepoTags: ['x:latest'], Layers: [layer] };
  put(at(name, 'manifest.json'), JSON.stringify([entry]));
  return at(name);
}

function tarred(source: string, ...flags: string[]): string {
  const file = at(`image${flags.includes('-z') ? '.tgz' : '.tar'}`);
  execFileSync('tar', ['-c', ...flags, '-f', file, '-C', source, '.']);
  return file;
}

async function expectHello(digest: string): Promise<void> {
  const { rootfs, overlay, config } = await store.unpack(digest);
  expect([overlay, config]).toEqual([undefined, { Cmd: ['cat', 'hello.txt'] }]);
  expect(readFileSync(join(rootfs, 'hello.txt'), 'utf8')).toBe('hello');
  expect(statSync(rootfs).mode & 0o777).toBe(0o755);
}

test('a layout, or a tar of one, is the image it holds, under the digest it had', async () => {
  const source = await layout('layout');
  const { manifests } = JSON.parse(readFileSync(join(source, 'index.json'), 'utf8')) as {
    manifests: [{ digest: string }];
  };
  for (const from of [
    { layout: source },
    { tar: tarred(source) },
    { tar: tarred(source, '-z') },
    { tar: tarred(source, '--format=pax') },
  ]) {
    const { digest } = await store.add('a/b:v1', from);
    expect(digest).toBe(manifests[0].digest);
    await expectHello(digest);
  }
  expect(readdirSync(store.blobs.incoming)).toEqual([]);
});

test.each([true, false])("a tar in docker's older form, its layers compressed: %s", async (compressed) => {
  const { digest } = await store.add('a/b:v1', { tar: tarred(await dockerArchive('saved', compressed)) });
  await expectHello(digest);
});

describe('refused', () => {
  test.each<[string, (source: string) => void, string]>([
    [
      'no image in its index',
      (source) => put(join(source, 'index.json'), '{"manifests":[]}'),
      'its index.json lists none',
    ],
    [
      'a blob that is not what its name says',
      (source) => put(join(source, 'blobs', 'sha256', 'c'.repeat(64)), 'x'),
      'but the content is sha256:',
    ],
    [
      'a layer that is missing',
      (source) => rmSync(join(source, 'blobs', 'sha256', largest(source))),
      'lacks a part of the image',
    ],
  ])('a layout with %s', async (_, spoil, message) => {
    const source = await layout('layout');
    spoil(source);
    await expect(store.add('a/b', { layout: source })).rejects.toThrow(message);
    expect(await store.list()).toEqual([]);
  });

  test.each<[string, Record<string, string>, string]>([
    [
      'something else in it',
      { 'a.txt': 'x' },
      'expected an image tar with index.json (OCI) or manifest.json (docker save)',
    ],
    ['no image in its manifest.json', { 'manifest.json': '[]' }, 'expected manifest.json to list one image'],
    [
      'two images',
      { 'manifest.json': '[{"Config":"a","Layers":[]},{"Config":"b","Layers":[]}]' },
      'expected manifest.json to list one image',
    ],
    ['no config', { 'manifest.json': '[{"Layers":[]}]' }, 'manifest.json names no Config and Layers'],
    ['a config outside', { 'manifest.json': '[{"Config":"../../secret","Layers":[]}]' }, 'lies outside the tar'],
  ])('a tar with %s', async (_, files, message) => {
    for (const [name, content] of Object.entries(files)) put(at('source', name), content);
    await expect(store.add('a/b', { tar: tarred(at('source')) })).rejects.toThrow(message);
    expect(readdirSync(store.blobs.incoming)).toEqual([]);
  });

  test('a tar whose names or links leave it', async () => {
    put(at('secret.json'), '{}');
    for (const header of [
      { name: '../x', size: 1 },
      { name: 'x', size: 0, type: 'symlink' as const, linkname: at('secret.json') },
    ]) {
      const tar = put(at('evil.tar'), await packTar([{ header, ...(header.size ? { body: 'x' } : {}) }]));
      await expect(store.add('a/b', { tar })).rejects.toThrow('cannot be brought in as an image');
    }
  });

  test('a file that is no tar', async () => {
    await expect(store.add('a/b', { tar: put(at('x.tar'), 'not a tar at all') })).rejects.toThrow(
      'cannot be brought in',
    );
  });

  test('a name that is none', async () => {
    await expect(store.add('A/B', { host: true })).rejects.toThrow('is no image name');
  });
});

function largest(source: string): string {
  const blobs = readdirSync(join(source, 'blobs', 'sha256'));
  const isGzip = (name: string) => readFileSync(join(source, 'blobs', 'sha256', name))[0] === 0x1f;
  return blobs.find(isGzip) ?? '';
}

test('a folder is carried with its empty folders and its links, whatever they point to', async () => {
  put(at('fn', 'node_modules', 'a', 'cli.js'), '1');
  mkdirSync(at('fn', 'empty'));
  mkdirSync(at('fn', 'node_modules', '.bin'));
  symlinkSync('../a/cli.js', at('fn', 'node_modules', '.bin', 'a'));
  symlinkSync('/etc/hosts', at('fn', 'hosts'));
  symlinkSync('nowhere', at('fn', 'dangling'));
  const { digest } = await store.add('dev.local/fn', { folder: at('fn') });
  const { overlay = '' } = await store.unpack(digest);
  const inside = join(overlay, 'workspace');
  const paths = readdirSync(inside, { recursive: true }).map(String).sort();
  expect(paths).toEqual(
    [
      'dangling',
      'empty',
      'hosts',
      'node_modules',
      'node_modules/.bin',
      'node_modules/.bin/a',
      'node_modules/a',
      'node_modules/a/cli.js',
    ].sort(),
  );
  const links = ['dangling', 'hosts', 'node_modules/.bin/a'].map((path) => readlinkSync(join(inside, path)));
  expect(links).toEqual(['nowhere', '/etc/hosts', '../a/cli.js']);
});

test('the machine itself is an image too', async () => {
  const { digest } = await store.add('ko.local/host', { host: true }, { Entrypoint: ['/bin/true'] });
  expect(await store.unpack(digest)).toMatchObject({ rootfs: 'host', config: { Entrypoint: ['/bin/true'] } });
});

test('a layout that wants the machine’s own root is refused, for who made it is not known', async () => {
  const elsewhere = new ImageStore(at('elsewhere'));
  const { digest } = await elsewhere.add('a/b', { host: true });
  const size = (await elsewhere.blobs.size(digest)) ?? 0;
  const index = { schemaVersion: 2, manifests: [{ mediaType: MEDIA.manifest, digest, size }] };
  put(at('elsewhere', 'index.json'), JSON.stringify(index));
  await expect(store.add('a/b', { layout: at('elsewhere') })).rejects.toThrow('only images made on this machine get');
  expect(await store.list()).toEqual([]);
});

test('the longest name there can be is one', async () => {
  const name = `r.example/${'a'.repeat(200)}:${'t'.repeat(128)}`;
  const { digest } = await store.add(name, { host: true });
  expect(await store.resolve(name)).toBe(digest);
  expect(await store.list()).toEqual([{ name, digest }]);
});

test('an image is unpacked once, however many ask, and again after its root was lost', async () => {
  const { digest } = await store.add('a/b', { layout: await layout('layout') });
  const roots = await Promise.all([
    store.unpack(digest),
    store.unpack(digest),
    new ImageStore(at('store')).unpack(digest),
  ]);
  expect(new Set(roots.map(({ rootfs }) => rootfs)).size).toBe(1);
  expect(readdirSync(at('store', 'roots')).length).toBe(1);
  await store.prune({ allRoots: true });
  expect(existsSync(roots[0].rootfs)).toBe(false);
  await expectHello(digest);
});

test('pruning takes what no name leads to, and what was left half done long ago', async () => {
  const kept = await store.add('a/kept', { layout: await layout('layout') });
  const gone = await store.add('a/gone', { host: true }, { Cmd: ['x'] });
  await store.unpack(kept.digest);
  const { overlay = '' } = await store.unpack(gone.digest);
  mkdirSync(at('store', 'incoming'), { recursive: true });
  for (const name of ['incoming/old', 'incoming/new', 'roots/abc-old', 'roots/abc-new', 'blobs/sha256/.new-old'])
    put(at('store', name), '');
  for (const name of ['incoming/old', 'roots/abc-old', 'blobs/sha256/.new-old']) utimesSync(at('store', name), 1, 1);
  expect(await store.remove('a/gone')).toBe(true);
  // Young blobs stay, for someone may be about to name them; what runs keeps its root.
  expect([store.blobs.has(gone.digest), existsSync(overlay)]).toEqual([true, true]);
  await store.prune();
  expect([store.blobs.has(gone.digest), existsSync(overlay)]).toEqual([true, false]);
  expect(readdirSync(at('store', 'incoming'))).toEqual(['new']);
  expect(readdirSync(at('store', 'roots')).sort()).toEqual([kept.digest.slice(7), 'abc-new'].sort());
  const later = new ImageStore(at('store'), new VirtualClock(Date.now() + 2 * 3_600_000));
  await later.prune();
  expect(store.blobs.has(gone.digest)).toBe(false);
  await expect(store.unpack(gone.digest)).rejects.toThrow(ImageMissing);
  await expectHello(kept.digest);
});

test('a store that is copied is a store', async () => {
  const { digest } = await store.add('a/b', { layout: await layout('layout') });
  cpSync(at('store'), at('copy'), { recursive: true });
  store = new ImageStore(at('copy'));
  expect(await store.resolve('a/b')).toBe(digest);
  await expectHello(digest);
});
