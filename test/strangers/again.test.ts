import { describe, expect, test } from 'vitest';
import { afterSecondTry, patternOf, toTryAgain } from './again.ts';
import type { Expected } from './expected.ts';
import type { Outcome } from './outcomes.ts';

const ended = (name: string, outcome: Outcome['outcome'], said = ''): Outcome => ({
  test: name,
  outcome,
  seconds: 1,
  said,
});
const EXPECTED: Expected[] = [
  { test: 'TestEgress', class: 'needs-internet', reason: 'asks a host', assertion: 'no such host' },
];

describe('what is tried again', () => {
  test.each([
    ['what failed', [ended('TestA', 'pass'), ended('TestB', 'fail')], ['TestB']],
    ['not what was expected to fail', [ended('TestEgress', 'fail', 'no such host')], []],
    ['but what was expected to fail with other words', [ended('TestEgress', 'fail', 'panic')], ['TestEgress']],
    ['not what was passed over', [ended('TestA', 'skip')], []],
    ['nothing where much failed', ['TestA', 'TestB', 'TestC', 'TestD'].map((name) => ended(name, 'fail')), []],
  ])('%s', (_, outcomes, expected) => {
    expect(toTryAgain(outcomes, EXPECTED)).toEqual(expected);
  });
});

test('the pattern fits these tests whole, without the files before their names', () => {
  const pattern = new RegExp(patternOf(['TestA', 'tls.session', 'test/x/surface.kube.ts: what is shown (0) of a Pod']));
  const fits = [
    'TestA',
    'tls.session',
    'what is shown (0) of a Pod',
    'TestAB',
    'tlsXsession',
    'what is shown of a Pod',
  ];
  expect(fits.map((name) => pattern.test(name))).toEqual([true, true, true, false, false, false]);
});

test('what passes the second time counts as passed, and is told', () => {
  const first = [ended('TestA', 'fail'), ended('TestB', 'fail'), ended('TestC', 'pass')];
  const second = [ended('TestA', 'pass'), ended('TestB', 'fail')];
  const { outcomes, shaky } = afterSecondTry(first, second, ['TestA', 'TestB']);
  expect(outcomes.map(({ outcome }) => outcome)).toEqual(['pass', 'fail', 'pass']);
  expect(shaky).toEqual(['TestA']);
});
