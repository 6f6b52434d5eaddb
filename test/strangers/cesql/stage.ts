// CESQL's own compatibility kit, as the Go SDK publishes it: expressions, events, and what each must evaluate to.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parse } from 'yaml';
import type { Outcome as Evaluated, Value } from '#cesql/mod.ts';
import { CesqlSyntaxError, parseCesql } from '#cesql/mod.ts';
import type { Outcome } from '../outcomes.ts';
import type { LoneStage } from '../stage.ts';
import { cesqlModule } from '../tools.ts';

interface Case {
  readonly name: string;
  readonly expression: string;
  readonly result?: Value;
  readonly error?: string;
  readonly event?: Readonly<Record<string, Value>>;
  readonly eventOverrides?: Readonly<Record<string, Value>>;
}

/** Of the kit's published version; fewer would mean that some were not found. */
const CASES = 275;

export const CESQL: LoneStage = {
  prepare: async () => void (await cesqlModule()),
  async runAlone(log, only) {
    const folder = join(await cesqlModule(), 'test/tck');
    const files = readdirSync(folder).filter((file) => file.endsWith('.yaml'));
    const outcomes = files.flatMap((file) => play(basename(file, '.yaml'), readFileSync(join(folder, file), 'utf8')));
    if (outcomes.length !== CASES)
      throw new Error(`expected ${CASES} cases in ${folder}, but found ${outcomes.length}`);
    const chosen = outcomes.filter(({ test }) => !only || new RegExp(only).test(test));
    writeFileSync(log, chosen.map(({ test, outcome, said }) => `${outcome} ${test}: ${said}\n`).join(''));
    return chosen;
  },
};

function play(file: string, yaml: string): Outcome[] {
  const cases = (parse(yaml) as { readonly tests: readonly Case[] }).tests;
  // Without types, an expression such as TRUE stays the text that it is.
  const texts = (parse(yaml, { schema: 'failsafe' }) as { readonly tests: readonly Case[] }).tests;
  const seen = new Map<string, number>();
  return cases.map((one, at) => {
    const name = `${file}: ${one.name}`;
    const times = (seen.get(name) ?? 0) + 1;
    seen.set(name, times);
    const expression = texts[at]?.expression ?? '';
    const fault = faultOf(one, expression);
    return {
      test: times > 1 ? `${name} (${times})` : name,
      outcome: fault === undefined ? 'pass' : 'fail',
      seconds: 0,
      said: fault ?? expression,
    };
  });
}

function faultOf({ result, error, event, eventOverrides }: Case, expression: string): string | undefined {
  const expected = error === 'parse' ? 'a syntax error' : shown({ value: result as Value, kind: error });
  const met = evaluate(expression, new Map(Object.entries({ ...(event ?? EVENT), ...eventOverrides })));
  return met === expected ? undefined : `${expression}: expected ${expected}, but met ${met}`;
}

/** What the kit leaves to whoever runs it: any valid event. */
const EVENT: Readonly<Record<string, Value>> = {
  specversion: '1.0',
  id: 'full-event',
  source: 'http://example.com/source',
  type: 'com.example.full',
  subject: 'topic',
  time: '2020-03-21T12:34:56.78Z',
  datacontenttype: 'text/json',
  dataschema: 'http://example.com/schema',
};

function evaluate(expression: string, attributes: ReadonlyMap<string, Value>): string {
  try {
    const { value, error }: Evaluated = parseCesql(expression).evaluate(attributes);
    return shown({ value, kind: error?.kind });
  } catch (thrown) {
    if (thrown instanceof CesqlSyntaxError) return 'a syntax error';
    throw thrown;
  }
}

function shown({ value, kind }: { readonly value: Value; readonly kind: string | undefined }): string {
  return `${JSON.stringify(value)}${kind === undefined ? '' : ` and an error of kind ${kind}`}`;
}
