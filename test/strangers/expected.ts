// What is expected of a suite, and whatever differs from it: an expected failure that passes is as much of a surprise as the opposite.

import type { Outcome } from './outcomes.ts';

/** What excuses a failure; nothing else does. */
export const CLASSES = [
  'needs-internet',
  'needs-second-node',
  /** Something that Ebb lacks by a decision on record. */
  'inspects-absent-component',
  'upstream-bug',
  /** The suite itself passes the test over, whatever the platform. */
  'skipped-by-suite',
] as const;

/** A test that does not pass, with what excuses it and the very assertion that fails. */
export interface Expected {
  readonly test: string;
  readonly class: (typeof CLASSES)[number];
  /** In words, with the decision (`docs/adr/…`) or the link that the class asks for. */
  readonly reason: string;
  /** A part of what the test says as it fails, or is passed over. */
  readonly assertion: string;
}

const EVIDENCE: Partial<Record<Expected['class'], RegExp>> = {
  'inspects-absent-component': /docs\/adr\/\d{4}-[\w-]+\.md/,
  'upstream-bug': /https:\/\/\S+/,
};

/** What is wrong with a list of expected failures itself. */
export function faults(expected: readonly Expected[]): string[] {
  return expected.flatMap((entry) => {
    const { test, class: kind, reason, assertion } = entry;
    if (!CLASSES.includes(kind)) return [`${test}: its class must be one of ${CLASSES.join(', ')}, but is ${kind}`];
    if (!reason || !assertion) return [`${test}: an expected failure needs a reason and the assertion that fails`];
    const evidence = EVIDENCE[kind];
    return evidence && !evidence.test(reason) ? [`${test}: the reason of class ${kind} must contain ${evidence}`] : [];
  });
}

/** How a run differs from what was expected of it. With `whole`, every expected test must have run. */
export function surprises(outcomes: readonly Outcome[], expected: readonly Expected[], whole = true): string[] {
  const known = new Map(expected.map((entry) => [entry.test, entry]));
  const ran = new Set(outcomes.map(({ test }) => test));
  return [
    ...(outcomes.length === 0 ? ['no test ran'] : []),
    ...outcomes.flatMap((outcome) => surprise(outcome, known.get(outcome.test)) ?? []),
    ...expected.flatMap(({ test }) => (whole && !ran.has(test) ? [`${test}: expected to fail, but did not run`] : [])),
  ];
}

function surprise({ test, outcome, said }: Outcome, known: Expected | undefined): string | undefined {
  if (outcome === 'pass')
    return known && `${test}: passed, but stands among the expected failures; take it off the list`;
  const ended = outcome === 'fail' ? 'failed' : 'was skipped';
  if (!known) return `${test}: ${ended}, which was not expected`;
  if ((known.class === 'skipped-by-suite') !== (outcome === 'skip'))
    return `${test}: ${ended}, which is not what its class ${known.class} says`;
  return said.includes(known.assertion)
    ? undefined
    : `${test}: ${ended} as expected, but without saying ${JSON.stringify(known.assertion)}`;
}

/** Tests that did not end alike in every run: what passes only sometimes does not pass. */
export function disagreements(runs: readonly (readonly Outcome[])[]): string[] {
  const ends = new Map<string, (Outcome['outcome'] | 'no run')[]>();
  runs.forEach((outcomes, run) => {
    for (const { test, outcome } of outcomes) {
      const all = ends.get(test) ?? runs.map(() => 'no run' as const);
      all[run] = outcome;
      ends.set(test, all);
    }
  });
  return [...ends].flatMap(([test, all]) =>
    new Set(all).size > 1 ? [`${test}: the runs do not agree: ${all.join(', ')}`] : [],
  );
}
