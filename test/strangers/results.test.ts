import { expect, test } from 'vitest';
import type { Outcome } from './outcomes.ts';
import { kept } from './results.ts';

const ended = (name: string, outcome: Outcome['outcome'], failedByBoth?: boolean): Outcome => ({
  test: name,
  outcome,
  seconds: 1.5,
  said: '',
  ...(failedByBoth === undefined ? {} : { failedByBoth }),
});

test('a run is kept with its totals and each outcome, in order of the names', () => {
  const run = kept({ seconds: 7, outcomes: [ended('b', 'fail'), ended('a', 'pass'), ended('c', 'skip')] });
  expect(JSON.stringify(run)).toBe(
    '{"totals":"1 passed, 1 failed, 1 skipped","seconds":7,"outcomes":{"a":"pass, 1.5 s","b":"fail, 1.5 s","c":"skip, 1.5 s"}}',
  );
});

test.each<[string, Outcome[], string[]]>([
  [
    'those that both failed',
    [ended('b', 'pass', true), ended('c', 'pass', false), ended('a', 'pass', true)],
    ['a', 'b'],
  ],
  ['none', [ended('a', 'pass', false)], []],
])('where two are held beside each other, it says which both failed: %s', (_why, outcomes, failedByBoth) => {
  expect(kept({ seconds: 7, outcomes })).toMatchObject({ failedByBoth });
});
