import { afterEach, beforeEach, expect, test } from 'vitest';
import { World } from '../ports.fixture.ts';

let world: World;
beforeEach(() => void (world = new World()));
afterEach(() => world.discard());

test('a key is rotated on a stopped platform, and what becomes of backups is told', async () => {
  expect(await world.run('secrets rotate-key')).toBe(0);
  expect(world.asked).toEqual([`rotate ${world.folder} its own false`]);
  expect(world.out).toBe('All secrets are sealed with the new key 0123, the first in a file.\n');
  expect(world.err).toContain('can be restored as long as the older keys stay in it');
});

test('the file is taken from the flag, and from the environment without it', async () => {
  world.env.EBB_ENCRYPTION_KEY_FILE = '/env/key';
  await world.run('secrets rotate-key --forget-old');
  await world.run('secrets rotate-key --encryption-key-file /flag/key');
  expect(world.asked).toEqual([`rotate ${world.folder} /env/key true`, `rotate ${world.folder} /flag/key false`]);
  expect(world.err).toContain('can be restored');
});

test('a running platform is not touched', async () => {
  world.holders = [42];
  expect(await world.run('secrets rotate-key')).toBe(1);
  expect(world.err).toContain("Stop it with 'ebb down' first.");
  expect(world.asked).toEqual([]);
});
