import { VirtualClock } from '#base/mod.ts';
import { beforeEach, expect, test } from 'vitest';
import type { Berth } from './runner.ts';
import { Runner } from './runner.ts';

interface Item extends Berth {
  readonly name: string;
}

let clock: VirtualClock;
let begun: string[];
let broken: string[];
let ends: Map<string, (again?: number) => void>;
beforeEach(() => {
  clock = new VirtualClock();
  [begun, broken, ends] = [[], [], new Map()];
});

function runnerOf({ atOnce = 10, bytesAtOnce = 1000 } = {}): Runner<Item> {
  const runner = new Runner<Item>({
    clock,
    atOnce,
    bytesAtOnce,
    berthOf: (item) => item,
    work: ({ name }, signal) =>
      new Promise((resolve) => {
        begun.push(name);
        ends.set(name, resolve);
        signal.addEventListener('abort', () => {
          broken.push(name);
          resolve(undefined);
        });
      }),
  });
  runner.start();
  return runner;
}

const item = (name: string, { lane = 'a', parallelism = 2, bytes = 10 }: Partial<Berth> = {}): Item => ({
  name,
  lane,
  parallelism,
  bytes,
});

async function end(name: string, again?: number): Promise<void> {
  ends.get(name)?.(again);
  await clock.advance(0);
}

test('a lane has so much under way as it may, in its order', async () => {
  const runner = runnerOf();
  for (const name of ['1', '2', '3', '4']) runner.add(item(name));
  expect(begun).toEqual(['1', '2']);
  await end('2');
  expect(begun).toEqual(['1', '2', '3']);
  await end('1');
  await end('3');
  await end('4');
  expect([begun, runner.underWay]).toEqual([['1', '2', '3', '4'], 0]);
});

test('lanes take turns where all together are bounded', async () => {
  const runner = runnerOf({ atOnce: 1 });
  for (const name of ['a1', 'a2', 'a3']) runner.add(item(name));
  for (const name of ['b1', 'b2']) runner.add(item(name, { lane: 'b' }));
  for (const name of ['a1', 'a2', 'b1', 'a3', 'b2']) await end(name);
  expect(begun.slice(0, 2)).not.toEqual(['a1', 'b2']);
  expect(begun).toHaveLength(5);
  expect(begun.indexOf('b1')).toBeLessThan(begun.indexOf('a3'));
});

test('what is too large waits until there is room, and is not overtaken; alone it has room', async () => {
  const runner = runnerOf({ bytesAtOnce: 100 });
  runner.add(item('small', { bytes: 50 }));
  runner.add(item('large', { lane: 'b', bytes: 500 }));
  runner.add(item('other', { lane: 'c', bytes: 10 }));
  expect(begun).toEqual(['small']);
  await end('small');
  expect(begun).toEqual(['small', 'large']);
  await end('large');
  expect(begun).toEqual(['small', 'large', 'other']);
});

test('again after a while, without its place meanwhile', async () => {
  const runner = runnerOf();
  runner.add(item('1', { parallelism: 1 }));
  runner.add(item('2', { parallelism: 1 }));
  await end('1', 1000);
  expect(begun).toEqual(['1', '2']);
  await end('2');
  await clock.advance(999);
  expect(begun).toHaveLength(2);
  await clock.advance(1);
  expect(begun).toEqual(['1', '2', '1']);
});

test('what is removed is worked at no more, wherever it is', async () => {
  const runner = runnerOf();
  const items = ['1', '2', '3', '4'].map((name) => item(name));
  for (const one of items) runner.add(one);
  await end('1', 1000);
  for (const one of items) runner.remove(one, new Error('enough'));
  await clock.advance(2000);
  expect(begun).toEqual(['1', '2', '3']);
  expect(broken).toEqual(['2', '3']);
  expect(runner.underWay).toBe(0);
});

test('a close waits, then breaks off, and begins nothing', async () => {
  const runner = runnerOf();
  for (const name of ['1', '2', '3']) runner.add(item(name));
  let isClosed = false;
  const closed = runner.close(5000).then(() => (isClosed = true));
  await end('1');
  await clock.advance(4999);
  expect([isClosed, broken, begun]).toEqual([false, [], ['1', '2']]);
  await clock.advance(1);
  expect(broken).toEqual(['2']);
  await closed;
  runner.add(item('late'));
  expect(begun).toEqual(['1', '2']);
});

test('nothing begins before the start', () => {
  const runner = new Runner<Item>({
    clock,
    atOnce: 1,
    bytesAtOnce: 1,
    berthOf: (one) => one,
    work: async ({ name }) => void begun.push(name),
  });
  runner.add(item('1'));
  expect(begun).toEqual([]);
  runner.start();
  expect(begun).toEqual(['1']);
});
