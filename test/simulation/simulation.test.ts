// A slice of the simulation for every day; main.ts runs the whole. SEED and CYCLES choose another slice:
// SEED=17 CYCLES=250 npx vitest run test/simulation -t seed

import { expect, test } from 'vitest';
import type { RunResult } from './run.ts';
import { run } from './run.ts';

const SEED = Number(process.env['SEED'] ?? 1);
const CYCLES = Number(process.env['CYCLES'] ?? 96);
const LONG_MS = 600_000;

/** What a failing run prints. */
function told({ breaches, trace, seed, cycles }: RunResult): string {
  const again = `again: SEED=${seed} CYCLES=${cycles} npx vitest run test/simulation -t seed`;
  return [...breaches.map(({ service, text }) => `${service} ${text}`), ...trace, again].join('\n');
}

test(
  `seed ${SEED}: ${CYCLES} times to zero and back, and no request is lost`,
  async () => {
    const result = await run({ seed: SEED, cycles: CYCLES });
    expect(result.breaches, told(result)).toEqual([]);
    expect(result.cycles).toBe(CYCLES);
    expect(result.zeros).toBeGreaterThanOrEqual(CYCLES);
    expect(result.counts).toMatchObject({ lost: 0, sentTwice: 0, overLimit: 0 });
    if (CYCLES >= 96) for (const count of Object.values(result.moments)) expect(count).toBeGreaterThan(0);
  },
  LONG_MS,
);

test(
  'the same seed is the same run',
  async () => {
    const [one, other, another] = [
      await run({ seed: 7, cycles: 8 }),
      await run({ seed: 7, cycles: 8 }),
      await run({ seed: 8, cycles: 8 }),
    ];
    expect(other.hash).toBe(one.hash);
    expect(another.hash).not.toBe(one.hash);
  },
  LONG_MS,
);

test(
  'a node that does not wait for requests before SIGTERM is found out',
  async () => {
    const { breaches, counts } = await run({ seed: 3, cycles: 24, forgetsToDrain: true });
    expect(counts.lost).toBeGreaterThan(0);
    expect(breaches.some(({ text }) => text.includes('in hand'))).toBe(true);
  },
  LONG_MS,
);
