// The real process: what expressions come to, and what they may not do.

import { afterAll, expect, test } from 'vitest';
import { VirtualClock } from '#base/mod.ts';
import { Evaluators } from './evaluators.ts';
import { helperProcesses } from './helper.ts';

const clock = new VirtualClock();
const evaluators = new Evaluators({ clock, start: helperProcesses() });
afterAll(() => evaluators.close());

const value = (json: string) => ({ outcome: 'value', json });
const fault = (why: RegExp) => ({ outcome: 'fault', why: expect.stringMatching(why) as string });
const FACTORIAL = '($f := function($n) { $n < 2 ? 1 : $n * $f($n - 1) }; $f(20))';

test.each([
  ['a', '{"a":1.0}', value('1')],
  ['{"id": id, "data": $}', '{"id":"1"}', value('{"id":"1","data":{"id":"1"}}')],
  ['missing', '{"a":1}', { outcome: 'nothing' }],
  ['function($x) { $x }', '1', { outcome: 'nothing' }],
  [FACTORIAL, '1', value('2432902008176640000')],
  ['{"f": $uppercase, "g": 1}', '1', value('{"g":1}')],
  ['a +', '1', fault(/Unexpected end of expression \(at character 3 of the expression\)/)],
  ['$unknown()', '1', fault(/non-function/)],
  ['"a" + 1', '1', fault(/\+/)],
  ['($f := function($n) { 1 + $f($n) }; $f(1))', '1', fault(/Stack overflow/)],
  ['($f := function($n) { $f($n) }; $f(1))', '1', fault(/timeout after 1000/i)],
  ['[1..2000000]', '1', fault(/sequence/)],
  ['$reduce([1..40], function($a, $b) { $a & $a }, "0123456789")', '1', fault(/string length/)],
  ['[1..900000] ~> $map(function($x) { $string([$x..$x + 900000]) })', '1', fault(/timeout|memory/)],
  ['{"__proto__": {"x": 1}}.x', '1', { outcome: 'nothing' }],
  ['$toMillis.constructor("return process")()', '1', fault(/non-function/)],
])('%s of %s', { timeout: 20_000 }, async (expression, input, expected) => {
  expect(await evaluators.evaluate('me', expression, input)).toEqual(expected);
});

test('a regular expression without end is ended from outside', async () => {
  const text = JSON.stringify(`${'a'.repeat(40)}b`);
  const endless = evaluators.evaluate('me', '$match($, /(a+)+$/)', text);
  await clock.advance(3000);
  expect(await endless).toEqual(fault(/took longer than 1000 ms/));
  expect(await evaluators.evaluate('me', '1', 'null')).toEqual(value('1'));
});

test('what is wrong with an expression is told without an input', async () => {
  expect(await evaluators.check('{"a": }')).toMatch(/character 7/);
  expect(await evaluators.check('{"a": 1}')).toBeUndefined();
});
