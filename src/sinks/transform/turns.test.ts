import { expect, test } from 'vitest';
import { Turns } from './turns.ts';

function order(max: number, ...asked: string[]): { taken: string[]; refused: string[] } {
  const turns = new Turns<string>(max);
  const refused = asked.filter((work) => !turns.add(work[0] ?? '', work));
  const taken: string[] = [];
  for (let work = turns.next(); work !== undefined; work = turns.next()) taken.push(work);
  expect(turns.size).toBe(0);
  return { taken, refused };
}

test.each([
  ['one after the other', 9, ['a1', 'a2', 'a3'], ['a1', 'a2', 'a3'], []],
  ['who asks for much lets others in between', 9, ['a1', 'a2', 'a3', 'b1', 'c1'], ['a1', 'b1', 'c1', 'a2', 'a3'], []],
  ['by turns', 9, ['a1', 'a2', 'b1', 'b2'], ['a1', 'b1', 'a2', 'b2'], []],
  ['what has no room is refused', 2, ['a1', 'a2', 'b1'], ['a1', 'a2'], ['b1']],
  ['none', 2, [], [], []],
])('%s', (_, max, asked, taken, refused) => {
  expect(order(max, ...asked)).toEqual({ taken, refused });
});
