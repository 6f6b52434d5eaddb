// Content by its digest, in a folder shaped as an OCI layout. What is read is what was written: digests are checked on the way in.

import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import type { ReadStream } from 'node:fs';
import { mkdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Clock } from '#base/mod.ts';
import { systemClock } from '#base/mod.ts';
import type { DiskRoom } from '#storage/mod.ts';
import { boundlessRoom } from '#storage/mod.ts';

/** Whether a text is a digest as this store knows them: SHA-256, in lower-case hex. */
export function isDigest(text: string): boolean {
  return /^sha256:[0-9a-f]{64}$/.test(text);
}

export function digestOfBytes(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** What came in is not what its digest says. */
export class DigestMismatch extends Error {
  override readonly name = 'DigestMismatch';
}

export interface Stored {
  readonly digest: string;
  readonly size: number;
}

export class Blobs {
  /** For files that are on their way in: on the same disk, so that `adopt` only renames. */
  readonly incoming: string;
  /** Asked before anything is written. */
  readonly room: DiskRoom;
  readonly #folder: string;
  readonly #clock: Clock;

  /** `folder` holds `blobs/sha256`. */
  constructor(folder: string, clock: Clock = systemClock, room: DiskRoom = boundlessRoom) {
    this.room = room;
    this.#clock = clock;
    this.#folder = join(folder, 'blobs', 'sha256');
    this.incoming = join(folder, 'incoming');
  }

  path(digest: string): string {
    if (!isDigest(digest)) throw new Error(`${JSON.stringify(digest)} is no sha256 digest`);
    return join(this.#folder, digest.slice(7));
  }

  has(digest: string): boolean {
    return existsSync(this.path(digest));
  }

  async size(digest: string): Promise<number | undefined> {
    return (await stat(this.path(digest)).catch(() => undefined))?.size;
  }

  /** The size of a blob that someone is about to rely on; marks it as young, so that no sweep takes it away meanwhile. */
  async touch(digest: string): Promise<number | undefined> {
    const size = await this.size(digest);
    if (size === undefined) return undefined;
    const now = new Date(this.#clock.now());
    await utimes(this.path(digest), now, now);
    return size;
  }

  read(digest: string): Promise<Buffer> {
    return readFile(this.path(digest));
  }

  /** The content, or the part of it from `start` through `end`. */
  stream(digest: string, part: { readonly start?: number; readonly end?: number } = {}): ReadStream {
    return createReadStream(this.path(digest), part);
  }

  async json(digest: string): Promise<unknown> {
    return JSON.parse((await this.read(digest)).toString()) as unknown;
  }

  /** Stores what a stream brings. Throws DiskFullError, and keeps nothing, where there is no room for it. With `expected`, throws DigestMismatch and keeps nothing where it differs. */
  async write(source: AsyncIterable<Uint8Array> | NodeJS.ReadableStream, expected?: string): Promise<Stored> {
    await mkdir(this.#folder, { recursive: true });
    const temporary = join(this.#folder, `.new-${randomUUID()}`);
    const hash = createHash('sha256');
    let size = 0;
    const count = new Transform({
      transform: (chunk: Buffer, _encoding, done) => {
        try {
          this.room.demand(chunk.length);
        } catch (error) {
          return done(error as Error);
        }
        hash.update(chunk);
        size += chunk.length;
        done(null, chunk);
      },
    });
    try {
      await pipeline(source, count, createWriteStream(temporary, { flush: true }));
      const digest = `sha256:${hash.digest('hex')}`;
      if (expected && digest !== expected)
        throw new DigestMismatch(`expected ${expected}, but the content is ${digest}`);
      await rename(temporary, this.path(digest));
      return { digest, size };
    } finally {
      await rm(temporary, { force: true });
    }
  }

  /** Makes a file a blob by moving it. Its digest was made sure of by the caller. */
  async adopt(file: string, digest: string): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
    await rename(file, this.path(digest));
  }

  async writeJson(document: unknown): Promise<Stored> {
    return this.writeBytes(Buffer.from(JSON.stringify(document)));
  }

  writeBytes(bytes: Uint8Array, expected?: string): Promise<Stored> {
    return this.write(Readable.from([bytes]), expected);
  }

  async remove(digest: string): Promise<void> {
    await rm(this.path(digest), { force: true });
  }
}
