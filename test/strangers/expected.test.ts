import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { repository } from '../harness/platform.ts';
import type { Expected } from './expected.ts';
import { disagreements, faults, surprises } from './expected.ts';
import type { Outcome } from './outcomes.ts';
import { STAGES } from './stages.ts';

const outcome = (name: string, how: Outcome['outcome'], said = ''): Outcome => ({
  test: name,
  outcome: how,
  seconds: 1,
  said,
});
const known = (name: string, more: Partial<Expected> = {}): Expected => ({
  test: name,
  class: 'needs-internet',
  reason: 'it asks a host of the world',
  assertion: 'no route',
  ...more,
});
const OUTCOMES = [outcome('TestA', 'pass'), outcome('TestB', 'fail', 'x.go:1: no route to host')];

test.each([
  ['a failure nobody expected', [], ['TestB: failed, which was not expected']],
  ['a known failure', [known('TestB')], []],
  [
    'a known failure that passed',
    [known('TestA'), known('TestB')],
    ['TestA: passed, but stands among the expected failures; take it off the list'],
  ],
  [
    'a known failure that fails otherwise',
    [known('TestB', { assertion: 'not found' })],
    ['TestB: failed as expected, but without saying "not found"'],
  ],
  [
    'a failure where a skip was expected',
    [known('TestB', { class: 'skipped-by-suite' })],
    ['TestB: failed, which is not what its class skipped-by-suite says'],
  ],
  ['an entry that did not run', [known('TestB'), known('TestX')], ['TestX: expected to fail, but did not run']],
])('%s', (_, expected, found) => {
  expect(surprises(OUTCOMES, expected)).toEqual(found);
});

test('a skip is no pass', () => {
  const skipped = [outcome('TestC', 'skip', 'c.go:1: not implemented')];
  expect(surprises(skipped, [])).toEqual(['TestC: was skipped, which was not expected']);
  expect(surprises(skipped, [known('TestC', { assertion: 'not impl' })])).toEqual([
    'TestC: was skipped, which is not what its class needs-internet says',
  ]);
  expect(surprises(skipped, [known('TestC', { class: 'skipped-by-suite', assertion: 'not impl' })])).toEqual([]);
});

test('a slice of a suite leaves expected tests out', () => {
  expect(surprises([outcome('TestA', 'pass')], [known('TestX')], false)).toEqual([]);
});

test('a run of nothing is a surprise', () => {
  expect(surprises([], [])).toEqual(['no test ran']);
});

test.each([
  [known('T', { class: 'bad luck' as 'needs-internet' }), /^T: its class must be one of needs-internet, .* but is bad/],
  [known('T', { reason: '' }), /^T: an expected failure needs a reason/],
  [known('T', { assertion: '' }), /^T: an expected failure needs .* the assertion/],
  [
    known('T', { class: 'inspects-absent-component' }),
    /^T: the reason of class inspects-absent-component must contain/,
  ],
  [known('T', { class: 'upstream-bug', reason: 'they know' }), /^T: the reason of class upstream-bug must contain/],
])('a list that is not in order: %o', (entry, message) => {
  expect(faults([entry])).toEqual([expect.stringMatching(message)]);
});

test('runs that differ are told', () => {
  expect(disagreements([OUTCOMES, OUTCOMES])).toEqual([]);
  expect(disagreements([[outcome('TestA', 'pass')], [outcome('TestA', 'fail')], []])).toEqual([
    'TestA: the runs do not agree: pass, fail, no run',
  ]);
});

const folder = join(repository, 'test/strangers/expected');

test.each(existsSync(folder) ? readdirSync(folder) : [])('expected/%s is in order', (file) => {
  const entries = parse(readFileSync(join(folder, file), 'utf8')) as Expected[];
  expect(faults(entries)).toEqual([]);
  expect(Object.keys(STAGES)).toContain(file.replace(/\.yaml$/, ''));
  for (const { reason } of entries)
    for (const [page] of reason.matchAll(/docs\/adr\/[\w-]+\.md/g))
      expect(existsSync(join(repository, page))).toBe(true);
});
