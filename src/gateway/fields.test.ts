// Fields in two forms.

import { describe, expect, it } from 'vitest';
import { Fields } from './fields.ts';

describe('Fields', () => {
  it('are lines where they were a list', () => {
    expect(Fields.of(['X-A', '1', 'b', '']).lines).toBe('X-A: 1\r\nb: \r\n');
  });

  it('are a list where they were lines', () => {
    expect(Fields.looked('X-A: 1: 2\r\nb: \r\n').list).toEqual(['X-A', '1: 2', 'b', '']);
    expect(Fields.looked('').list).toEqual([]);
  });

  it.each<[string, string[], string]>([
    ['an empty name', ['', '1'], '"" is no field name'],
    ['a name with a colon', ['X:A', '1'], '"X:A" is no field name'],
    ['a value with a line end', ['X-A', '1', 'X-B', '1\r\nX-C: 2'], 'field X-B has a character it cannot have'],
    ['a value beyond a byte', ['X-A', 'ż'], 'field X-A has a character it cannot have'],
  ])('are no lines with %s', (_, list, expected) => expect(() => Fields.of(list).lines).toThrow(expected));
});
