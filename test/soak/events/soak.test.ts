// A short soak of events; `npm run soak -- events` is the long one.

import { expect, test } from 'vitest';
import { soakEvents } from './soak.ts';
import { brokenPromises } from './summary.ts';

test('no acknowledged event is lost, and none comes twice without need, over ten kills', {
  timeout: 180_000,
}, async () => {
  const said: string[] = [];
  const result = await soakEvents({ rounds: 10, seed: 7, say: (text) => said.push(text) });
  expect(brokenPromises(result), said.join('\n')).toEqual([]);
  expect(result.rounds).toHaveLength(10);
  expect(result.answers.get(202)).toBeGreaterThan(100);
  expect(result.ledger.taken).toBeGreaterThan(200);
});
