// What the log does when the disk is full, fails, or holds something else than what was written.

import { expect, test } from 'vitest';
import { VirtualClock } from '#base/mod.ts';
import type { DiskRoom, DiskStep } from '#storage/mod.ts';
import { DiskFullError, SimulatedDisk } from '#storage/mod.ts';
import type { EventLog } from '../log.ts';
import { LogDamagedError, LogFullError } from '../log.ts';
import type { DiskLogOptions } from './disk-log.ts';
import { openDiskLog } from './disk-log.ts';
import { BATCH_HEADER, putBatchHeader } from './format.ts';

const ALL = { records: 1e6, bytes: 1e9 };
const SALT = 0x5a5a5a5a;

function openOn(disk: SimulatedDisk, options: Partial<DiskLogOptions> = {}): Promise<EventLog> {
  return openDiskLog({ disk, clock: new VirtualClock(), salt: () => SALT, ...options });
}

const record = (text: string) => ({ payload: Buffer.from(text) });
const textsOf = async (log: EventLog, stream = 's') =>
  (await log.read(stream, 0, ALL)).map(({ payload }) => Buffer.from(payload).toString());

/** Where a text lies in a file. */
async function placeOf(disk: SimulatedDisk, path: string, text: string): Promise<number> {
  const file = await disk.open(path, 'there');
  const content = Buffer.alloc((await file?.length()) ?? 0);
  await file?.read(content, 0);
  const at = content.indexOf(text);
  if (at < 0) throw new Error(`${path} does not hold ${text}`);
  return at;
}

async function damage(disk: SimulatedDisk, path: string, text: string): Promise<number> {
  const at = await placeOf(disk, path, text);
  disk.damage(path, at, Buffer.from([0xff]));
  return at;
}

test('damage before the last acknowledged batch is told with file and place, and nothing is appended behind it', async () => {
  const disk = new SimulatedDisk();
  const log = await openOn(disk);
  for (const text of ['first', 'second', 'third']) await log.append('s', record(text));
  await log.close();
  await damage(disk, 's/0000000001.seg', 'second');
  const again = await openOn(disk);
  const message = /s\/0000000001\.seg is damaged at byte \d+: what is there is not what was written/;
  for (const call of [
    () => again.read('s', 0, ALL),
    () => again.bounds('s'),
    () => again.append('s', record('x')),
    () => again.saveMarks('s', new Map()),
    () => again.loadMarks('s'),
    () => again.trim('s', 1),
  ]) {
    const error = await call().then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(LogDamagedError);
    expect((error as Error).message).toMatch(message);
  }
  await again.append('other', record('not concerned'));
  await again.drop('s');
  expect(await again.append('s', record('anew'))).toBe(0);
  await again.close();
});

test('the last batch, where it is not whole, is a write that never ended', async () => {
  const disk = new SimulatedDisk();
  const log = await openOn(disk);
  for (const text of ['first', 'second', 'third']) await log.append('s', record(text));
  await log.close();
  await damage(disk, 's/0000000001.seg', 'third');
  const again = await openOn(disk);
  expect(await textsOf(again)).toEqual(['first', 'second']);
  expect(await again.append('s', record('other'))).toBe(2);
  await again.close();
  const third = await openOn(disk);
  expect(await textsOf(third)).toEqual(['first', 'second', 'other']);
  await third.close();
});

test('a payload that looks like a later batch does not make an unfinished write into damage', async () => {
  const disk = new SimulatedDisk();
  const forged = Buffer.alloc(BATCH_HEADER);
  putBatchHeader(forged, SALT ^ 1, { number: 99, length: 0, records: 0, first: 2, time: 0 });
  const log = await openOn(disk);
  await log.append('s', record('first'));
  await log.append('s', { payload: Buffer.concat([Buffer.from('torn'), forged]) });
  await log.close();
  await damage(disk, 's/0000000001.seg', 'torn');
  const again = await openOn(disk);
  expect(await textsOf(again)).toEqual(['first']);
  await again.close();
});

