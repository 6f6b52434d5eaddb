// The output of containers: files that are appended to, read back with their options, and followed.

import type { FSWatcher } from 'node:fs';
import { watch } from 'node:fs';
import { mkdir, open, readdir, rm, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { QUEUE_CONTAINER } from '#kinds/mod.ts';
import type { LogOptions } from '#objects/mod.ts';
import type { LogTimes } from './run-log.ts';
import { oldestOf } from './run-log.ts';

/** Runs of a container whose output is kept beside the present one. */
const KEPT_RUNS = 1;
const CHUNK = 64 * 1024;
const NEWLINE = 10;

/** Where a run of a container writes. */
export function logFile(folder: string, podUid: string, container: string, run: number): string {
  return join(folder, podUid, 'logs', container, `${run}.log`);
}

/** The folder with one folder for each Pod, within that of the node. */
export function podsFolder(nodeFolder: string): string {
  return join(nodeFolder, 'pods');
}

/** Where the requests to a Pod are logged: under the name of the proxy that Knative has in each. */
export function requestLogFile(folder: string, podUid: string): string {
  return logFile(folder, podUid, QUEUE_CONTAINER, 0);
}

/** Makes the place of a run's log and forgets those of long ago. */
export async function openLog(folder: string, podUid: string, container: string, run: number): Promise<string> {
  const file = logFile(folder, podUid, container, run);
  await mkdir(dirname(file), { recursive: true, mode: 0o750 });
  if (run > KEPT_RUNS) await forgetLogs(dirname(file), run - KEPT_RUNS);
  await (await open(file, 'a', 0o640)).close();
  return file;
}

/** Those of runs before this one. */
async function forgetLogs(folder: string, run: number): Promise<void> {
  for (const name of await readdir(folder))
    if (Number.parseInt(name, 10) < run) await rm(join(folder, name), { force: true });
}

/** The last lines of a file, at most `bytes` of them: a container's last words. */
export async function tailOf(file: string, bytes: number, lines: number): Promise<string> {
  const handle = await open(file).catch(() => undefined);
  if (!handle) return '';
  try {
    const { size } = await handle.stat();
    const length = Math.min(size, bytes);
    const { buffer } = await handle.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.toString('utf8').trimEnd().split('\n').slice(-lines).join('\n');
  } finally {
    await handle.close();
  }
}

export interface ReadOptions extends Pick<LogOptions, 'tailLines' | 'limitBytes' | 'timestamps'> {
  readonly follow: boolean;
  /** Ends the following: the run is over and everything was read. */
  readonly ended: Promise<unknown>;
  /** Only lines that came at this moment or later, in milliseconds. */
  readonly sinceMs?: number | undefined;
  /** When lines came, where the node looked on; else the time of the file is that of every line. */
  readonly times?: LogTimes | undefined;
}

/** A part of a log, and the offset of its first byte. */
interface Part {
  readonly at: number;
  readonly bytes: Buffer;
}

/** The content of a log, then what is appended until the run ends or the signal says so. */
export async function* readLog(file: string, options: ReadOptions, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const log = await LogFile.open(file, options.times);
  if (!log) return;
  try {
    yield* bounded(
      stamped(parts(log, file, await startOf(log, options), options, signal), log.times, options),
      options.limitBytes,
    );
  } finally {
    await log.close();
  }
}

/** A log as one row of bytes, though it lies in two files. */
class LogFile {
  readonly times: LogTimes;
  readonly #handle: FileHandle;
  readonly #older: string;

  static async open(file: string, times: LogTimes | undefined): Promise<LogFile | undefined> {
    const handle = await open(file).catch(() => undefined);
    if (!handle) return undefined;
    const older = (await stat(`${file}.1`).catch(() => undefined))?.size ?? 0;
    const { mtimeMs } = await handle.stat();
    return new LogFile(
      handle,
      `${file}.1`,
      times ?? {
        base: older,
        oldest: older + oldestOf(file),
        timeAt: () => mtimeMs,
        since: (ms) => (ms <= mtimeMs ? 0 : Number.POSITIVE_INFINITY),
      },
    );
  }

  private constructor(handle: FileHandle, older: string, times: LogTimes) {
    this.#handle = handle;
    this.#older = older;
    this.times = times;
  }

  async end(): Promise<number> {
    const { base } = this.times;
    const { size } = await this.#handle.stat();
    return base === this.times.base ? base + size : this.end();
  }

  /** Bytes from an offset on, or from the oldest that is kept; none at the end. */
  async read(from: number, length = CHUNK): Promise<Part> {
    const { base, oldest } = this.times;
    const at = from >= base && from < oldest ? oldest : from;
    const part =
      at < base
        ? await this.#readOlder(at, base, length)
        : await readAt(this.#handle, at - base, length).then((bytes) => ({ at, bytes }));
    // What was given back during the reading may have come as nothing.
    const isWhole = base === this.times.base && (at < base || at >= this.times.oldest);
    return isWhole ? part : this.read(at, length);
  }

  async #readOlder(at: number, base: number, length: number): Promise<Part> {
    const handle = await open(this.#older).catch(() => undefined);
    if (!handle) return this.read(base, length);
    try {
      const { size } = await handle.stat();
      const from = Math.max(at, base - size);
      return { at: from, bytes: await readAt(handle, from - (base - size), Math.min(length, base - from)) };
    } finally {
      await handle.close();
    }
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}

async function readAt(handle: FileHandle, at: number, length: number): Promise<Buffer> {
  const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(length), 0, length, at);
  return buffer.subarray(0, bytesRead);
}

/** Where the reading begins: not before what is asked for by time, nor before the last lines that are asked for. */
async function startOf(log: LogFile, { tailLines, sinceMs }: ReadOptions): Promise<number> {
  const end = await log.end();
  const bySince = await lineStart(
    log,
    Math.max(oldestIn(log), sinceMs === undefined ? 0 : Math.min(end, log.times.since(sinceMs))),
    end,
  );
  return tailLines === undefined ? bySince : Math.max(bySince, await tailStart(log, tailLines, end));
}

/** Where the log begins: 0 where nothing of it is gone, or what is gone is in the older file's time. */
function oldestIn({ times: { base, oldest } }: LogFile): number {
  return oldest > base ? oldest : 0;
}

/** The first beginning of a line that is not before an offset. */
async function lineStart(log: LogFile, offset: number, end: number): Promise<number> {
  if (offset === 0) return 0;
  for (let at = offset - 1; at < end; ) {
    const { at: from, bytes } = await log.read(at);
    const found = bytes.indexOf(NEWLINE);
    if (found >= 0) return from + found + 1;
    if (bytes.length === 0) return end;
    at = from + bytes.length;
  }
  return offset;
}

/** Where the last lines begin; a newline at the very end belongs to the last of them. */
async function tailStart(log: LogFile, lines: number, end: number): Promise<number> {
  if (lines === 0) return end;
  let newlines = 0;
  for (let upTo = end; upTo > 0; ) {
    const from = Math.max(upTo > log.times.base ? log.times.oldest : 0, upTo - CHUNK);
    const { at, bytes } = await log.read(from, upTo - from);
    if (at >= upTo) return at;
    for (let i = Math.min(bytes.length, upTo - at) - 1; i >= 0; i--) {
      if (bytes[i] !== NEWLINE || at + i === end - 1) continue;
      newlines += 1;
      if (newlines === lines) return at + i + 1;
    }
    if (at > from) return at;
    upTo = at;
  }
  return 0;
}

async function* parts(
  log: LogFile,
  file: string,
  start: number,
  { follow, ended }: ReadOptions,
  signal: AbortSignal,
): AsyncGenerator<Part> {
  let at = start;
  let isOver = !follow;
  const news = follow ? new Changes(file) : undefined;
  void ended.then(() => {
    isOver = true;
    news?.tell();
  });
  const onAbort = () => news?.tell();
  signal.addEventListener('abort', onAbort);
  try {
    while (!signal.aborted) {
      const isLast = isOver;
      for (let part = await log.read(at); part.bytes.length > 0 && !signal.aborted; part = await log.read(at)) {
        at = part.at + part.bytes.length;
        yield part;
      }
      if (isLast) return;
      await news?.next();
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    news?.close();
  }
}

/** Says when a file has changed since it was last asked. */
class Changes {
  readonly #watcher: FSWatcher;
  #changed = false;
  #wake: (() => void) | undefined;

  constructor(file: string) {
    this.#watcher = watch(file, () => this.tell());
    this.#watcher.on('error', () => this.tell());
  }

  tell(): void {
    this.#changed = true;
    this.#wake?.();
  }

  async next(): Promise<void> {
    if (!this.#changed) await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#changed = false;
  }

  close(): void {
    this.#watcher.close();
  }
}

/** Each line begins with its time where that is asked for. */
async function* stamped(
  source: AsyncIterable<Part>,
  times: LogTimes,
  { timestamps }: ReadOptions,
): AsyncGenerator<Uint8Array> {
  let isAtStart = true;
  for await (const { at, bytes } of source) {
    if (!timestamps) {
      yield bytes;
      continue;
    }
    const out: Buffer[] = [];
    for (let from = 0; from < bytes.length; ) {
      if (isAtStart) out.push(stampOf(times.timeAt(at + from)));
      const newline = bytes.indexOf(NEWLINE, from);
      const to = newline < 0 ? bytes.length : newline + 1;
      out.push(bytes.subarray(from, to));
      isAtStart = newline >= 0;
      from = to;
    }
    yield Buffer.concat(out);
  }
}

/** RFC 3339 with nanoseconds, and the blank after it. */
function stampOf(ms: number): Buffer {
  return Buffer.from(`${new Date(ms).toISOString().slice(0, -1)}000000Z `);
}

async function* bounded(
  source: AsyncIterable<Uint8Array>,
  limit = Number.POSITIVE_INFINITY,
): AsyncGenerator<Uint8Array> {
  let left = limit;
  for await (const chunk of source) {
    yield chunk.subarray(0, left);
    left -= chunk.length;
    if (left <= 0) return;
  }
}
