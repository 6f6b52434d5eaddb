import { spawn, spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { appendFile, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock, VirtualClock } from '#base/mod.ts';
import type { ReadOptions } from './logs.ts';
import { logFile, openLog, readLog, tailOf } from './logs.ts';
import { RunLog } from './run-log.ts';

let folder: string;
let file: string;
let clock: VirtualClock;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ebb-logs-'));
  file = await openLog(folder, 'uid', 'c', 0);
  clock = new VirtualClock();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const never = new AbortController().signal;

async function read(options: Partial<ReadOptions> = {}, signal = never): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of readLog(file, { follow: false, ended: Promise.resolve(), ...options }, signal))
    chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

test.each<[string, string, Partial<ReadOptions>, string]>([
  ['all', 'a\nb\n', {}, 'a\nb\n'],
  ['the last line', 'a\nb\n', { tailLines: 1 }, 'b\n'],
  ['the last line, unfinished', 'a\nb', { tailLines: 1 }, 'b'],
  ['the last two', 'a\nb\nc\n', { tailLines: 2 }, 'b\nc\n'],
  ['more than there are', 'a\nb\n', { tailLines: 9 }, 'a\nb\n'],
  ['no lines', 'a\nb\n', { tailLines: 0 }, ''],
  ['empty lines are lines', 'a\n\n\n', { tailLines: 2 }, '\n\n'],
  ['of nothing', '', { tailLines: 3 }, ''],
  ['so many bytes', 'abc\ndef\n', { limitBytes: 5 }, 'abc\nd'],
  ['so many bytes of the last lines', 'abc\ndef\n', { tailLines: 1, limitBytes: 2 }, 'de'],
])('reads %s', async (_, content, options, wanted) => {
  await writeFile(file, content);
  expect(await read(options)).toBe(wanted);
});

test('the last lines of a long log, across blocks', async () => {
  const lines = Array.from({ length: 30_000 }, (_, at) => `line ${at}\n`);
  await writeFile(file, lines.join(''));
  expect(await read({ tailLines: 20_000 })).toBe(lines.slice(-20_000).join(''));
});

test('what is not there has no lines', async () => {
  await rm(file);
  expect(await read()).toBe('');
});

test('the run before is kept, those before it are forgotten', async () => {
  for (const run of [1, 2, 3]) await openLog(folder, 'uid', 'c', run);
  expect((await readdir(join(folder, 'uid/logs/c'))).sort()).toEqual(['2.log', '3.log']);
  expect(logFile(folder, 'uid', 'c', 3)).toBe(join(folder, 'uid/logs/c/3.log'));
});

test.each([
  ['one\ntwo\nthree\n', 100, 2, 'two\nthree'],
  ['one\ntwo\nthree\n', 7, 5, '\nthree'],
  ['', 100, 2, ''],
])('last words of %j, at most %i bytes and %i lines', async (content, bytes, lines, wanted) => {
  await writeFile(file, content);
  expect(await tailOf(file, bytes, lines)).toBe(wanted);
});

describe('following', () => {
  test('what is appended comes until the run ends', async () => {
    const ended = Promise.withResolvers<void>();
    await writeFile(file, 'one\n');
    const lines = readLog(file, { follow: true, ended: ended.promise }, never);
    expect(String((await lines.next()).value)).toBe('one\n');
    const next = lines.next();
    await appendFile(file, 'two\n');
    expect(Buffer.from((await next).value ?? []).toString()).toBe('two\n');
    await appendFile(file, 'last\n');
    ended.resolve();
    expect(Buffer.from((await lines.next()).value ?? []).toString()).toBe('last\n');
    expect((await lines.next()).done).toBe(true);
  });

  test('ends when the reader has gone', async () => {
    const gone = new AbortController();
    const reading = read({ follow: true, ended: new Promise(() => {}) }, gone.signal);
    gone.abort();
    expect(await reading).toBe('');
  });
});

describe('when lines came', () => {
  /** Three lines, a minute apart; the last but one unfinished until the last. */
  async function written(): Promise<RunLog> {
    const log = new RunLog(file, clock, clock.now());
    for (const text of ['one\n', 'two\nth', 'ree\nfour\n']) {
      await clock.advance(60_000);
      await appendFile(file, text);
      log.look();
    }
    log.close();
    return log;
  }

  test('each line has the time of its beginning', async () => {
    expect(await read({ timestamps: true, times: await written() })).toBe(
      [
        '2026-01-01T00:01:00.000000000Z one',
        '2026-01-01T00:02:00.000000000Z two',
        '2026-01-01T00:02:00.000000000Z three',
        '2026-01-01T00:03:00.000000000Z four',
        '',
      ].join('\n'),
    );
  });

  test.each([
    [0, 'one\ntwo\nthree\nfour\n'],
    [60_000, 'one\ntwo\nthree\nfour\n'],
    [60_001, 'two\nthree\nfour\n'],
    [150_000, 'four\n'],
    [200_000, ''],
  ])('lines since %i ms after the beginning', async (after, wanted) => {
    const begun = clock.now();
    expect(await read({ sinceMs: begun + after, times: await written() })).toBe(wanted);
  });

  test('time and last lines together: whichever is less', async () => {
    const begun = clock.now();
    const times = await written();
    expect(await read({ sinceMs: begun + 60_001, tailLines: 1, times })).toBe('four\n');
    expect(await read({ sinceMs: begun + 150_000, tailLines: 3, times })).toBe('four\n');
  });

  test('it is noticed by itself, and marks stay few', async () => {
    const log = new RunLog(file, clock, clock.now());
    const begun = clock.now();
    await clock.advance(5000);
    const seen = appendFile(file, 'x\n');
    await seen;
    for (const limit = performance.now() + 5000; log.timeAt(0) === begun && performance.now() < limit; )
      await clock.advance(20);
    expect(log.timeAt(0)).toBeGreaterThanOrEqual(begun + 5000);
    for (let i = 0; i < 10_000; i++) {
      await appendFile(file, '.');
      log.look();
    }
    expect(log.since(clock.now() + 1)).toBe(10_002);
    log.close();
  });

  test('nobody looked on: the file’s own time is all there is', async () => {
    await writeFile(file, 'one\ntwo\n');
    const { mtimeMs } = await stat(file);
    expect(await read({ sinceMs: mtimeMs + 1000 })).toBe('');
    expect((await read({ timestamps: true })).split('\n')[1]).toMatch(/^\d{4}-.*Z two$/);
  });
});

