import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { functionsWith, parseCesql } from './expression.ts';
import { CesqlSyntaxError } from './lexer.ts';
import { likePattern } from './like.ts';
import type { Value } from './value.ts';
import { Failure } from './value.ts';

interface Case {
  readonly expression: string | number;
  readonly event?: Readonly<Record<string, Value>>;
  readonly value?: Value;
  readonly error?: string;
  readonly refused?: string;
}

const cases = parse(readFileSync(new URL('./cesql.cases.yaml', import.meta.url), 'utf8')) as Case[];

function attributes(more: Readonly<Record<string, Value>> = {}): Map<string, Value> {
  const always = { specversion: '1.0', id: 'myId', source: 'http://localhost/source', type: 'com.example.done' };
  return new Map<string, Value>(Object.entries({ ...always, ...more }));
}

test.each(cases)('$expression', ({ expression, event, value, error, refused }) => {
  const text = String(expression);
  if (refused !== undefined) {
    expect(() => parseCesql(text)).toThrow(new RegExp(`^${RegExp.escape(refused)}$`));
    return;
  }
  const outcome = parseCesql(text).evaluate(attributes(event));
  expect({ value: outcome.value, error: outcome.error?.kind }).toEqual({ value, error });
  expect(parseCesql(text).matches(attributes(event))).toBe(value === true && error === undefined);
});

describe('a syntax error', () => {
  test('tells its position', () => {
    const thrown: unknown[] = [];
    try {
      parseCesql('id = ');
    } catch (error) {
      thrown.push(error);
    }
    expect(thrown).toEqual([expect.any(CesqlSyntaxError)]);
    expect(thrown).toMatchObject([{ position: 5 }]);
  });

  test.each([
    ['too deep a nest', `${'('.repeat(5000)}1${')'.repeat(5000)}`, 'at most 200 expressions within each other'],
    ['too long a chain of NOT', `${'NOT '.repeat(5000)}true`, 'at most 200 expressions within each other'],
    ['too long a chain of AND', `true${' AND true'.repeat(50_000)}`, 'at most 1000 operators'],
  ])('is what %s is', (_, text, expected) => {
    expect(() => parseCesql(text)).toThrow(expected);
  });

  test('is all that is thrown, whatever the text', () => {
    const piece = fc.constantFrom(
      'id',
      'NOT',
      'IN',
      'LIKE',
      'AND',
      '(',
      ')',
      ',',
      "'a'",
      '1',
      '-',
      '=',
      'EXISTS',
      'abs',
      '_',
      '😀',
      '"',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 10 }), (pieces) => {
        try {
          parseCesql(pieces.join(' ')).evaluate(attributes());
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(CesqlSyntaxError);
        }
      }),
      { numRuns: 3000 },
    );
  });
});

describe('an expression', () => {
  test('names its attributes', () => {
    const { names } = parseCesql("type = 'a' AND (hop < ttl OR EXISTS id) AND LENGTH(subject) = 2 AND type LIKE 'x%'");
    expect(names).toEqual(['type', 'hop', 'ttl', 'id', 'subject']);
  });

  test.each([
    ["type = 'a' AND (hop < ttl OR id = 'b') AND subject = 'c'", ['type exact a', 'subject exact c']],
    ["type = 'a' OR subject = 'b'", ['type exact a or subject exact b']],
    ["type = 'a' AND true OR subject LIKE 'b_'", ['type exact a or subject prefix b']],
    ["type = 'a' OR true", []],
    ["type = 'a' XOR subject = 'b'", []],
    ["NOT (type = 'a')", []],
    ["hop = 1 AND type != 'a' AND subject = ''", []],
    [
      "type LIKE 'a%b_c\\%' AND source LIKE 'x' AND id LIKE '%z' AND time LIKE '_'",
      ['type prefix a', 'type suffix c%', 'source exact x', 'id suffix z'],
    ],
    ["type NOT LIKE 'a%'", []],
    ["type IN ('a', '3', 'true')", ['type exact a or type exact 3 or type exact true']],
    ["type IN ('a', subject)", []],
    ["type IN ('a', 3)", []],
    ["type IN ('a', '03')", []],
    ["type IN ('a', 'TRUE')", []],
    ["type IN ('a', '')", []],
  ])('%s is true only with what it requires', (text, required) => {
    const groups = parseCesql(text).required.map((group) =>
      group.map(({ name, kind, text: wanted }) => `${name} ${kind} ${wanted}`).join(' or '),
    );
    expect(groups).toEqual(required);
  });
});

test('a pattern of LIKE means what the regular expression of its parts means', () => {
  const part = fc.constantFrom('%', '_', '\\%', '\\_', 'a', 'b', '.', '\\', '😀');
  const text = fc
    .array(fc.constantFrom('a', 'b', '%', '_', '\\', '.', '😀'), { maxLength: 8 })
    .map((chars) => chars.join(''));
  fc.assert(
    fc.property(
      fc.array(part, { maxLength: 6 }).map((parts) => parts.join('')),
      text,
      (pattern, subject) => {
        const source = pattern.replaceAll(/\\[%_]|%|_|[^]/gu, (piece) =>
          piece === '%'
            ? '[^]*'
            : piece === '_'
              ? '[^]'
              : RegExp.escape(piece.length === 2 && piece[0] === '\\' ? piece.slice(1) : piece),
        );
        expect(likePattern(pattern)(subject)).toBe(new RegExp(`^${source}$`, 'u').test(subject));
      },
    ),
    { numRuns: 3000 },
  );
});

describe('functions beside the built-in ones', () => {
  const functions = functionsWith([
    {
      name: 'KN_SEEN',
      parameters: ['String'],
      rest: 'Integer',
      returns: 'Boolean',
      run: ([name, ...sums], event) =>
        event.get(String(name)) === sums.reduce((sum: number, one) => sum + Number(one), 0),
    },
    { name: 'FAIL', parameters: [], returns: 'Integer', run: () => new Failure(7, { kind: 'generic', message: 'so' }) },
    {
      name: 'THROW',
      parameters: [],
      returns: 'Integer',
      run() {
        throw new Error('broken');
      },
    },
  ]);

  test.each([
    ["KN_SEEN('hop', '1', true)", { value: true }],
    ["kn_seen('hop')", { value: false }],
    ['FAIL()', { value: 7, error: { kind: 'generic', message: 'so' } }],
    ['THROW()', { value: 0, error: { kind: 'functionEvaluation', message: 'THROW: broken' } }],
    ['KN_SEEN()', { value: false, error: { kind: 'missingFunction', message: expect.stringContaining('KN_SEEN') } }],
  ])('%s', (text, outcome) => {
    expect(parseCesql(text, functions).evaluate(attributes({ hop: 2 }))).toEqual(outcome);
  });

  test.each([
    ['the same number of arguments', { name: 'ABS', parameters: ['Integer'] as const }],
    ['any number of arguments', { name: 'ABS', parameters: [] as const, rest: 'Integer' as const }],
    ['one that any number covers', { name: 'CONCAT', parameters: ['String'] as const }],
  ])('are refused where a name has another with %s', (_, definition) => {
    const whole = { ...definition, returns: 'Integer', run: () => 0 } as const;
    expect(() => functionsWith([whole])).toThrow('cannot be told apart by their number of arguments');
  });
});
