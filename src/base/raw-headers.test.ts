import { expect, test } from 'vitest';
import { headerValue } from './raw-headers.ts';

test.each([
  ['whatever the case of its name', ['Retry-AFTER', '3'], '3'],
  ['the first of several', ['retry-after', '1', 'retry-after', '2'], '1'],
  ['a value that reads as the name is none', ['x', 'retry-after', 'y', 'z'], undefined],
  ['nothing where it is absent', ['retry', '1'], undefined],
])('%s', (_, headers, value) => {
  expect(headerValue(headers, 'retry-after')).toBe(value);
});
