import { expect, test } from 'vitest';
import { linesOf, matches, parseSession } from './text.ts';

test('a session is commands with what they print', () => {
  expect(parseSession('# remark\n$ cat <<X\n> a\n> X\na\n\n$ false\n? 1\n')).toEqual([
    { line: 2, command: 'cat <<X\na\nX', output: ['a'], code: 0 },
    { line: 7, command: 'false', output: undefined, code: 1 },
  ]);
});

test('output before any command is refused', () => {
  expect(() => parseSession('hello\n')).toThrow('line 1: expected a command');
});

test.each([
  [['a', 'b'], ['a', 'b'], true],
  [['a'], ['a', 'b'], false],
  [['a', '...'], ['a', 'b', 'c'], true],
  [['...', 'c'], ['a', 'b', 'c'], true],
  [['...'], [], true],
  [['NAME [..] AGE'], ['NAME   READY   AGE'], true],
  [['x (1)'], ['x (1)  '], true],
  [['x'], ['y'], false],
])('%j against %j: %j', (expected, printed, result) => {
  expect(matches(expected, printed)).toBe(result);
});

test('what a client logs of a watch that it has ended itself is nothing that was printed; other warnings are', () => {
  const log = (error: string) =>
    `I1130 03:27:16.604061   14396 reflector.go:664] "Warning: watch ended with error" reflector="r" err="${error}"`;
  expect(linesOf(`${log('unable to decode an event from the watch stream: context canceled')}\nmet\n\n`)).toEqual([
    'met',
  ]);
  expect(linesOf(`${log('connection refused')}\nmet\n`)).toEqual([log('connection refused'), 'met']);
});
