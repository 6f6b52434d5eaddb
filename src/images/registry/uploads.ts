// Blobs on their way in: each upload is a file that grows by chunks until its digest is told.

import type { Hash } from 'node:crypto';
import { createHash, randomUUID } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, Timer } from '#base/mod.ts';
import type { Blobs } from '../blobs.ts';
import { Refusal } from './answer.ts';

type Source = AsyncIterable<Uint8Array>;

interface Upload {
  readonly file: string;
  readonly handle: FileHandle;
  readonly hash: Hash;
  size: number;
  isBusy: boolean;
  expiry: Timer;
}

/** How many uploads may be open at once. */
const MAX_OPEN = 200;
/** How long an upload may rest before it is given up. */
const IDLE_MS = 3_600_000;

export class Uploads {
  readonly #blobs: Blobs;
  readonly #clock: Clock;
  readonly #open = new Map<string, Upload>();

  constructor(blobs: Blobs, clock: Clock) {
    this.#blobs = blobs;
    this.#clock = clock;
  }

  /** Begins an upload and gives its id. Throws Refusal 429 where too many are open. */
  async begin(): Promise<string> {
    if (this.#open.size >= MAX_OPEN) {
      throw new Refusal(429, 'TOOMANYREQUESTS', `${MAX_OPEN} uploads are open already, try again later`);
    }
    const id = randomUUID();
    await mkdir(this.#blobs.incoming, { recursive: true });
    const file = join(this.#blobs.incoming, id);
    const handle = await open(file, 'wx', 0o600);
    this.#open.set(id, { file, handle, hash: createHash('sha256'), size: 0, isBusy: false, expiry: this.#expiry(id) });
    return id;
  }

  /** How many bytes of an upload are here. */
  sizeOf(id: string): number {
    return this.#find(id).size;
  }

  /** Adds a chunk; `from` is where its sender believes it begins. Gives the new size. */
  async append(id: string, chunk: Source, from?: number): Promise<number> {
    const upload = this.#find(id);
    if (upload.isBusy) throw new Refusal(409, 'BLOB_UPLOAD_INVALID', 'another chunk of this upload is being received');
    if (from !== undefined && from !== upload.size) {
      const range = { Range: rangeOf(upload.size) };
      throw new Refusal(
        416,
        'BLOB_UPLOAD_INVALID',
        `the chunk begins at ${from}, but the upload has ${upload.size} bytes`,
        range,
      );
    }
    upload.isBusy = true;
    upload.expiry.cancel();
    try {
      for await (const bytes of chunk) {
        this.#blobs.room.demand(bytes.length);
        await upload.handle.writeFile(bytes);
        upload.hash.update(bytes);
        upload.size += bytes.length;
      }
    } finally {
      upload.isBusy = false;
      upload.expiry = this.#expiry(id);
    }
    return upload.size;
  }

  /** Adds the last chunk and keeps the whole as a blob. Throws Refusal 400, and drops the upload, where the digest differs. */
  async finish(id: string, chunk: Source, expected: string): Promise<void> {
    await this.append(id, chunk);
    const upload = this.#find(id);
    const digest = `sha256:${upload.hash.digest('hex')}`;
    try {
      if (digest !== expected) {
        throw new Refusal(400, 'DIGEST_INVALID', `the content's digest is ${digest}, but ${expected} was told`);
      }
      await upload.handle.sync();
      await this.#blobs.adopt(upload.file, digest);
    } finally {
      await this.cancel(id);
    }
  }

  async cancel(id: string): Promise<void> {
    const upload = this.#find(id);
    this.#open.delete(id);
    upload.expiry.cancel();
    await upload.handle.close();
    await rm(upload.file, { force: true });
  }

  /** Gives up whatever is open. */
  async close(): Promise<void> {
    await Promise.all(Array.from(this.#open.keys(), (id) => this.cancel(id)));
  }

  #find(id: string): Upload {
    const upload = this.#open.get(id);
    if (!upload) throw new Refusal(404, 'BLOB_UPLOAD_UNKNOWN', 'there is no such upload; begin anew');
    return upload;
  }

  #expiry(id: string): Timer {
    return this.#clock.after(IDLE_MS, () => void this.cancel(id).catch(() => undefined));
  }
}

/** What a registry says of the bytes it has; `0-0` also stands for none. */
export function rangeOf(size: number): string {
  return `0-${Math.max(0, size - 1)}`;
}
