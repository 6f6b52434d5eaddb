// Who evaluates what and when, with processes that a test plays.

import { beforeEach, expect, test } from 'vitest';
import { VirtualClock } from '#base/mod.ts';
import type { HelperListener } from './evaluators.ts';
import { Evaluators } from './evaluators.ts';
import type { Question } from './question.ts';

interface Played extends HelperListener {
  readonly asked: Question[];
  isKilled: boolean;
  /** Answers the last question with the expression, as JSON. */
  answer(): void;
}

let clock: VirtualClock;
let helpers: Played[];
let evaluators: Evaluators;

beforeEach(() => {
  clock = new VirtualClock();
  helpers = [];
  evaluators = new Evaluators({
    clock,
    start(listener) {
      const asked: Question[] = [];
      const helper: Played = {
        ...listener,
        asked,
        isKilled: false,
        answer() {
          const { id = 0, expression = '' } = asked.at(-1) ?? {};
          listener.answered({ id, result: { outcome: 'value', json: JSON.stringify(expression) } });
        },
      };
      helpers.push(helper);
      return {
        ask: (question) => void asked.push(question),
        kill: () => void (helper.isKilled = true),
      };
    },
  });
});

const value = (text: string) => ({ outcome: 'value', json: JSON.stringify(text) });
const expressions = () => helpers.map(({ asked }) => asked.map(({ expression }) => expression));

test('no process before something is asked; two at most, and the first goes on where it is free', async () => {
  expect(helpers).toEqual([]);
  const first = evaluators.evaluate('a', '1', 'null');
  helpers[0]?.answer();
  expect(await first).toEqual(value('1'));
  const all = ['2', '3', '4'].map((expression) => evaluators.evaluate('a', expression, 'null'));
  expect(expressions()).toEqual([['1', '2'], ['3']]);
  helpers[1]?.answer();
  expect(expressions()).toEqual([
    ['1', '2'],
    ['3', '4'],
  ]);
  helpers[0]?.answer();
  helpers[1]?.answer();
  expect(await Promise.all(all)).toEqual([value('2'), value('3'), value('4')]);
});

test('one that takes too long is ended, and what waits goes to another', async () => {
  const slow = [evaluators.evaluate('a', 'slow', '1'), evaluators.evaluate('a', 'slow too', '1')];
  const next = evaluators.evaluate('b', 'next', '1');
  await clock.advance(3000);
  expect(await Promise.all(slow)).toEqual(
    [0, 1].map(() => ({ outcome: 'fault', why: expect.stringContaining('longer') as string })),
  );
  expect(helpers.slice(0, 2).map(({ isKilled }) => isKilled)).toEqual([true, true]);
  helpers[0]?.answer();
  helpers[0]?.ended('late');
  helpers[2]?.answer();
  expect(await next).toEqual(value('next'));
});

test('one that ends says why, and is started anew', async () => {
  const first = evaluators.evaluate('a', '1', 'null');
  helpers[0]?.ended('out of memory');
  expect(await first).toEqual({ outcome: 'fault', why: 'out of memory' });
  void evaluators.evaluate('a', '2', 'null');
  expect(expressions()).toEqual([['1'], ['2']]);
});

test('idle ones go', async () => {
  void evaluators.evaluate('a', '1', 'null');
  helpers[0]?.answer();
  await clock.advance(299_000);
  expect(helpers[0]?.isKilled).toBe(false);
  await clock.advance(1000);
  expect(helpers[0]?.isKilled).toBe(true);
});

test('more than a thousand do not wait', async () => {
  const all = Array.from({ length: 1003 }, (_, i) => evaluators.evaluate('a', String(i), 'null'));
  expect(await all.at(-1)).toEqual({ outcome: 'busy' });
});

test('an expression is looked at once', async () => {
  const first = evaluators.check('x');
  helpers[0]?.answer();
  expect([await first, await evaluators.check('x')]).toEqual([undefined, undefined]);
  expect(helpers[0]?.asked).toEqual([{ id: 1, expression: 'x' }]);
});

test('once closed nothing is begun', async () => {
  const [first, , third] = ['1', '2', '3'].map((expression) => evaluators.evaluate('a', expression, 'null'));
  evaluators.close();
  expect(await first).toMatchObject({ outcome: 'fault' });
  expect(await third).toMatchObject({ outcome: 'fault' });
  expect(await evaluators.evaluate('a', '4', 'null')).toEqual({ outcome: 'busy' });
  expect(helpers.map(({ isKilled }) => isKilled)).toEqual([true, true]);
});
