// A short soak on a small platform; `npm run soak` is the long one.

import { expect, test } from 'vitest';
import { soak } from './kill.ts';
import { brokenPromises } from './summary.ts';

test('nothing acknowledged is lost and warm functions go on over ten kills', { timeout: 180_000 }, async () => {
  const result = await soak({ rounds: 10, seed: 7, configMaps: 50, services: 2, say: () => {} });
  expect(brokenPromises(result)).toEqual([]);
  expect(result.rounds).toHaveLength(10);
  expect(result.acknowledged).toBeGreaterThan(100);
});
