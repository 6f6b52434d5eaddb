// A database in memory whose commits take time, so that controllers really overlap.

import type { Clock, Random } from '#base/mod.ts';
import { sleep } from '#base/mod.ts';
import type { ObjectDatabase } from '#storage/mod.ts';
import { memoryDatabase } from '#storage/mod.ts';
import { between, isLucky } from './chance.ts';

const USUAL_MS = 3;
const STALL_MS = 60;
const STALL_SHARE = 0.01;

export function slowDatabase(clock: Clock, random: Random): ObjectDatabase {
  const inner = memoryDatabase();
  return {
    get initial() {
      return inner.initial;
    },
    firstRevision: inner.firstRevision,
    cleanStart: inner.cleanStart,
    async commit(mutations) {
      await sleep(clock, isLucky(random, STALL_SHARE) ? between(random, 10, STALL_MS) : between(random, 0, USUAL_MS));
      await inner.commit(mutations);
    },
    commitLazily: (mutations) => inner.commitLazily(mutations),
    reserve: (through) => inner.reserve(through),
    backup: (file) => inner.backup(file),
    forgetInitial: () => inner.forgetInitial(),
    close: () => inner.close(),
  };
}
