// A fiftieth of the fuzzing; `npm run soak -- fuzz` is the whole.

import { expect, test } from 'vitest';
import { soakFuzz } from './fuzz.ts';

test('the gateway is never looser than the strict parser, and nothing is left behind', {
  timeout: 400_000,
}, async () => {
  const { judged, wrong } = await soakFuzz({ count: 20_000, seed: 50, say: () => {} });
  expect(wrong).toEqual([]);
  expect(judged).toBe(20_000);
});