describe('a log that grows too long', () => {
  const line = (at: number) => `${String(at).padStart(9, '0')}\n`;

  async function fill(log: RunLog, from: number, to: number): Promise<void> {
    for (let at = from; at < to; at++) await appendFile(file, line(at));
    log.look();
    await log.settled();
  }

  test('is kept in two files, read as one', async () => {
    const log = new RunLog(file, clock, clock.now(), 100, 'none');
    await fill(log, 0, 10);
    expect([(await stat(file)).size, (await stat(`${file}.1`)).size]).toEqual([0, 100]);
    await fill(log, 10, 15);
    const all = Array.from({ length: 15 }, (_, at) => line(at)).join('');
    expect(await read({ times: log })).toBe(all);
    expect(await read({ times: log, tailLines: 7 })).toBe(all.slice(-70));
    expect(await read()).toBe(all);
    await fill(log, 15, 21);
    expect(await readFile(`${file}.1`, 'utf8')).toBe(Array.from({ length: 11 }, (_, at) => line(10 + at)).join(''));
    expect(await read({ times: log, tailLines: 100 })).toBe(await readFile(`${file}.1`, 'utf8'));
    log.close();
  });

  test('loses nothing for one who follows', async () => {
    const log = new RunLog(file, clock, clock.now(), 100, 'none');
    const ended = Promise.withResolvers<void>();
    const reading = read({ follow: true, ended: ended.promise, times: log });
    await fill(log, 0, 9);
    await fill(log, 9, 12);
    await fill(log, 12, 15);
    ended.resolve();
    expect(await reading).toBe(Array.from({ length: 15 }, (_, at) => line(at)).join(''));
    log.close();
  });

  describe('where the disk under its beginning can be given back', () => {
    const LIMIT = 64 * 1024;
    const text = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => line(from + at)).join('');
    /** As the system does, for one that may not be Linux. */
    const punch = async (path: string, upTo: number) => {
      const content = await readFile(path);
      await writeFile(path, content.fill(0, 0, upTo));
      return true;
    };

    test('offsets stay, what is gone is not read, and a later run knows where it begins', async () => {
      const log = new RunLog(file, clock, clock.now(), LIMIT, punch);
      await appendFile(file, text(0, 20_000));
      log.look();
      await log.settled();
      const kept = await read({ times: log });
      expect(kept.length).toBeGreaterThanOrEqual(LIMIT - 10);
      expect(kept.length).toBeLessThan(LIMIT + 4096);
      expect(kept).toBe(text(20_000 - kept.length / 10, 20_000));
      expect(await read({ times: log, tailLines: 3 })).toBe(text(19_997, 20_000));
      expect(await read({ times: log, tailLines: 50_000 })).toBe(kept);
      expect(await read()).toBe(kept);
      log.close();
      const later = new RunLog(file, clock, clock.now(), LIMIT, punch);
      expect(await read({ times: later })).toBe(kept);
      later.close();
    });

    test('where it turns out that it cannot, the content is moved as before', async () => {
      const log = new RunLog(file, clock, clock.now(), LIMIT, async () => false);
      await appendFile(file, text(0, 20_000));
      log.look();
      await log.settled();
      await log.settled();
      expect((await stat(file)).size).toBe(0);
      expect(await read({ times: log })).toBe(text(0, 20_000));
      log.close();
    });

    const canPunch = spawnSync('fallocate', ['--version']).status === 0;
    test.skipIf(!canPunch)('one who writes fast loses no line, and the disk is given back', async () => {
      const log = new RunLog(file, systemClock, systemClock.now(), 4 * LIMIT);
      const program = 'BEGIN { for (i = 0; i < 100000; i++) { printf "%09d\\n", i; if (i % 50 == 0) fflush() } }';
      const output = openSync(file, 'a');
      const writer = spawn('awk', [program], { stdio: ['ignore', output, 'ignore'] });
      closeSync(output);
      await new Promise((resolve) => writer.once('close', resolve));
      log.look();
      // What was under way when the writer ended, and what had come behind it.
      await log.settled();
      await log.settled();
      const kept = await read({ times: log });
      expect(kept).toBe(text(100_000 - kept.length / 10, 100_000));
      expect((await stat(file)).size).toBe(1_000_000);
      expect((await stat(file)).blocks * 512).toBeLessThan(9 * LIMIT);
      log.close();
    });
  });
});
