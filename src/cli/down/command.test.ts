import { afterEach, beforeEach, expect, test } from 'vitest';
import { World } from '../ports.fixture.ts';

let world: World;
beforeEach(() => void (world = new World()));
afterEach(() => world.discard());

test('it asks the holder to end and waits until the folder is free', async () => {
  world.holders = [7, 7, 7, undefined];
  expect(await world.run('down')).toBe(0);
  expect(world.asked).toEqual(['end 7']);
  expect(world.out).toBe(`Stopped the platform of ${world.folder}.\n`);
});

test('a next platform on the same folder is not waited for', async () => {
  world.holders = [7, 7, 8];
  expect(await world.run('down')).toBe(0);
});

test('where none runs it says so', async () => {
  expect(await world.run('down --data /elsewhere')).toBe(1);
  expect(world.err).toMatch(/^ebb: No platform runs on \/elsewhere/);
  expect(world.asked).toEqual([]);
});

test('one that does not end is told with its process', async () => {
  world.holders = [7];
  expect(await world.run('down')).toBe(1);
  expect(world.err).toMatch(/process 7\) still stops after 60 s.*kill -9 7/);
});

test('Ctrl-C ends the waiting', async () => {
  world.holders = [7];
  world.interrupted.abort(new Error('interrupted'));
  expect(await world.run('down')).toBe(130);
});

test('what is waited for is told once, with the end of the waiting', async () => {
  world.holders = [...Array.from({ length: 60 }, () => 7), undefined];
  world.stopping = { pods: ['a/1', 'a/2', 'a/3', 'a/4'], until: new Date(2030, 0, 1, 0, 0, 10).getTime() };
  expect(await world.run('down')).toBe(0);
  expect(world.err).toBe(
    'ebb: waiting for Pods a/1, a/2, a/3 and 1 more to end; what still runs at 00:00:10 is killed\n',
  );
});
