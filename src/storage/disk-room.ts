// Room on the disk: how much is free, how much the platform has taken, and from when on it takes no more. Refusing early keeps
// enough for what must always be possible: deletions, status, and the sync of what was acknowledged.

import { existsSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Clock, Timer } from '#base/mod.ts';
import { usedBy } from './disk-use.ts';
import { DiskFullError } from './object-database.ts';

export interface DiskBounds {
  /** Bytes of the disk that stay free. */
  readonly floor: number;
  /** Bytes that the folder may take; unbounded unless told. */
  readonly budget?: number | undefined;
}

export interface DiskState {
  readonly free: number;
  /** What the folder takes; absent where nobody counts. */
  readonly used?: number | undefined;
}

/** 256 MiB: some minutes of a busy platform's own writes, and nothing on today's disks. */
export const USUAL_FLOOR = 256 * 2 ** 20;

/** Asked before something large or lasting is written. */
export interface DiskRoom {
  /** Why so many bytes more would be too many; undefined where they would not. */
  refusal(bytes: number): string | undefined;
  /** Throws DiskFullError, in words that say what to do, where so many bytes more would be too many. */
  demand(bytes: number): void;
  state(): DiskState;
}

/** Takes everything. */
export const boundlessRoom: DiskRoom = {
  refusal: () => undefined,
  demand() {},
  state: () => ({ free: Number.POSITIVE_INFINITY }),
};

/** Why so many bytes more are too many; undefined where they are not. Pure. */
export function refusalOf({ free, used }: DiskState, { floor, budget }: DiskBounds, bytes: number): string | undefined {
  if (free - bytes < floor) {
    return `the disk has ${mebibytes(free)} free, and ${mebibytes(floor)} of it are kept so that nothing is damaged. Delete what is not needed ('ebb prune' finds what nothing refers to), add room, or lower --disk-floor`;
  }
  if (budget === undefined || used === undefined || used + bytes <= budget) return undefined;
  return `the data folder takes ${mebibytes(used)} of the ${mebibytes(budget)} that --disk-budget allows. Delete what is not needed ('ebb prune' finds what nothing refers to), or allow more`;
}

function mebibytes(bytes: number): string {
  return `${Math.max(0, Math.floor(bytes / 2 ** 20))} MiB`;
}

export interface FolderRoomOptions {
  readonly folder: string;
  readonly bounds: DiskBounds;
  readonly clock: Clock;
  /** Bytes that are free on the disk of a folder. The system's unless told. */
  readonly freeOn?: (folder: string) => number;
  /** Bytes that a folder takes, until counting is over. Counted file by file unless told. */
  readonly usedBy?: (folder: string, isOver: () => boolean) => Promise<number>;
}

/** The system is asked at most so often; what is demanded in between is taken off. */
const FRESH_MS = 1000;
const COUNT_MS = 60_000;

/** The room of a folder, by what its disk says and, where there is a budget, by counting. `stop` ends the counting. */
export class FolderRoom implements DiskRoom {
  readonly #options: Required<FolderRoomOptions>;
  #free = 0;
  #asked = Number.NEGATIVE_INFINITY;
  #used: number | undefined;
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(options: FolderRoomOptions) {
    this.#options = { freeOn, usedBy, ...options };
    if (options.bounds.budget !== undefined) void this.#count();
  }

  refusal(bytes: number): string | undefined {
    return refusalOf(this.state(), this.#options.bounds, bytes);
  }

  demand(bytes: number): void {
    const refusal = this.refusal(bytes);
    if (refusal) throw new DiskFullError(refusal);
    this.#free -= bytes;
    if (this.#used !== undefined) this.#used += bytes;
  }

  state(): DiskState {
    const { clock, folder, freeOn: ask } = this.#options;
    if (clock.monotonic() - this.#asked >= FRESH_MS) {
      this.#free = ask(folder);
      this.#asked = clock.monotonic();
    }
    return { free: this.#free, used: this.#used };
  }

  /** Counts what the folder takes, now and again. */
  async #count(): Promise<void> {
    const { clock, folder, usedBy: count } = this.#options;
    this.#used = await count(folder, () => this.#isStopped);
    if (!this.#isStopped) this.#timer = clock.after(COUNT_MS, () => void this.#count());
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }
}

/** Bytes that are free for this user on the disk of a folder, which need not be there yet. */
export function freeOn(folder: string): number {
  const { bavail, bsize } = statfsSync(nearestFolder(folder));
  return bavail * bsize;
}

/** The path itself, or the first folder above it that is there. */
export function nearestFolder(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : nearestFolder(dirname(path));
}
