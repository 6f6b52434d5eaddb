// Which tests run, and what one of them came to. Pure.

import type { Outcome } from '../outcomes.ts';
import { outcomesOf } from '../outcomes.ts';
import { TESTS } from './tests.ts';

/** Those of a suite that `only` fits: a class such as F1, or a regular expression over their names. */
export function selected(tests: readonly string[], only: string | undefined): readonly string[] {
  if (only === undefined) return tests;
  const ofClass = Object.entries(TESTS).find(([name]) => name === only)?.[1];
  if (ofClass) return tests.filter((test) => ofClass.includes(test));
  const fits = new RegExp(only);
  return tests.filter((test) => fits.test(test));
}

/** How the tests that a suite has differ from those that the table knows. */
export function unlike(known: readonly string[], there: readonly string[]): string[] {
  return [
    ...there.filter((test) => !known.includes(test)).map((test) => `${test}: the suite has it, the table lacks it`),
    ...known.filter((test) => !there.includes(test)).map((test) => `${test}: the table has it, the suite lacks it`),
    ...known.filter((test, index) => known.indexOf(test) < index).map((test) => `${test}: twice in the table`),
  ];
}

/** What the suite says where it passes a feature over, and calls the test that is made of it a success. */
const PASSED_OVER = 'Prerequisite steps failed, skipping the remaining timings';

/** What a process that ran one test came to. A success that left features out is none; no verdict is a failure. */
export function outcomeOf(test: string, output: string): Outcome {
  const outcome = outcomesOf(output).find((one) => one.test === test);
  if (!outcome) return { test, outcome: 'fail', seconds: 0, said: output };
  const hollow = outcome.outcome === 'pass' && outcome.said.includes(PASSED_OVER);
  return { ...outcome, outcome: hollow ? 'skip' : outcome.outcome };
}
