import { expect, test } from 'vitest';
import type { Verdict } from './h2spec-report.ts';
import { compared, verdictsOf } from './h2spec-report.ts';

const REPORT = `<testsuites><testsuite package="http2/5.1">
<testcase package="http2/5.1" classname="Sends a DATA frame" time="0.0020"></testcase>
<testcase package="http2/5.1" classname="Sends a HEADERS frame" time="0.5"><failure>GOAWAY Frame<![CDATA[ ]]></failure></testcase>
<testcase package="http2/5.1" classname="Sends a HEADERS frame" time="0"><error>Timeout</error></testcase>
<testcase package="http2/6.9" classname="Sends SETTINGS" time="0"><skipped>not told</skipped></testcase>
</testsuite></testsuites>`;

test('a report has a verdict for each test, and a number for each of the same name', () => {
  expect(verdictsOf(REPORT).map(({ test: name, outcome, seconds }) => `${name} ${outcome} ${seconds}`)).toEqual([
    'http2/5.1: Sends a DATA frame pass 0.002',
    'http2/5.1: Sends a HEADERS frame fail 0.5',
    'http2/5.1: Sends a HEADERS frame (2) fail 0',
    'http2/6.9: Sends SETTINGS skip 0',
  ]);
  expect(verdictsOf(REPORT).map(({ said }) => said)).toContain('Timeout');
});

const verdict = (outcome: Verdict['outcome']): Verdict => ({ test: 't', seconds: 1, outcome, said: 'so' });

test.each<[Verdict['outcome'], Verdict['outcome'][], string, boolean]>([
  ['pass', ['pass'], 'pass', false],
  ['pass', ['fail'], 'pass', false],
  ['fail', ['pass'], 'fail', false],
  ['fail', ['skip'], 'fail', false],
  ['fail', [], 'fail', false],
  ['fail', ['fail'], 'pass', true],
])('the gateway %s, the bare server %j: %s, both fail: %j', (ours, theirs, outcome, failedByBoth) => {
  const [one] = compared('h2c', [verdict(ours)], theirs.map(verdict));
  expect(one).toMatchObject({ test: 'h2c t', outcome, failedByBoth });
  expect(one?.said.includes('fails it as well: so')).toBe(failedByBoth);
});

test('what the suite passes over has no outcome', () => {
  expect(compared('tls', [verdict('skip')], [verdict('pass')])).toEqual([]);
});
