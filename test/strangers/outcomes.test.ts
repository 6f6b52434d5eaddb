import { expect, test } from 'vitest';
import { outcomesOf } from './outcomes.ts';

const OUTPUT = `=== RUN   TestA
    a_test.go:1: before
=== PAUSE TestA
=== RUN   TestB
    b_test.go:1: of B
=== RUN   TestB/inner
    b_test.go:2: of B's inner
--- FAIL: TestB (0.10s)
    --- FAIL: TestB/inner (0.00s)
=== RUN   TestC
    c_test.go:1: not here
--- SKIP: TestC (0.00s)
=== CONT  TestA
=== NAME  TestA
    a_test.go:2: after
--- PASS: TestA (1.50s)
=== RUN   TestD
panic: test timed out after 30m0s
`;

test('every top-level test has its verdict and what it said; without a verdict it failed', () => {
  const outcomes = outcomesOf(OUTPUT);
  expect(outcomes.map(({ test: name, outcome, seconds }) => `${name} ${outcome} ${seconds}`)).toEqual([
    'TestB fail 0.1',
    'TestC skip 0',
    'TestA pass 1.5',
    'TestD fail 0',
  ]);
  const [b, c, a, d] = outcomes.map(({ said }) => said);
  expect(a).toMatch(/before\n.*after/s);
  expect(a).not.toMatch(/of B/);
  expect(b).toMatch(/of B\n.*of B's inner\n.*FAIL: TestB\/inner/s);
  expect(c).toContain('not here');
  expect(d).toContain('timed out');
});

test('no output has no tests', () => {
  expect(outcomesOf('')).toEqual([]);
});
