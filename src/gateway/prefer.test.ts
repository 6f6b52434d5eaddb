import { expect, test } from 'vitest';
import { preferencesIn, prefersAsync, withoutPreferences } from './prefer.ts';

test.each<[values: string[], found: Record<string, string>]>([
  [[], {}],
  [['respond-async'], { 'respond-async': '' }],
  [['Respond-Async, wait=10'], { 'respond-async': '', wait: '10' }],
  [['respond-async', 'wait=10'], { 'respond-async': '', wait: '10' }],
  [['wait=10, wait=20'], { wait: '10' }],
  [[' return = minimal ; foo="some, thing" , respond-async'], { return: 'minimal', 'respond-async': '' }],
  [['a="x, respond-async", b'], { a: 'x, respond-async', b: '' }],
  [['a="say \\"so\\""'], { a: 'say "so"' }],
  [['a="no end, respond-async'], { a: '"no', 'respond-async': '' }],
  [[',,'], {}],
  [['=x'], {}],
])('%j', (values, found) => {
  const headers = values.flatMap((value) => ['Prefer', value]);
  expect(Object.fromEntries(preferencesIn(headers))).toEqual(found);
});

test.each<[before: string[], after: string[]]>([
  [['Prefer', 'respond-async'], []],
  [
    ['A', '1', 'PREFER', 'return=minimal, Respond-Async, wait=5', 'B', '2'],
    ['A', '1', 'PREFER', 'return=minimal', 'B', '2'],
  ],
  [
    ['prefer', 'a="x, wait", wait=1'],
    ['prefer', 'a="x, wait"'],
  ],
])('%j without what the gateway heeds', (before, after) => {
  expect(withoutPreferences(before, ['respond-async', 'wait'])).toEqual(after);
});

test('what passes as it came is not looked at', () => {
  const headers = ['Prefer', 'respond-async'];
  expect(prefersAsync({ passing: undefined, headers })).toBe(true);
  expect(prefersAsync({ passing: 'Accept: */*\r\n', headers })).toBe(false);
});
