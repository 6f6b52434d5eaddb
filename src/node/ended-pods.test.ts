import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { VirtualClock } from '#base/mod.ts';
import type { Pod } from '#kinds/mod.ts';
import { EndedPods } from './ended-pods.ts';

let folder: string;
const clock = new VirtualClock();
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'ebb-ended-'))));
afterEach(() => rm(folder, { recursive: true, force: true }));

const open = (bytes = 1000, pods = 10) => EndedPods.open(join(folder, 'ended'), clock, { bytes, pods });

/** A Pod that has written something, in its folder. */
async function end(ended: EndedPods, uid: string, text: string): Promise<void> {
  const pod: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: `p-${uid}`, namespace: uid.startsWith('x') ? 'other' : 'ns', uid },
    spec: { containers: [{ name: 'c' }] },
  };
  await mkdir(join(folder, uid, 'logs/c'), { recursive: true });
  await writeFile(join(folder, uid, 'logs/c/0.log'), text);
  await ended.keep(pod, join(folder, uid));
}

const uids = (ended: EndedPods, namespace = '') => ended.list(namespace).map(({ metadata }) => metadata.uid);

test('what Pods wrote is there after them, also for the next platform', async () => {
  const ended = await open();
  await end(ended, 'a', 'words');
  await end(ended, 'x', 'other words');
  await end(ended, 'silent', '');
  const next = await open();
  expect([uids(next), uids(next, 'ns'), next.has('a'), next.has('silent')]).toEqual([['a', 'x'], ['a'], true, false]);
  expect(await readFile(join(next.folder, 'a/logs/c/0.log'), 'utf8')).toBe('words');
});

test('the oldest go when there is too much of it, in bytes or in number', async () => {
  const ended = await open(10, 3);
  for (const uid of ['a', 'b', 'c', 'd']) await end(ended, uid, uid);
  expect([uids(ended), await readdir(ended.folder)]).toEqual([
    ['b', 'c', 'd'],
    ['b', 'c', 'd'],
  ]);
  await end(ended, 'e', '123456789');
  expect(uids(ended)).toEqual(['d', 'e']);
});

test('after a day they go', async () => {
  await end(await open(), 'a', 'words');
  await clock.advance(25 * 3_600_000);
  expect(uids(await open())).toEqual([]);
});

test('what was half taken over is nobody’s', async () => {
  for (const uid of ['a', 'b']) await mkdir(join(folder, 'ended', uid, 'logs'), { recursive: true });
  await writeFile(join(folder, 'ended/b/pod.json'), '');
  const ended = await open();
  expect([uids(ended), await readdir(ended.folder)]).toEqual([[], []]);
});

test('runs are read one after the other, and the end of the last alone where that is asked for', async () => {
  const ended = await open();
  await mkdir(join(folder, 'a/logs/c'), { recursive: true });
  await writeFile(join(folder, 'a/logs/c/9.log'), 'nine\n');
  await writeFile(join(folder, 'a/logs/c/10.log'), 'ten\nlast\n');
  await ended.keep(
    { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p', uid: 'a' }, spec: { containers: [] } },
    join(folder, 'a'),
  );
  const read = async (container: string, tailLines?: number) => {
    let text = '';
    const options = tailLines === undefined ? {} : { tailLines };
    for await (const chunk of ended.logs('a', container, options, new AbortController().signal))
      text += Buffer.from(chunk).toString();
    return text;
  };
  expect([await read('c'), await read('c', 1), await read('other')]).toEqual(['nine\nten\nlast\n', 'last\n', '']);
});
