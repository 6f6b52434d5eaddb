import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { VirtualClock } from '#base/mod.ts';
import { FolderRoom, freeOn, refusalOf } from './disk-room.ts';
import { DiskFullError } from './object-database.ts';

const MIB = 2 ** 20;
let folder = '';
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'ebb-room-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test.each([
  ['far above the floor', { free: 1000 * MIB }, { floor: 256 * MIB }, 1, undefined],
  ['just down to the floor', { free: 300 * MIB }, { floor: 256 * MIB }, 44 * MIB, undefined],
  [
    'below the floor',
    { free: 300 * MIB },
    { floor: 256 * MIB },
    45 * MIB,
    'the disk has 300 MiB free, and 256 MiB of it are kept',
  ],
  ['without a floor', { free: 1 }, { floor: 0 }, 1, undefined],
  ['within the budget', { free: 1000 * MIB, used: 9 * MIB }, { floor: 0, budget: 10 * MIB }, MIB, undefined],
  [
    'beyond the budget',
    { free: 1000 * MIB, used: 9 * MIB },
    { floor: 0, budget: 10 * MIB },
    2 * MIB,
    'takes 9 MiB of the 10 MiB',
  ],
  ['not counted yet', { free: 1000 * MIB }, { floor: 0, budget: 10 * MIB }, 20 * MIB, undefined],
])('%s', (_, state, bounds, bytes, refusal) => {
  const said = refusalOf(state, bounds, bytes);
  if (refusal === undefined) expect(said).toBeUndefined();
  else expect(said).toContain(refusal);
});

describe('the room of a folder', () => {
  test('what is demanded counts at once, and what the disk says a second later', async () => {
    const clock = new VirtualClock(0);
    let free = 100;
    const room = new FolderRoom({ folder, bounds: { floor: 50 }, clock, freeOn: () => free });
    room.demand(40);
    expect(() => room.demand(20)).toThrow(DiskFullError);
    room.demand(10);
    free = 200;
    await clock.advance(1000);
    room.demand(150);
    expect(room.state().free).toBe(50);
  });

  test('with a budget the folder is counted, and again after a minute', async () => {
    const clock = new VirtualClock(0);
    let used = 10 * MIB;
    const room = new FolderRoom({ folder, bounds: { floor: 0, budget: 20 * MIB }, clock, usedBy: async () => used });
    await Promise.resolve();
    expect(() => room.demand(11 * MIB)).toThrow('takes 10 MiB of the 20 MiB');
    used = 0;
    await clock.advance(60_000);
    await Promise.resolve();
    room.demand(11 * MIB);
    room.stop();
  });

  test('counting is over once nobody asks any more', () => {
    const clock = new VirtualClock(0);
    let isOver = () => true;
    const usedBy = (_: string, over: () => boolean) => ((isOver = over), new Promise<number>(() => {}));
    const room = new FolderRoom({ folder, bounds: { floor: 0, budget: MIB }, clock, usedBy });
    const before = isOver();
    room.stop();
    expect([before, isOver()]).toEqual([false, true]);
  });
});

test('the system tells what is free', () => {
  expect(freeOn(folder)).toBeGreaterThan(0);
  expect(freeOn(join(folder, 'not/there/yet'))).toBeGreaterThan(0);
});
