// Lays a layer of an image over a root file system (image-spec v1, "Layer filesystem changeset"). A layer may be hostile:
// whatever its names and links say, nothing outside the root is read, written or removed.

import { createReadStream, lstatSync } from 'node:fs';
import { chmod, lchown, link, mkdir, open, readdir, readlink, rm, symlink, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { getuid } from 'node:process';
import { Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { createTarDecoder } from 'modern-tar';
import type { ParsedTarEntry, TarHeader } from 'modern-tar';

/** The layer says something that no image may say. */
export class HostileLayer extends Error {
  override readonly name = 'HostileLayer';
}

/** Lays the layer in `file` over `root`, which is made where it is not there. Throws HostileLayer where a name leaves the root. */
export async function applyLayer(file: string, mediaType: string, root: string): Promise<void> {
  await mkdir(root, { recursive: true });
  const laying = new Laying(root);
  for await (const entry of entriesOf(file, mediaType)) {
    await laying.lay(entry);
    // The decoder goes on only when a body has been read to its end.
    if (!entry.body.locked) await entry.body.cancel();
  }
}

async function* entriesOf(file: string, mediaType: string): AsyncGenerator<ParsedTarEntry> {
  const source = createReadStream(file, { highWaterMark: 256 * 1024 });
  const unpacker = unpackerFor(mediaType);
  const bytes = unpacker ? source.on('error', (error) => unpacker.destroy(error)).pipe(unpacker) : source;
  try {
    const decoder = createTarDecoder();
    yield* (Readable.toWeb(bytes) as ReadableStream<Uint8Array>).pipeThrough(
      decoder,
    ) as unknown as AsyncIterable<ParsedTarEntry>;
  } finally {
    source.destroy();
  }
}

function unpackerFor(mediaType: string) {
  if (mediaType.endsWith('gzip')) return createGunzip();
  return mediaType.endsWith('zstd') ? createZstdDecompress() : undefined;
}

const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';

/** Whether only the tool that made the layer means something by a name. */
const isReserved = (name: string) => name.startsWith('.wh..wh.') && name !== OPAQUE;

/** As many links as Linux follows on the way to one file. */
const MAX_LINKS = 40;

class Laying {
  readonly #root: string;
  readonly #mayChown = getuid?.() === 0;
  /** Paths this layer has made: its own whiteouts leave them alone. */
  readonly #own = new Set<string>();
  /** The folder an entry lies in is mostly that of the entry before. */
  #last: { readonly name: string; readonly folder: string } | undefined;

  constructor(root: string) {
    this.#root = root;
  }

  async lay({ header, body }: ParsedTarEntry): Promise<void> {
    const parts = partsOf(header.name);
    const name = parts.pop();
    if (name === undefined || [...parts, name].some(isReserved)) return;
    const folder = await this.#folder(parts);
    if (name === OPAQUE) return this.#empty(folder);
    if (name.startsWith(WHITEOUT)) return this.#hide(join(folder, name.slice(WHITEOUT.length)));
    await this.#make(join(folder, name), header, body);
  }

  async #make(path: string, header: TarHeader, body: ParsedTarEntry['body']): Promise<void> {
    const made = await this.#makeBare(path, header, body);
    if (!made) return;
    for (let own = path; own !== this.#root && !this.#own.has(own); own = dirname(own)) this.#own.add(own);
    if (header.type === 'link') return;
    if (this.#mayChown) await lchown(path, header.uid ?? 0, header.gid ?? 0).catch(ignoreUnmapped);
    if (header.type === 'symlink') return;
    // After the owner, for a change of owner takes the set-user bit away. Folders stay writable for later layers.
    await chmod(path, header.type === 'directory' ? (header.mode ?? 0o755) | 0o700 : (header.mode ?? 0o644));
    if (header.mtime && header.type !== 'directory') await utimes(path, header.mtime, header.mtime);
  }

  /** Makes the thing itself; false where it is of a kind that images have no use for (devices, pipes). */
  async #makeBare(
    path: string,
    { type = 'file', linkname = '' }: TarHeader,
    body: ParsedTarEntry['body'],
  ): Promise<boolean> {
    if (type === 'directory') {
      if (kindOf(path) === 'folder') return true;
      await this.#clear(path);
      await mkdir(path);
      return true;
    }
    if (type === 'symlink') {
      await this.#clear(path);
      // Kept as it is: it is followed only by processes for whom the root is `/`, and by #folder, which stays inside.
      await symlink(linkname, path);
      return true;
    }
    if (type === 'link') {
      const target = partsOf(linkname);
      const last = target.pop() ?? '';
      const existing = join(await this.#folder(target), last);
      if (existing === path) return true;
      if (last === '' || kindOf(existing) === 'nothing')
        throw new HostileLayer(
          `the layer links ${JSON.stringify(path.slice(this.#root.length))} to ${JSON.stringify(linkname)}, which is not in the image`,
        );
      await this.#clear(path);
      await link(existing, path);
      return true;
    }
    if (type !== 'file') return false;
    await this.#clear(path);
    await write(path, body);
    return true;
  }

  async #clear(path: string): Promise<void> {
    if (kindOf(path) === 'nothing') return;
    this.#last = undefined;
    await rm(path, { recursive: true, force: true });
  }

  async #hide(path: string): Promise<void> {
    if (!this.#own.has(path)) return this.#clear(path);
    // The layer has put something there itself; what lay below was a folder whose other content goes.
    if (kindOf(path) === 'folder') await this.#empty(path);
  }

  /** Removes what lower layers have put into a folder. */
  async #empty(folder: string): Promise<void> {
    for (const name of await readdir(folder)) await this.#hide(join(folder, name));
  }

  /**
   * The folder these parts lead to, made where it is missing. Links are followed as they would be with the root as `/`.
   */
  async #folder(parts: readonly string[]): Promise<string> {
    const name = parts.join('/');
    if (this.#last?.name === name) return this.#last.folder;
    const folder = await this.#walk(parts);
    this.#last = { name, folder };
    return folder;
  }

  async #walk(parts: readonly string[]): Promise<string> {
    const todo = [...parts];
    const done: string[] = [];
    let links = 0;
    for (let part = todo.shift(); part !== undefined; part = todo.shift()) {
      if (part === '..') {
        done.pop();
        continue;
      }
      const path = join(this.#root, ...done, part);
      const kind = kindOf(path);
      if (kind === 'link') {
        if (++links > MAX_LINKS)
          throw new HostileLayer(`the layer's links at ${JSON.stringify(parts.join('/'))} lead in a circle`);
        const target = await readlink(path);
        if (target.startsWith('/')) done.length = 0;
        todo.unshift(...target.split('/').filter((step) => step !== '' && step !== '.'));
        continue;
      }
      if (kind !== 'folder') {
        await rm(path, { force: true });
        await mkdir(path, { mode: 0o755 });
      }
      done.push(part);
    }
    return join(this.#root, ...done);
  }
}

/** The parts of an entry's name. Throws HostileLayer where it climbs out of the root. */
function partsOf(name: string): string[] {
  const parts: string[] = [];
  for (const part of name.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined)
      throw new HostileLayer(`the layer names ${JSON.stringify(name)}, which lies outside the image`);
  }
  return parts;
}

/** Asked so often that waiting in turn would cost more than the look. */
function kindOf(path: string): 'nothing' | 'folder' | 'link' | 'other' {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (!stats) return 'nothing';
  if (stats.isDirectory()) return 'folder';
  return stats.isSymbolicLink() ? 'link' : 'other';
}

async function write(path: string, body: ParsedTarEntry['body']): Promise<void> {
  const handle = await open(path, 'wx', 0o600);
  try {
    for await (const chunk of body) await handle.writeFile(chunk);
  } finally {
    await handle.close();
  }
}

/** In a user namespace an owner may have no number; then the file is the runner's own. */
function ignoreUnmapped(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EINVAL' && error.code !== 'EPERM') throw error;
}
