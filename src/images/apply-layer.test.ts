import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { packTar } from 'modern-tar';
import type { TarHeader } from 'modern-tar';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { HostileLayer, applyLayer } from './apply-layer.ts';
import { MEDIA } from './manifest.ts';

let folder = '';
let root = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ebb-layer-'));
  root = join(folder, 'root');
  mkdirSync(join(folder, 'outside'));
  writeFileSync(join(folder, 'outside', 'precious'), 'kept');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

type Entry = Partial<TarHeader> & { readonly name: string; readonly body?: string };
type Layer = readonly Entry[];

const file = (name: string, body = '', mode = 0o644): Entry => ({ name, body, mode });
const dir = (name: string, mode = 0o755): Entry => ({ name: `${name}/`, type: 'directory', mode });
const link = (name: string, linkname: string): Entry => ({ name, type: 'symlink', linkname });
const hard = (name: string, linkname: string): Entry => ({ name, type: 'link', linkname });

async function tarOf(layer: Layer): Promise<Uint8Array> {
  return packTar(
    layer.map(({ body, ...header }) => ({
      header: { size: body?.length ?? 0, ...header },
      ...(body === undefined ? {} : { body }),
    })),
  );
}

async function lay(...layers: Layer[]): Promise<void> {
  for (const [index, layer] of layers.entries()) {
    const tar = join(folder, `${index}.tar`);
    writeFileSync(tar, await tarOf(layer));
    await applyLayer(tar, MEDIA.layer, root);
  }
}

/** Everything below a folder: folders as `name/`, links as `name -> target`, files as `name: content`. */
function tree(path = root, prefix = ''): string[] {
  return readdirSync(path)
    .sort()
    .flatMap((name) => {
      const here = join(path, name);
      const stats = lstatSync(here);
      if (stats.isSymbolicLink()) return [`${prefix}${name} -> ${readlinkSync(here)}`];
      return stats.isDirectory()
        ? [`${prefix}${name}/`, ...tree(here, `${prefix}${name}/`)]
        : [`${prefix}${name}: ${readFileSync(here, 'utf8')}`];
    });
}

test.each<[string, Layer[], string[]]>([
  ['files in folders that no entry names', [[file('./a/b', '1'), file('/c', '2')]], ['a/', 'a/b: 1', 'c: 2']],
  ['a later layer over an earlier one', [[file('a', '1')], [file('a', '22')]], ['a: 22']],
  ['a file in the place of a folder', [[file('a/b', '1')], [file('a', '2')]], ['a: 2']],
  ['a folder in the place of a file', [[file('a', '1')], [dir('a'), file('a/b', '2')]], ['a/', 'a/b: 2']],
  ['a folder nobody names in the place of a file', [[file('a', '1')], [file('a/b', '2')]], ['a/', 'a/b: 2']],
  ['a folder that is there already', [[file('a/b', '1')], [dir('a')]], ['a/', 'a/b: 1']],
  [
    'a file in the place of a link leaves the target alone',
    [[file('a', '1'), link('b', 'a')], [file('b', '2')]],
    ['a: 1', 'b: 2'],
  ],
  ['a file in the place of a hard link too', [[file('a', '1'), hard('b', 'a')], [file('b', '2')]], ['a: 1', 'b: 2']],
  ['a hard link to itself', [[file('a', '1'), hard('a', 'a')]], ['a: 1']],
  [
    'a hard link through a link to a folder',
    [[file('usr/lib/a', '1'), link('lib', 'usr/lib'), hard('b', 'lib/a')]],
    ['b: 1', 'lib -> usr/lib', 'usr/', 'usr/lib/', 'usr/lib/a: 1'],
  ],
  [
    'links that are absolute',
    [[link('bin/awk', '/etc/alternatives/awk')]],
    ['bin/', 'bin/awk -> /etc/alternatives/awk'],
  ],
  [
    'a path through a link to a folder',
    [[dir('usr/bin'), link('bin', 'usr/bin')], [file('bin/a', '1')]],
    ['bin -> usr/bin', 'usr/', 'usr/bin/', 'usr/bin/a: 1'],
  ],
  [
    'a path through an absolute link',
    [[dir('run'), link('var/run', '/run')], [file('var/run/a', '1')]],
    ['run/', 'run/a: 1', 'var/', 'var/run -> /run'],
  ],
  [
    'a path through a link to a folder that is not there',
    [[link('a', 'b/c')], [file('a/d', '1')]],
    ['a -> b/c', 'b/', 'b/c/', 'b/c/d: 1'],
  ],
  ['a whiteout hides what is below', [[file('a/b', '1'), file('a/c', '2')], [file('a/.wh.b')]], ['a/', 'a/c: 2']],
  ['a whiteout hides a folder', [[file('a/b/c', '1')], [file('a/.wh.b')]], ['a/']],
  ['a whiteout hides a link and not its target', [[file('a', '1'), link('b', 'a')], [file('.wh.b')]], ['a: 1']],
  ['a whiteout of nothing', [[file('a', '1')], [file('.wh.b'), file('c/.wh.d')]], ['a: 1', 'c/']],
  ['a whiteout leaves its own layer alone', [[file('a', '1')], [file('a', '2'), file('.wh.a')]], ['a: 2']],
  ['also in a folder', [[file('a/old', '1')], [file('a/new', '2'), file('.wh.a')]], ['a/', 'a/new: 2']],
  [
    'an opaque folder keeps only what its own layer has',
    [
      [file('a/b/old', '1'), file('a/old', '1')],
      [file('a/b/new', '2'), file('a/.wh..wh..opq'), file('a/new', '3')],
    ],
    ['a/', 'a/b/', 'a/b/new: 2', 'a/new: 3'],
  ],
  ['an opaque folder that was not there', [[file('a/.wh..wh..opq')]], ['a/']],
  ["another tool's own files are left out", [[file('.wh..wh.plnk/1'), file('.wh..wh.aufs'), file('a', '1')]], ['a: 1']],
  [
    'devices and pipes are left out',
    [[{ name: 'dev/null', type: 'character-device' }, { name: 'p', type: 'fifo' }, file('a', '1')]],
    ['a: 1', 'dev/'],
  ],
  ['the root itself', [[dir('.'), file('a', '1')]], ['a: 1']],
  ['a name that turns back inside', [[file('a/../b', '1')]], ['b: 1']],
  [
    'a folder nobody may write to',
    [[dir('a', 0o555), file('a/b', '1')], [file('a/c', '2')]],
    ['a/', 'a/b: 1', 'a/c: 2'],
  ],
])('%s', async (_, layers, expected) => {
  await lay(...layers);
  expect(tree()).toEqual(expected);
});

