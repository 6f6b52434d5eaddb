// A second try for what failed unexpectedly: a suite over real sockets, processes and time may fail once on a busy machine. What passes
// then is told as shaky, and does not end the run with a fault; what fails twice does.

import type { Expected } from './expected.ts';
import { surprises } from './expected.ts';
import type { Outcome } from './outcomes.ts';

/** More failures than these are no chance: they get no second try. */
const MOST = 3;

/** The tests that deserve a second try: those that failed and were not expected to, if they are few. */
export function toTryAgain(outcomes: readonly Outcome[], expected: readonly Expected[]): readonly string[] {
  const failed = outcomes.filter((one) => one.outcome === 'fail' && surprises([one], expected, false).length > 0);
  return failed.length <= MOST ? failed.map(({ test }) => test) : [];
}

/** A regular expression that fits these tests and no other; the file before the name of one of ours is not a part of the name. */
export function patternOf(tests: readonly string[]): string {
  const names = tests.map((test) => test.replace(/^\S+\.ts: /, '').replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return `^(${names.join('|')})$`;
}

/** The outcomes with those of the second try in the place of the first, and the tests that only passed then. */
export function afterSecondTry(
  first: readonly Outcome[],
  second: readonly Outcome[],
  tried: readonly string[],
): { readonly outcomes: readonly Outcome[]; readonly shaky: readonly string[] } {
  const passed = new Map(second.filter(({ outcome }) => outcome === 'pass').map((one) => [one.test, one]));
  const shaky = tried.filter((test) => passed.has(test));
  return { outcomes: first.map((one) => (shaky.includes(one.test) ? (passed.get(one.test) ?? one) : one)), shaky };
}