test('damage in an older segment is told by who reads there; what is before and behind it is read', async () => {
  const disk = new SimulatedDisk();
  const log = await openOn(disk, { segmentBytes: 600 });
  const texts = Array.from({ length: 30 }, (_, n) => `record ${n} ${'.'.repeat(80)}`);
  for (const text of texts) await log.append('s', record(text));
  await log.close();
  const file = 's/0000000002.seg';
  const holds = 4;
  const at = await placeOf(disk, file, `record ${holds} `);
  disk.damage(file, at, Buffer.from('REC'));
  const again = await openOn(disk, { segmentBytes: 600 });
  const error: unknown = await again.read('s', holds, ALL).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(LogDamagedError);
  expect((error as Error).message).toContain(file);
  expect((await again.read('s', 0, { records: holds, bytes: 1e9 })).length).toBe(holds);
  expect((await again.read('s', holds + 1, ALL)).length).toBe(texts.length - holds - 1);
  expect(await again.append('s', record('more'))).toBe(texts.length);
  await again.close();
});

test('a segment that is missing between others is told', async () => {
  const disk = new SimulatedDisk();
  const log = await openOn(disk, { segmentBytes: 600 });
  for (let n = 0; n < 30; n++) await log.append('s', record('x'.repeat(100)));
  await log.close();
  await disk.remove('s/0000000003.seg');
  const again = await openOn(disk);
  await expect(again.bounds('s')).rejects.toThrow('s lacks 0000000003.seg, which stood before 0000000004.seg');
  await again.close();
});

test.each([
  ['is no segment', Buffer.from('x'), 0, 's/0000000001.seg is damaged at byte 0'],
  ['has another name in it', Buffer.from('t'), 64, 's/0000000001.seg is damaged at byte 0'],
  ['is of a newer form', Buffer.from([9]), 12, 'has form 9, which a newer Ebb wrote; this one reads forms up to 1'],
  ['lacks its first batch', Buffer.alloc(8), 65, 's/0000000001.seg is damaged at byte 65'],
])('a file that %s is refused', async (_, bytes, at, message) => {
  const disk = new SimulatedDisk();
  const log = await openOn(disk);
  await log.saveMarks('s', new Map([['a', Buffer.from('1')]]));
  await log.close();
  disk.damage('s/0000000001.seg', at, bytes);
  const again = await openOn(disk);
  await expect(again.bounds('s')).rejects.toThrow(message);
  await again.close();
});

test.each(['write', 'sync'] as const)(
  'where a %s fails, those who wait hear of it, and the log goes on without their records',
  async (kind) => {
    const disk = new SimulatedDisk();
    const log = await openOn(disk);
    await log.append('s', record('first'));
    let failures = 1;
    disk.onStep = (step: DiskStep) => {
      if (step.kind === kind && failures-- > 0) throw new Error('EIO: i/o error');
    };
    const lost = await Promise.allSettled([
      log.append('s', record('lost')),
      log.appendAll('s', [record('lost too'), record('lost as well')]),
      log.saveMarks('s', new Map([['lost', Buffer.from('1')]])),
    ]);
    expect(lost.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(await log.append('s', record('second'))).toBe(1);
    expect(await textsOf(log)).toEqual(['first', 'second']);
    expect(await log.loadMarks('s')).toEqual(new Map());
    for (const kept of ['everything', 'nothing'] as const) {
      const again = await openOn(disk.crash(kept));
      expect(await textsOf(again)).toEqual(['first', 'second']);
      expect(await again.loadMarks('s')).toEqual(new Map());
    }
  },
);

test('a full disk refuses appends, keeps what it has, and takes again once there is room', async () => {
  const disk = new SimulatedDisk({ capacity: 300_000 });
  const log = await openOn(disk, { segmentBytes: 64 * 1024 });
  const payload = Buffer.alloc(10_000, 1);
  let taken = 0;
  const refusal = await (async () => {
    for (;;) {
      await log.append('s', { payload });
      taken++;
    }
  })().catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(LogFullError);
  expect((refusal as LogFullError).bound).toBe('disk');
  expect(taken).toBeGreaterThan(15);
  await expect(log.append('s', { payload })).rejects.toThrow(LogFullError);
  expect((await log.bounds('s')).next).toBe(taken);
  await log.trim('s', taken - 5);
  expect((await log.bounds('s')).first).toBe(taken - 5);
  expect(await log.append('s', { payload })).toBe(taken);
  const again = await openOn(disk.crash('nothing'), { segmentBytes: 64 * 1024 });
  expect((await again.bounds('s')).next).toBe(taken + 1);
  expect((await again.read('s', 0, ALL)).length).toBe(6);
});

test('a disk that has no byte left can still be trimmed', async () => {
  const disk = new SimulatedDisk();
  const log = await openOn(disk, { segmentBytes: 2000 });
  for (let n = 0; n < 20; n++) await log.append('s', { payload: Buffer.alloc(500, n) });
  const { next } = await log.bounds('s');
  disk.onStep = ({ kind }) => {
    if ((kind === 'write' || kind === 'allocate') && disk.used > 4000) throw new DiskFullError('no byte is left');
  };
  await log.trim('s', next - 1);
  expect((await log.bounds('s')).first).toBe(next - 1);
  await log.append('s', { payload: Buffer.alloc(500) });
  const again = await openOn(disk.crash('nothing'));
  const bounds = await again.bounds('s');
  expect([bounds.first, bounds.next]).toEqual([next - 1, next + 1]);
});

test("the room's word is heard before records are taken; marks and trims go on", async () => {
  let refusal: string | undefined;
  const room: DiskRoom = { refusal: () => refusal, demand() {}, state: () => ({ free: 0 }) };
  const log = await openOn(new SimulatedDisk(), { room });
  await log.append('s', record('first'));
  refusal = 'the disk has 1 MiB free';
  const error: unknown = await log.append('s', record('x')).catch((reason: unknown) => reason);
  expect([(error as LogFullError).bound, (error as LogFullError).message]).toEqual(['disk', refusal]);
  await log.saveMarks('s', new Map([['a', Buffer.from('1')]]));
  await log.trim('s', 1);
  refusal = undefined;
  expect(await log.append('s', record('second'))).toBe(1);
  await log.close();
});

test('what waits to be written is bounded, over all streams, and taken again when it is written', async () => {
  const log = await openOn(new SimulatedDisk(), { maxWaitingBytes: 10_000 });
  const append = (stream: string) => log.append(stream, { payload: Buffer.alloc(3000) });
  const outcomes = await Promise.allSettled(['a', 'b', 'c', 'd', 'a'].map(append));
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'rejected']);
  const refused = outcomes.flatMap((one) => (one.status === 'rejected' ? [(one.reason as LogFullError).bound] : []));
  expect(refused).toEqual(['waiting', 'waiting']);
  expect(await append('d')).toBe(0);
  expect(await log.append('d', { payload: Buffer.alloc(50_000) })).toBe(1);
  await log.close();
});

