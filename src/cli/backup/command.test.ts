import { resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { World } from '../ports.fixture.ts';

let world: World;
beforeEach(() => void (world = new World()));
afterEach(() => world.discard());

test('backup needs a platform that runs', async () => {
  expect(await world.run('backup copy.db')).toBe(1);
  expect(world.err).toMatch(/No platform runs/);
  world.running();
  expect(await world.run('backup copy.db')).toBe(0);
  expect(world.asked).toEqual([`backup ${world.folder} ${resolve('copy.db')}`]);
});

test('restore needs none', async () => {
  expect(await world.run('restore copy.db')).toBe(0);
  expect(world.asked).toEqual([`restore ${world.folder} ${resolve('copy.db')}`]);
  expect(world.out).toContain("Start it with 'ebb up'");
});
