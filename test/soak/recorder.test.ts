// The recorder must see what is wrong, or a soak that finds nothing says nothing.

import { expect, test } from 'vitest';
import type { KubeObject } from '#machinery/mod.ts';
import type { Content } from './recorder.ts';
import { Recorder } from './recorder.ts';

const one = { mark: '1' };
const two = { mark: '2' };

interface Case {
  readonly what: string;
  /** Content and number of each acknowledged write. */
  readonly acknowledged: readonly (readonly [Content, number])[];
  /** What was under way. */
  readonly doubt?: { readonly content: Content };
  readonly found: readonly [Content, number];
  readonly wrong?: string;
}

const cases: readonly Case[] = [
  {
    what: 'the last write',
    acknowledged: [
      [one, 5],
      [two, 6],
    ],
    found: [two, 6],
  },
  {
    what: 'an older write',
    acknowledged: [
      [one, 5],
      [two, 6],
    ],
    found: [one, 5],
    wrong: '"2"} was acknowledged at 6',
  },
  { what: 'nothing', acknowledged: [[one, 5]], found: [undefined, 0], wrong: 'undefined at 0' },
  {
    what: 'what was deleted',
    acknowledged: [
      [one, 5],
      [undefined, 0],
    ],
    found: [one, 5],
    wrong: 'undefined was acknowledged',
  },
  { what: 'another number', acknowledged: [[one, 5]], found: [one, 7], wrong: 'resourceVersion 7, but 5' },
  { what: 'the write in doubt', acknowledged: [[one, 5]], doubt: { content: two }, found: [two, 9] },
  { what: 'the state before the doubt', acknowledged: [[one, 5]], doubt: { content: two }, found: [one, 5] },
  { what: 'the doubtful end', acknowledged: [[one, 5]], doubt: { content: undefined }, found: [undefined, 0] },
  {
    what: 'a doubtful write with an old number',
    acknowledged: [[one, 5]],
    doubt: { content: two },
    found: [two, 4],
    wrong: 'at 4',
  },
  { what: 'neither', acknowledged: [[one, 5]], doubt: { content: two }, found: [{ mark: '3' }, 9], wrong: '"3"} at 9' },
  { what: 'what nobody wrote', acknowledged: [], found: [one, 5], wrong: 'nobody asked for it' },
];

test.each(cases)('finding $what is judged', ({ acknowledged, doubt, found, wrong }) => {
  const recorder = new Recorder();
  for (const [content, number] of acknowledged) recorder.acknowledge('ConfigMap a', content, number);
  if (doubt) recorder.doubt('ConfigMap a', doubt.content);
  const said = recorder.verify('ConfigMap a', ...found, true);
  if (wrong) expect(said).toContain(wrong);
  else expect(said).toBeUndefined();
});

function seen(name: string, resourceVersion: string, color: string): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, resourceVersion }, data: { color } } as KubeObject;
}

test('a number with two contents is noticed, the same content again is not', () => {
  const recorder = new Recorder();
  recorder.see(seen('a', '5', 'red'));
  recorder.see(seen('a', '5', 'red'));
  expect(recorder.twice).toEqual([]);
  recorder.see(seen('a', '5', 'blue'));
  recorder.see(seen('b', '5', 'red'));
  recorder.see(seen('a', '5', 'red'), true);
  expect(recorder.twice).toHaveLength(3);
  expect([recorder.highest, recorder.numbersSeen]).toEqual([5, 1]);
});
