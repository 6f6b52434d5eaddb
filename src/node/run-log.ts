// The log of one run while the node looks after it: when which of its bytes came, and its bound in size.

import {
  appendFileSync,
  closeSync,
  copyFile,
  fstatSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  truncateSync,
  watch,
  writeFileSync,
} from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { promisify } from 'node:util';
import type { Clock, Timer } from '#base/mod.ts';
import type { Punch } from './punch.ts';
import { punchByTool } from './punch.ts';

/**
 * Bytes that are kept at least once there are so many, and half of what is held at most. Where the system cannot give the
 * beginning of a file back, what a file holds is moved to `FILE.1` at this size, and it begins anew.
 */
const MOST_BYTES = 10 * 1024 * 1024;
/** Looks are at least this far apart, however often something is written. */
const REST_MS = 20;
const MOST_MARKS = 4096;

/** When the bytes of a log came. Offsets count from the first byte that was ever written. */
export interface LogTimes {
  /** Milliseconds since 1970. */
  timeAt(offset: number): number;
  /** Where that begins which came at this moment or later. */
  since(ms: number): number;
  /** The offset of the first byte in the file itself; what is before it is in `FILE.1`, or gone. */
  readonly base: number;
  /** The offset before which the file itself holds nothing any more. */
  readonly oldest: number;
}

/** Where a file begins to hold something, as it was noted beside it; 0 where nothing of it was given back. */
export function oldestOf(file: string): number {
  try {
    return Number.parseInt(readFileSync(`${file}.start`, 'utf8'), 10) || 0;
  } catch {
    return 0;
  }
}

/** What disks are given back in. */
const BLOCK = 4096;

export class RunLog implements LogTimes {
  readonly #file: string;
  readonly #clock: Clock;
  readonly #begun: number;
  readonly #limit: number;
  readonly #punch: Punch;
  /** The bytes before `end`, and after the mark before, were first seen at `at`. */
  #marks: { readonly end: number; readonly at: number }[] = [];
  #base = 0;
  #oldest: number;
  #canPunch: boolean;
  #watcher: FSWatcher | undefined;
  #rest: Timer | undefined;
  #isNew = false;
  #rotating: Promise<void> | undefined;

  /** The file must be there. What it holds already is taken to have come when the run began. */
  constructor(file: string, clock: Clock, begun: number, limit = MOST_BYTES, punch: Punch | 'none' = punchByTool) {
    this.#file = file;
    this.#clock = clock;
    this.#begun = begun;
    this.#limit = limit;
    this.#punch = punch === 'none' ? async () => false : punch;
    this.#canPunch = punch !== 'none';
    this.#oldest = oldestOf(file);
    const size = this.#size();
    if (size > 0) this.#marks.push({ end: size, at: begun });
    this.#watcher = this.#watch();
  }

  /** Undefined where the system has no more watches to give: then all lines have the time of the last look. */
  #watch(): FSWatcher | undefined {
    try {
      const watcher = watch(this.#file, { persistent: false }, () => this.#hear());
      watcher.on('error', () => watcher.close());
      return watcher;
    } catch {
      return undefined;
    }
  }

  get base(): number {
    return this.#base;
  }

  get oldest(): number {
    return Math.max(this.#base, this.#oldest);
  }

  timeAt(offset: number): number {
    return (this.#marks.find(({ end }) => offset < end) ?? this.#marks.at(-1))?.at ?? this.#begun;
  }

  since(ms: number): number {
    const at = this.#marks.findIndex((mark) => mark.at >= ms);
    if (at < 0) return this.#marks.at(-1)?.end ?? 0;
    return this.#marks[at - 1]?.end ?? 0;
  }

  /** Takes note of what has come by now. */
  look(): void {
    const end = this.#base + this.#size();
    if (end > (this.#marks.at(-1)?.end ?? 0)) this.#marks.push({ end, at: this.#clock.now() });
    if (this.#marks.length > MOST_MARKS)
      this.#marks = this.#marks.filter((_, index) => index % 2 === 1 || index === this.#marks.length - 1);
    const held = end - this.oldest;
    if (this.#canPunch && held >= 2 * this.#limit) this.#rotating ??= this.#giveBack(end);
    else if (!this.#canPunch && held >= this.#limit) this.#rotating ??= this.#rotate();
  }

  /** All but the last bytes go. Their end is noted first: what is given back must never be taken for content. */
  async #giveBack(end: number): Promise<void> {
    const before = this.#oldest;
    const upTo = Math.floor((end - this.#limit) / BLOCK) * BLOCK;
    try {
      if (upTo > before) {
        this.#oldest = upTo;
        writeFileSync(`${this.#file}.start`, String(upTo));
        this.#canPunch = await this.#punch(this.#file, upTo);
        if (!this.#canPunch) {
          this.#oldest = before;
          rmSync(`${this.#file}.start`, { force: true });
        }
      }
    } catch {
      // The folder went with its Pod.
    }
    this.#rotating = undefined;
    // More may have come meanwhile than may stay.
    this.look();
  }

  /** The run is over: nothing more comes. */
  close(): void {
    this.look();
    this.#watcher?.close();
    this.#rest?.cancel();
  }

  /** When a file that is full has been moved. */
  settled(): Promise<void> {
    return this.#rotating ?? Promise.resolve();
  }

  #hear(): void {
    if (this.#rest) {
      this.#isNew = true;
      return;
    }
    this.look();
    this.#rest = this.#clock.after(REST_MS, () => {
      this.#rest = undefined;
      if (!this.#isNew) return;
      this.#isNew = false;
      this.#hear();
    });
  }

  #size(): number {
    return withFile(this.#file, (file) => fstatSync(file).size) ?? 0;
  }

  /** Whoever writes keeps its open file, so its content is moved, not its name. */
  async #rotate(): Promise<void> {
    const draft = `${this.#file}.1.new`;
    try {
      await promisify(copyFile)(this.#file, draft);
      this.#base += this.#finishRotation(draft);
    } catch {
      // The folder went with its Pod.
    }
    this.#rotating = undefined;
  }

  /** What came during the copy goes over too; between that and the cut nothing waits. */
  #finishRotation(draft: string): number {
    const copied = withFile(draft, (file) => fstatSync(file).size) ?? 0;
    const rest = withFile(this.#file, (file) => {
      const bytes = Buffer.alloc(Math.max(0, fstatSync(file).size - copied));
      return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, copied));
    });
    if (rest && rest.length > 0) appendFileSync(draft, rest);
    truncateSync(this.#file, 0);
    renameSync(draft, `${this.#file}.1`);
    return copied + (rest?.length ?? 0);
  }
}

function withFile<T>(path: string, use: (file: number) => T): T | undefined {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return undefined;
  }
  try {
    return use(file);
  } finally {
    closeSync(file);
  }
}
