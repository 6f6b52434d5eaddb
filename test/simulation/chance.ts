// Picks from a source of chance, so that a whole run follows from its seed.

import type { Random } from '#base/mod.ts';

export function between(random: Random, low: number, high: number): number {
  return low + Math.floor(random.next() * (high - low + 1));
}

export function isLucky(random: Random, share: number): boolean {
  return random.next() < share;
}

export function pick<T>(random: Random, from: readonly T[]): T {
  const one = from[Math.floor(random.next() * from.length)];
  if (one === undefined) throw new Error('there is nothing to pick from');
  return one;
}
