// The functions that every engine has (CESQL 1.0 §3.5.1, §3.5.2, §3.7), and IS_INT and IS_BOOL, which Knative has beside them.
// Characters are those of Unicode: an emoji is one.

import type { FunctionDefinition } from './functions.ts';
import type { Result, Type, Value } from './value.ts';
import { cast, Failure } from './value.ts';

const EDGE_SPACE = /^\p{White_Space}+|\p{White_Space}+$/gu;
const SMALLEST = -(2 ** 31);

export const BUILT_IN: readonly FunctionDefinition[] = [
  define('LENGTH', ['String'], 'Integer', ([x]) => charsOf(x).length),
  { ...define('CONCAT', [], 'String', (values) => values.join('')), rest: 'String' },
  {
    ...define('CONCAT_WS', ['String'], 'String', ([delimiter, ...values]) => values.join(String(delimiter))),
    rest: 'String',
  },
  define('LOWER', ['String'], 'String', ([x]) => String(x).toLowerCase()),
  define('UPPER', ['String'], 'String', ([x]) => String(x).toUpperCase()),
  define('TRIM', ['String'], 'String', ([x]) => String(x).replaceAll(EDGE_SPACE, '')),
  define('LEFT', ['String', 'Integer'], 'String', ([x, y]) => left(String(x), Number(y))),
  define('RIGHT', ['String', 'Integer'], 'String', ([x, y]) => right(String(x), Number(y))),
  define('SUBSTRING', ['String', 'Integer'], 'String', ([x, pos]) => substring(String(x), Number(pos))),
  define('SUBSTRING', ['String', 'Integer', 'Integer'], 'String', ([x, pos, length]) =>
    substring(String(x), Number(pos), Number(length)),
  ),
  define('ABS', ['Integer'], 'Integer', ([x]) => abs(Number(x))),
  define('INT', ['Any'], 'Integer', ([x]) => cast(x as Value, 'Integer')),
  define('BOOL', ['Any'], 'Boolean', ([x]) => cast(x as Value, 'Boolean')),
  define('STRING', ['Any'], 'String', ([x]) => cast(x as Value, 'String')),
  define('IS_INT', ['Any'], 'Boolean', ([x]) => !(cast(x as Value, 'Integer') instanceof Failure)),
  define('IS_BOOL', ['Any'], 'Boolean', ([x]) => !(cast(x as Value, 'Boolean') instanceof Failure)),
];

function define(
  name: string,
  parameters: FunctionDefinition['parameters'],
  returns: Type,
  run: (values: readonly Value[]) => Result,
): FunctionDefinition {
  return { name, parameters, returns, run };
}

function charsOf(text: Value | undefined): string[] {
  return Array.from(String(text));
}

function left(text: string, count: number): Result {
  if (count < 0) return failed(text, `LEFT expects a count of 0 or more, but met ${count}`);
  return charsOf(text).slice(0, count).join('');
}

function right(text: string, count: number): Result {
  if (count < 0) return failed(text, `RIGHT expects a count of 0 or more, but met ${count}`);
  const chars = charsOf(text);
  return chars.slice(Math.max(0, chars.length - count)).join('');
}

/** Positions begin with 1; those below 0 count from the end. */
function substring(text: string, position: number, length = Number.POSITIVE_INFINITY): Result {
  if (position === 0) return '';
  const chars = charsOf(text);
  if (Math.abs(position) > chars.length)
    return failed('', `SUBSTRING expects a position within ${chars.length} characters, but met ${position}`);
  if (length < 0) return failed('', `SUBSTRING expects a length of 0 or more, but met ${length}`);
  const from = position > 0 ? position - 1 : chars.length + position;
  return chars.slice(from, from + length).join('');
}

function abs(value: number): Result {
  if (value !== SMALLEST) return Math.abs(value);
  return new Failure(2 ** 31 - 1, {
    kind: 'math',
    message: `ABS expects more than ${SMALLEST}, which has no opposite`,
  });
}

function failed(value: string, message: string): Failure {
  return new Failure(value, { kind: 'functionEvaluation', message });
}