test.each<[string, Layer[]]>([
  ['a name that climbs out', [[file('../outside/new', '1')]]],
  ['a name that climbs out halfway', [[file('a/../../outside/new', '1')]]],
  ['a hard link that climbs out', [[hard('a', '../outside/precious')]]],
  ['a hard link to what is not in the image', [[hard('a', '/outside/precious')]]],
  ['links in a circle', [[link('a', 'b'), link('b', 'a')], [file('a/c', '1')]]],
])('refused: %s', async (_, layers) => {
  await expect(lay(...layers)).rejects.toThrow(HostileLayer);
  expect(tree(join(folder, 'outside'))).toEqual(['precious: kept']);
});

/** Each tries to leave by a link; `OUT` stands for the folder outside. */
test.each<[string, (outside: string) => Layer[]]>([
  ['writing through an absolute link', (out) => [[link('x', out)], [file('x/new', '1')]]],
  ['writing through an absolute link of the same layer', (out) => [[link('x', out), file('x/new', '1')]]],
  ['writing through a relative link', () => [[link('x', '../outside')], [file('x/new', '1')]]],
  ['writing through a link to a link', (out) => [[link('y', out), link('x', 'y')], [file('x/new', '1')]]],
  ['hiding through a link', (out) => [[link('x', out)], [file('x/.wh.precious')]]],
  ['emptying through a link', (out) => [[link('x', out)], [file('x/.wh..wh..opq')]]],
  [
    'emptying a folder that became a link',
    (out) => [[dir('x')], [link('x', out)], [file('.wh.x'), file('x/.wh..wh..opq')]],
  ],
  ['a folder over a link', (out) => [[link('x', out)], [dir('x', 0o700), file('x/new', '1')]]],
  ['a mode through a link', (out) => [[link('x', `${out}/precious`)], [file('x', '1', 0o777)]]],
])('%s stays inside', async (_, layers) => {
  const outside = join(folder, 'outside');
  const before = statSync(join(outside, 'precious')).mode;
  await lay(...layers(outside));
  expect(tree(outside)).toEqual(['precious: kept']);
  expect(statSync(join(outside, 'precious')).mode).toBe(before);
});

test('a hard link through a link does not reach what is outside', async () => {
  await expect(lay([link('x', join(folder, 'outside')), hard('a', 'x/precious')])).rejects.toThrow(HostileLayer);
});

test('modes and times are as the layer says', async () => {
  const mtime = new Date(1_700_000_000_000);
  await lay([{ ...file('run', '1', 0o4755), mtime }, dir('tmp', 0o1777)]);
  expect(statSync(join(root, 'run')).mode & 0o7777).toBe(0o4755);
  expect(statSync(join(root, 'run')).mtimeMs).toBe(mtime.getTime());
  expect(statSync(join(root, 'tmp')).mode & 0o7777).toBe(0o1777);
});

test('long names come through', async () => {
  const long = `${'d'.repeat(90)}/${'e'.repeat(150)}/${'ü'.repeat(40)}`;
  await lay([file(long, '1')]);
  expect(readFileSync(join(root, long), 'utf8')).toBe('1');
});

test.each([
  ['application/vnd.oci.image.layer.v1.tar+gzip', gzipSync],
  ['application/vnd.docker.image.rootfs.diff.tar.gzip', gzipSync],
  ['application/vnd.oci.image.layer.v1.tar+zstd', zstdCompressSync],
])('a layer of type %s', async (mediaType, pack) => {
  const content = 'x'.repeat(1_000_000);
  const tar = join(folder, 'layer');
  writeFileSync(tar, pack(await tarOf([file('a', content), file('b', '2')])));
  await applyLayer(tar, mediaType, root);
  expect(readFileSync(join(root, 'a'), 'utf8')).toBe(content);
  expect(readFileSync(join(root, 'b'), 'utf8')).toBe('2');
});

test.each([
  ['is not compressed as it says', () => Buffer.from('this is no gzip')],
  ['was cut off', (tar: Uint8Array) => gzipSync(tar).subarray(0, 40)],
])('a layer that %s is refused', async (_, damage) => {
  const tar = join(folder, 'layer');
  writeFileSync(tar, damage(await tarOf([file('a', 'x'.repeat(5000))])));
  await expect(applyLayer(tar, MEDIA.layerGzip, root)).rejects.toThrow();
});

test('a layer that is not there is refused', async () => {
  await expect(applyLayer(join(folder, 'nothing'), MEDIA.layerGzip, root)).rejects.toThrow('ENOENT');
});
