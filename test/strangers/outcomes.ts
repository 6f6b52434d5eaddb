// What a Go test binary said: its top-level tests, how each ended, and what each wrote.

export interface Outcome {
  readonly test: string;
  readonly outcome: 'pass' | 'fail' | 'skip';
  readonly seconds: number;
  /** What it wrote, its subtests included. */
  readonly said: string;
  /** Where a suite holds two beside each other: whether both failed, which passes. */
  readonly failedByBoth?: boolean;
}

const VERDICT = /^ *--- (PASS|FAIL|SKIP): (\S+) \(([\d.]+)s\)$/;
/** Whose lines follow. */
const SPEAKER = /^=== (?:RUN|NAME|CONT|PAUSE) +(\S+)$/;

/** The top-level tests in the verbose output of a Go test binary, in the order of their verdicts. One without a verdict failed. */
export function outcomesOf(output: string): Outcome[] {
  const verdicts = new Map<string, Omit<Outcome, 'said'>>();
  const said = new Map<string, string[]>();
  let speaker = '';
  for (const line of output.split('\n')) {
    const [, verdict, ended = '', seconds = '0'] = VERDICT.exec(line) ?? [];
    const [, begins] = SPEAKER.exec(line) ?? [];
    if (verdict && !ended.includes('/')) {
      const outcome = verdict.toLowerCase() as Outcome['outcome'];
      verdicts.set(ended, { test: ended, outcome, seconds: Number(seconds) });
    }
    speaker = topLevel(begins ?? (verdict ? ended : speaker));
    if (speaker) said.set(speaker, [...(said.get(speaker) ?? []), ...(begins ? [] : [line])]);
  }
  const unfinished = [...said.keys()].filter((test) => !verdicts.has(test));
  return [...verdicts.values(), ...unfinished.map((test) => ({ test, outcome: 'fail' as const, seconds: 0 }))].map(
    (outcome) => ({ ...outcome, said: (said.get(outcome.test) ?? []).join('\n') }),
  );
}

function topLevel(test: string): string {
  return test.split('/', 1)[0] ?? '';
}
