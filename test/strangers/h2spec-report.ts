// h2spec's report, and what two of them say together: the gateway's and that of a bare node:http2 server. Pure.

import type { Outcome } from './outcomes.ts';

/** One test of a report. */
export interface Verdict {
  readonly test: string;
  readonly seconds: number;
  readonly outcome: Outcome['outcome'];
  readonly said: string;
}

/** A failure that the bare server shows as well is Node's, and says so; what is passed over is passed over by the suite. */
export function compared(door: string, ours: readonly Verdict[], theirs: readonly Verdict[]): Outcome[] {
  const bare = new Map(theirs.map((verdict) => [verdict.test, verdict.outcome]));
  return ours
    .filter(({ outcome }) => outcome !== 'skip')
    .map(({ test, seconds, outcome, said }) => {
      const failedByBoth = outcome === 'fail' && bare.get(test) === 'fail';
      return {
        test: `${door} ${test}`,
        outcome: failedByBoth ? 'pass' : outcome,
        seconds,
        said: failedByBoth ? `node:http2 by itself fails it as well: ${said}` : said,
        failedByBoth,
      };
    });
}

const CASE = /<testcase package="([^"]*)" classname="([^"]*)" time="([^"]*)">([\s\S]*?)<\/testcase>/g;

/** The tests of a report in JUnit's XML. Those of one name are told apart by a number. */
export function verdictsOf(xml: string): Verdict[] {
  const seen = new Map<string, number>();
  return [...xml.matchAll(CASE)].map(([, section = '', title = '', seconds = '0', inner = '']) => {
    const name = `${section}: ${title}`;
    const times = (seen.get(name) ?? 0) + 1;
    seen.set(name, times);
    return {
      test: times > 1 ? `${name} (${times})` : name,
      seconds: Number(seconds),
      outcome: /<(?:error|failure)/.test(inner) ? 'fail' : inner.includes('<skipped') ? 'skip' : 'pass',
      said: inner.replaceAll(/<[^>]*>/g, ' ').trim(),
    };
  });
}
