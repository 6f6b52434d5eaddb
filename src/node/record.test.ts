import { appendFile, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { PodRecord } from './record.ts';
import { PodRecords } from './record.ts';

let folder: string;
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'ebb-record-')), 'running');
});
afterEach(() => rm(join(folder, '..'), { recursive: true, force: true }));

const record = (pid: number): PodRecord => ({
  sandbox: { podUid: 'u', address: '127.0.0.1', hostPorts: {} },
  containers: { c: { record: { id: `u/c/${pid}`, pid, started: '7' }, run: 0, since: 1 } },
});

test('what is noted is at once there for the next platform', () => {
  const records = new PodRecords(folder);
  records.note('a', record(1));
  records.note('b', record(2));
  expect([...new PodRecords(folder).all().keys()].sort()).toEqual(['a', 'b']);
  records.note('a', undefined);
  records.note('never', undefined);
  expect([...new PodRecords(folder).all()]).toEqual([['b', record(2)]]);
});

test('a note replaces the one before, whole, and for no other eyes', async () => {
  const records = new PodRecords(folder);
  for (let pid = 0; pid < 10; pid++) records.note('a', record(pid));
  expect([...new PodRecords(folder).all()]).toEqual([['a', record(9)]]);
  expect(await readdir(folder)).toEqual(['a.json']);
  expect((await stat(join(folder, 'a.json'))).mode & 0o777).toBe(0o600);
});

test('the same note again writes nothing', async () => {
  const records = new PodRecords(folder);
  records.note('a', record(1));
  const { size } = await stat(join(folder, 'a.json'));
  records.note('a', record(1));
  expect((await stat(join(folder, 'a.json'))).size).toBe(size);
});

test('a note that could not be written is written when it comes again', async () => {
  const records = new PodRecords(folder);
  await rm(folder, { recursive: true });
  expect(() => records.note('a', record(1))).toThrow('ENOENT');
  await mkdir(folder);
  records.note('a', record(1));
  expect(new PodRecords(folder).all().get('a')).toEqual(record(1));
});

test('of a note that was cut off the one before it counts, and the next is whole', async () => {
  const records = new PodRecords(folder);
  records.note('a', record(1));
  await appendFile(join(folder, 'a.json'), '\n{"sandbox":{"podU');
  expect(new PodRecords(folder).all().get('a')).toEqual(record(1));
  records.note('a', record(2));
  expect(new PodRecords(folder).all().get('a')).toEqual(record(2));
});

test('however often a Pod is noted, its file stays small', async () => {
  const records = new PodRecords(folder);
  for (let pid = 0; pid < 1000; pid++) records.note('a', record(pid));
  expect((await stat(join(folder, 'a.json'))).size).toBeLessThan(70_000);
  expect(new PodRecords(folder).all().get('a')).toEqual(record(999));
});

test('a note of an earlier release is one line without an end', async () => {
  const records = new PodRecords(folder);
  await writeFile(join(folder, 'a.json'), JSON.stringify(record(1)));
  expect(new PodRecords(folder).all().get('a')).toEqual(record(1));
  records.note('a', record(2));
  expect(new PodRecords(folder).all().get('a')).toEqual(record(2));
});

test.each(['', '{"a":', 'not at all'])('a file that is broken (%j) is as good as none', async (text) => {
  new PodRecords(folder).note('b', record(2));
  await writeFile(join(folder, 'a.json'), text);
  await writeFile(join(folder, 'c.json.new'), text);
  expect([...new PodRecords(folder).all().keys()]).toEqual(['b']);
});
