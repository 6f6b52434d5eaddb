import { appendFile, mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { PodRecord } from './record.ts';
import { PodRecords, RECORDS_FILE } from './record.ts';

let folder: string;
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'ebb-record-')), 'running');
});
afterEach(() => rm(join(folder, '..'), { recursive: true, force: true }));

const file = () => join(folder, RECORDS_FILE);
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
  expect(await readdir(folder)).toEqual([RECORDS_FILE]);
  expect((await stat(file())).mode & 0o777).toBe(0o600);
});

test('the same note again writes nothing', async () => {
  const records = new PodRecords(folder);
  records.note('a', record(1));
  const { size } = await stat(file());
  records.note('a', record(1));
  expect((await stat(file())).size).toBe(size);
});

test('a note that could not be written is written when it comes again', async () => {
  const records = new PodRecords(folder);
  await rm(folder, { recursive: true });
  expect(() => records.note('a', record(1))).toThrow('ENOENT');
  await mkdir(folder);
  records.note('a', record(1));
  expect(new PodRecords(folder).all().get('a')).toEqual(record(1));
});

test('a record that could not be taken back is gone with the next note', async () => {
  const records = new PodRecords(folder);
  records.note('a', record(1));
  records.note('b', record(2));
  await rename(folder, `${folder}.away`);
  expect(() => records.note('a', undefined)).toThrow('ENOENT');
  await rename(`${folder}.away`, folder);
  records.note('b', record(3));
  expect([...new PodRecords(folder).all()]).toEqual([['b', record(3)]]);
});

test('of a note that was cut off the one before it counts, and the next is whole', async () => {
  const records = new PodRecords(folder);
  records.note('a', record(1));
  await appendFile(file(), '\n{"podUid":"a","record":{"sandbox":{"podU');
  records.note('b', record(2));
  expect([...new PodRecords(folder).all()]).toEqual([
    ['a', record(1)],
    ['b', record(2)],
  ]);
});

test('however often Pods are noted, their file stays small', async () => {
  const records = new PodRecords(folder);
  for (let pid = 0; pid < 10_000; pid++) records.note(`p${pid % 3}`, record(pid));
  expect((await stat(file())).size).toBeLessThan(1_100_000);
  expect(new PodRecords(folder).all().get('p0')).toEqual(record(9999));
  expect((await stat(file())).size).toBeLessThan(1000);
});

test('what an earlier release noted, a file for each Pod, moves into the one file', async () => {
  await mkdir(folder);
  await writeFile(join(folder, 'a.json'), JSON.stringify(record(1)));
  await writeFile(join(folder, 'b.json'), `\n${JSON.stringify(record(1))}\n${JSON.stringify(record(2))}\n{"sandb`);
  for (const text of ['', '{"a":', 'not at all']) await writeFile(join(folder, `c${text.length}.json`), text);
  expect([...new PodRecords(folder).all()]).toEqual([
    ['a', record(1)],
    ['b', record(2)],
  ]);
  expect(await readdir(folder)).toEqual([RECORDS_FILE]);
  expect([...new PodRecords(folder).all().keys()]).toEqual(['a', 'b']);
});

test('what was taken back does not come again with a file of an earlier release', async () => {
  new PodRecords(folder).note('a', undefined);
  await writeFile(join(folder, 'a.json'), JSON.stringify(record(1)));
  await writeFile(file(), `\n${JSON.stringify({ podUid: 'a' })}`);
  expect(new PodRecords(folder).all().size).toBe(0);
});

test.each(['', '{"a":', 'not at all', '7', 'null', '{"podUid":7}'])(
  'a file that is broken (%j) is as good as none',
  async (text) => {
    await mkdir(folder);
    await writeFile(file(), text);
    await writeFile(`${file()}.new`, text);
    const records = new PodRecords(folder);
    expect(records.all().size).toBe(0);
    records.note('b', record(2));
    expect([...new PodRecords(folder).all().keys()]).toEqual(['b']);
  },
);