test('segments that hold nothing any more are given back to the disk', async () => {
  const disk = new SimulatedDisk();
  const log = await openOn(disk, { segmentBytes: 4 * 2 ** 20 });
  for (let n = 0; n < 12; n++) await log.append('s', { payload: Buffer.alloc(2 ** 20) });
  expect((await disk.list('s')).length).toBeGreaterThan(2);
  await log.trim('s', 11);
  expect((await disk.list('s')).length).toBe(1);
  await log.trim('s', 12);
  expect(await disk.list('s')).toHaveLength(1);
  await log.close();
  expect(disk.used).toBeLessThan(100_000);
});

test('batches of one turn are one write and one sync', async () => {
  const steps: string[] = [];
  const disk = new SimulatedDisk();
  const log = await openOn(disk);
  await log.append('s', record('first'));
  disk.onStep = ({ kind }) => steps.push(kind);
  await Promise.all([
    ...Array.from({ length: 50 }, (_, n) => log.append('s', record(String(n)))),
    log.saveMarks('s', new Map([['a', Buffer.from('1')]])),
    log.trim('s', 1),
  ]);
  expect(steps).toEqual(['write', 'sync']);
  await log.close();
});

test('names of streams are what they are, whatever file systems think of them', async () => {
  const disk = new SimulatedDisk();
  const names = [
    'a',
    'A',
    '..',
    '.',
    '',
    'ns/name',
    'ü',
    '~',
    'x'.repeat(500),
    `${'x'.repeat(499)}y`,
    '.dropped-0',
    '%61',
  ];
  const log = await openOn(disk, { openFiles: 2 });
  await Promise.all(names.map((name) => log.append(name, record(name))));
  await log.close();
  const folders = await disk.list('');
  expect(new Set(folders.map((folder) => folder.toLowerCase())).size).toBe(names.length);
  expect(folders.every((folder) => /^[a-z0-9_%~-]{1,200}$/.test(folder))).toBe(true);
  const again = await openOn(disk, { openFiles: 2 });
  expect([...(await again.streams())].sort()).toEqual([...names].sort());
  for (const name of names) expect(await textsOf(again, name)).toEqual([name]);
  await again.close();
});
