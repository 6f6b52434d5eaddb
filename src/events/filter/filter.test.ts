import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { functionsWith } from '#cesql/mod.ts';
import { parse } from 'yaml';
import type { Filter } from '../control.ts';
import type { AttributeValue, CloudEvent } from '../event.ts';
import { compileFilters } from './compile.ts';
import { FilterIndex } from './filter-index.ts';
import type { Verdict } from './verdict.ts';

interface Case {
  readonly why: string;
  readonly filters: readonly Filter[];
  readonly event?: Readonly<Record<string, AttributeValue>>;
  readonly passes: boolean;
  readonly explained?: Verdict;
}

const cases = parse(readFileSync(new URL('./filter.cases.yaml', import.meta.url), 'utf8')) as Case[];

function eventOf(more: Readonly<Record<string, AttributeValue>> = {}): CloudEvent {
  const always = { specversion: '1.0', id: '1', source: '/orders', type: 'order.created' };
  return { attributes: new Map<string, AttributeValue>(Object.entries({ ...always, ...more })), data: undefined };
}

test.each(cases)('$why', ({ filters, event, passes, explained }) => {
  const compiled = compileFilters(filters);
  expect(compiled.matches(eventOf(event))).toBe(passes);
  expect(compiled.explain(eventOf(event)).result === 'fail').toBe(!passes);
  if (explained) expect(compiled.explain(eventOf(event))).toEqual(explained);
});

const name = fc.constantFrom('type', 'source', 'subject', 'time', 'dataschema', 'hop', 'constructor', '');
const value = fc.constantFrom('a', 'b', 'ab', '3', 'true', '');
const wanted = fc.dictionary(name, value, { maxKeys: 2, noNullPrototype: true });
const cesql = fc.constantFrom(
  "type = 'a'",
  "type = 'a' AND subject = 'b'",
  "hop = '3' OR type = 'a'",
  'hop',
  "time = 'a'",
  '!',
);
const { filter } = fc.letrec<{ filter: Filter }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 3 },
    fc.record({ exact: wanted }),
    fc.record({ prefix: wanted }),
    fc.record({ suffix: wanted }),
    fc.record({ legacy: wanted }),
    fc.record({ cesql }),
    fc.record({ all: fc.array(tie('filter'), { maxLength: 3 }) }),
    fc.record({ any: fc.array(tie('filter'), { maxLength: 3 }) }),
    fc.record({ not: tie('filter') }),
  ),
}));
const someEvent = fc
  .record(
    {
      type: fc.constantFrom('a', 'b', 'ab'),
      source: fc.constantFrom('a', 'b', 'ab'),
      subject: fc.constantFrom('a', 'b'),
      time: fc.constantFrom('2018-04-05T17:31:00Z', 'a'),
      dataschema: value,
      hop: fc.constantFrom<AttributeValue>(3, '3', true, 'a', ''),
    },
    { requiredKeys: ['type', 'source'] },
  )
  .map((more) => eventOf(more as Record<string, AttributeValue>));

describe('a verdict in words', () => {
  test('is the verdict', () => {
    fc.assert(
      fc.property(fc.array(filter, { maxLength: 3 }), someEvent, (filters, event) => {
        const compiled = compileFilters(filters);
        expect(compiled.explain(event).result !== 'fail').toBe(compiled.matches(event));
      }),
      { numRuns: 2000 },
    );
  });
});

describe('an index of filters', () => {
  const step = fc.oneof(
    fc.record({ set: fc.nat({ max: 9 }), filters: fc.array(filter, { maxLength: 3 }) }),
    fc.record({ delete: fc.nat({ max: 9 }) }),
  );

  test('finds what asking filter by filter finds, whatever was set and deleted', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 30 }),
        fc.array(someEvent, { minLength: 1, maxLength: 5 }),
        (steps, events) => {
          const index = new FilterIndex<number>();
          const model = new Map<number, readonly Filter[]>();
          for (const one of steps) {
            if ('set' in one) {
              index.set(one.set, one.filters);
              model.set(one.set, one.filters);
            } else {
              index.delete(one.delete);
              model.delete(one.delete);
            }
            for (const event of events) {
              const expected = [...model]
                .filter(([, filters]) => compileFilters(filters).matches(event))
                .map(([id]) => id);
              expect(new Set(index.matching(event))).toEqual(new Set(expected));
            }
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  test('asks only the filters that ask for what an event has', () => {
    const asked: string[] = [];
    const noted = { name: 'NOTE', parameters: ['String'], returns: 'Boolean' } as const;
    const run = ([which]: readonly AttributeValue[]) => asked.push(String(which)) > 0;
    const index = new FilterIndex<string>(functionsWith([{ ...noted, run }]));
    const note = (which: string): Filter => ({ cesql: `NOTE('${which}')` });
    index.set('other type', [{ exact: { type: 'other' } }, note('other type')]);
    index.set('other source', [{ all: [{ exact: { type: 'order.created', source: '/x' } }, note('other source')] }]);
    index.set('its type', [{ legacy: { type: 'order.created' } }, note('its type')]);
    index.set('by cesql', [{ cesql: "type = 'order.created' AND NOTE('by cesql')" }]);
    index.set('other by cesql', [{ cesql: "type = 'x' AND NOTE('other by cesql')" }]);
    index.set('prefix', [{ prefix: { type: 'order.' } }, note('prefix')]);
    index.set('other prefix', [{ prefix: { type: 'x' } }, note('other prefix')]);
    index.set('suffix', [{ suffix: { type: 'created' } }, note('suffix')]);
    index.set('other suffix by cesql', [{ cesql: "type LIKE '%.gone' AND NOTE('other suffix by cesql')" }]);
    index.set('any', [{ any: [{ exact: { type: 'x' } }, note('any')] }]);
    index.set('either', [
      { any: [{ exact: { type: 'order.created' } }, { exact: { source: '/orders' } }] },
      note('either'),
    ]);
    index.set('neither', [{ any: [{ exact: { type: 'x' } }, { exact: { type: 'y' } }] }, note('neither')]);
    index.set('in', [{ cesql: "type IN ('x', 'y') AND NOTE('in')" }]);
    const expected = ['any', 'by cesql', 'either', 'its type', 'prefix', 'suffix'];
    expect(index.matching(eventOf()).sort()).toEqual(expected);
    expect(asked.sort()).toEqual(expected);
  });

  test('lays a filter where the fewest others are', () => {
    const asked: string[] = [];
    const noted = { name: 'NOTE', parameters: ['String'], returns: 'Boolean' } as const;
    const run = ([which]: readonly AttributeValue[]) => asked.push(String(which)) > 0;
    const index = new FilterIndex<number>(functionsWith([{ ...noted, run }]));
    for (let i = 0; i < 100; i++)
      index.set(i, [{ exact: { type: 'order.created', subject: `s${i}` } }, { cesql: `NOTE('${i}')` }]);
    expect(index.matching(eventOf({ subject: 's7' }))).toEqual([7]);
    // The first one alone lies under the type that they share.
    expect(asked).toEqual(['7']);
  });
});
