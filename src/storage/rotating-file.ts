// A file of lines that begins anew when it is full, and keeps a bounded number of its former selves.

import { appendFileSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

export interface RotationBounds {
  /** A file that would grow beyond this is put aside. */
  readonly maxBytes: number;
  /** How many are kept beside the present one, as `FILE.1` (the newest), `FILE.2`, … */
  readonly kept: number;
}

/** Enough for some days of a busy platform's lines, and no burden to any disk: 50 MiB in all. */
const USUAL: RotationBounds = { maxBytes: 10 * 2 ** 20, kept: 4 };

/**
 * Takes lines; a logger's sink. Each is in the file when `write` returns. One process at a time writes a file. Where the disk
 * takes no line it is lost and counted: a log must not bring down whom it serves.
 */
export class RotatingFile {
  /** Lines that could not be written. */
  lost = 0;
  readonly #file: string;
  readonly #bounds: RotationBounds;
  #size: number;

  /** The folder is made where it is not there. */
  constructor(file: string, bounds: RotationBounds = USUAL) {
    this.#file = file;
    this.#bounds = bounds;
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    this.#size = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  }

  write(line: string): void {
    const length = Buffer.byteLength(line);
    try {
      if (this.#size > 0 && this.#size + length > this.#bounds.maxBytes) this.#rotate();
      appendFileSync(this.#file, line, { mode: 0o600 });
      this.#size += length;
    } catch {
      this.lost++;
    }
  }

  #rotate(): void {
    shift(this.#file, this.#bounds.kept);
    this.#size = 0;
  }
}

/** Puts a file aside as `FILE.1`, and those that were put aside before each one further; the oldest goes. */
export function shift(file: string, kept: number): void {
  rmSync(`${file}.${kept}`, { force: true });
  for (let n = kept - 1; n >= 1; n--) renameIfThere(`${file}.${n}`, `${file}.${n + 1}`);
  if (kept > 0) renameIfThere(file, `${file}.1`);
  else rmSync(file, { force: true });
}

function renameIfThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
