// The process that evaluates JSONata expressions of users: one question at a time, and nothing of the machine is within its reach.
// Its platform may end it at any moment.

import jsonata from 'jsonata';
import type { Outcome, Question, Reply } from './question.ts';
import { BOUNDS } from './question.ts';

type Expression = ReturnType<typeof jsonata>;

/** Expressions that are kept as they were read; the one that was asked for longest ago goes first. */
const MAX_KEPT = 200;
const kept = new Map<string, Expression>();

function expressionOf(text: string): Expression {
  const expression =
    kept.get(text) ?? jsonata(text, { timeout: BOUNDS.timeMs, stack: BOUNDS.depth, sequence: BOUNDS.list });
  kept.delete(text);
  kept.set(text, expression);
  const [oldest] = kept.keys();
  if (kept.size > MAX_KEPT && oldest !== undefined) kept.delete(oldest);
  return expression;
}

async function resultOf({ expression, input }: Question): Promise<Outcome> {
  try {
    const read = expressionOf(expression);
    if (input === undefined) return { outcome: 'nothing' };
    const json = JSON.stringify(await read.evaluate(JSON.parse(input)), withoutFunctions) as string | undefined;
    if (json === undefined) return { outcome: 'nothing' };
    if (json.length <= BOUNDS.resultBytes) return { outcome: 'value', json };
    return { outcome: 'fault', why: `the result may have ${BOUNDS.resultBytes} bytes, but has ${json.length}` };
  } catch (thrown) {
    return { outcome: 'fault', why: wordsOf(thrown) };
  }
}

/** They have no form in JSON, also where the library has an object for one. */
function withoutFunctions(_: string, value: unknown): unknown {
  const isFunction = typeof value === 'object' && value !== null && LAMBDAS.some((mark) => mark in value);
  return isFunction ? undefined : value;
}

const LAMBDAS = ['_jsonata_lambda', '_jsonata_function'];

/** The library throws objects of its own, with the place in the expression. */
function wordsOf(thrown: unknown): string {
  const { message, position } = thrown as { readonly message?: unknown; readonly position?: unknown };
  const words = typeof message === 'string' ? message : String(thrown);
  return typeof position === 'number' ? `${words} (at character ${position} of the expression)` : words;
}

process.on('message', (question: Question) => {
  void resultOf(question).then((result) => process.send?.({ id: question.id, result } satisfies Reply));
});
// Without its platform it has nothing to do.
process.on('disconnect', () => process.exit(0));
