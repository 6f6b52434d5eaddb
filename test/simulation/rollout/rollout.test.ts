// A slice of the crashes for every day; npm run simulate -- rollout runs them all. SEED chooses another slice.

import { describe, expect, test } from 'vitest';
import { seededRandom } from '#base/mod.ts';
import { pick } from '../chance.ts';
import { again, crashed, crashPoints } from './judge.ts';
import { runStory } from './run.ts';
import { STORIES } from './stories.ts';

const SEED = Number(process.env['SEED'] ?? 1);
const SLICES = 4;
const LONG_MS = 600_000;

describe('control that dies on the way', () => {
  test.each(Object.entries(STORIES).map(([story, { about }]) => ({ story, about })))(
    '$story: $about',
    { timeout: LONG_MS },
    async ({ story }) => {
      const calm = await runStory({ story, seed: SEED });
      expect(calm.breaches, calm.trace.join('\n')).toEqual([]);
      expect(calm.writes).toBeGreaterThan(50);
      const points = crashPoints(calm.writes);
      const random = seededRandom(SEED);
      for (let slice = 0; slice < SLICES; slice++) {
        const [from, to] = [slice, slice + 1].map((at) => Math.floor((at * points.length) / SLICES));
        const verdict = await crashed({ story, seed: SEED, crash: pick(random, points.slice(from, to)) }, calm);
        expect(verdict.problems, [...verdict.trace, again(verdict, SEED)].join('\n')).toEqual([]);
        expect(verdict.requests).toBeGreaterThan(0);
      }
    },
  );

  test('and takes what it has not told yet for gone is found out', { timeout: LONG_MS }, async () => {
    const calm = await runStory({ story: 'split', seed: SEED });
    const crash = { write: Math.floor(calm.writes / 2), when: 'after' } as const;
    const { problems } = await crashed({ story: 'split', seed: SEED, crash, isHasty: true }, calm);
    expect(problems.some((problem) => /was lost.*answered (404|503)/.test(problem))).toBe(true);
  });
});
