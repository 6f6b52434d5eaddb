// Somebody sets the wall clock in the middle of each story: all must come to the same, in the same passing time.

import { describe, expect, test } from 'vitest';
import { differences } from './end-state.ts';
import type { RolloutRunResult } from './run.ts';
import { runStory } from './run.ts';
import { STORIES } from './stories.ts';

const HOUR_MS = 3_600_000;
const LONG_MS = 600_000;
/** What timers, which are looked at anew after a jump, may differ by. */
const SLACK_MS = 10_000;

describe.each(Object.keys(STORIES))('the story %s', (story) => {
  let calm: RolloutRunResult | undefined;

  test.each([
    { when: 'forward', ms: HOUR_MS },
    { when: 'back', ms: -HOUR_MS },
  ])('ends the same where the clock is set $when by an hour', { timeout: LONG_MS }, async ({ ms }) => {
    calm ??= await runStory({ story, seed: 1 });
    const write = Math.floor(calm.writes * 0.4);
    const result = await runStory({ story, seed: 1, jump: { write, ms } });
    expect(result.breaches, result.trace.join('\n')).toEqual([]);
    expect(differences(calm.endState, result.endState)).toEqual([]);
    expect(Math.abs(result.virtualMs - calm.virtualMs)).toBeLessThan(SLACK_MS);
  });
});
