import { describe, expect, test } from 'vitest';
import { outcomeOf, selected, unlike } from './select.ts';
import { SMOKE, TESTS } from './tests.ts';

const ALL = Object.values(TESTS).flat();

describe('the table of tests', () => {
  test('has each test once', () => {
    expect(unlike(ALL, ALL)).toEqual([]);
    expect(ALL.length).toBe(118);
  });

  test('knows all that the smoke run takes, twenty of them', () => {
    expect(SMOKE.filter((name) => !ALL.includes(name))).toEqual([]);
    expect(new Set(SMOKE).size).toBe(20);
  });

  test('asks TLS of those that are named for it, identities and policies of those', () => {
    expect(ALL.filter((name) => /OIDC|AuthZ/.test(name)).toSorted()).toEqual(TESTS.F4.toSorted());
    expect(ALL.filter((name) => /TLS/.test(name)).toSorted()).toEqual(TESTS.F5.toSorted());
  });
});

describe('a slice', () => {
  test.each([
    ['all where nothing is said', undefined, ['TestSequence', 'TestJobSinkSuccess', 'TestSmoke_Sequence']],
    ['a class', 'F2', ['TestJobSinkSuccess']],
    ['a part of names', 'Sequence', ['TestSequence', 'TestSmoke_Sequence']],
    ['an expression', '^TestSeq', ['TestSequence']],
    ['nothing that is there', 'Kafka', []],
  ])('%s', (_, only, expected) => {
    expect(selected(['TestSequence', 'TestJobSinkSuccess', 'TestSmoke_Sequence'], only)).toEqual(expected);
  });
});

test('a suite and a table that differ are told apart', () => {
  expect(unlike(['TestA', 'TestB', 'TestB'], ['TestA', 'TestC'])).toEqual([
    'TestC: the suite has it, the table lacks it',
    'TestB: the table has it, the suite lacks it',
    'TestB: the table has it, the suite lacks it',
    'TestB: twice in the table',
  ]);
});

describe('what a process came to', () => {
  const whole = '=== RUN   TestA\n    a.go:1: fine\n--- PASS: TestA (1.00s)\nPASS\n';
  const hollow = whole.replace('fine', 'Prerequisite steps failed, skipping the remaining timings and steps, …');

  test.each([
    ['a success', whole, 'pass'],
    ['a success that passed its features over', hollow, 'skip'],
    ['a failure', '=== RUN   TestA\n--- FAIL: TestA (1.00s)\nFAIL\n', 'fail'],
    ['an end before its verdict', '=== RUN   TestA\npanic: no cluster\n', 'fail'],
    ['an end before it began', 'fatal: no cluster\n', 'fail'],
  ])('%s', (_, output, outcome) => {
    expect(outcomeOf('TestA', output)).toMatchObject({ test: 'TestA', outcome });
  });
});
