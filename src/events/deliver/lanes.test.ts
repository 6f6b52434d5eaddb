import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { InLane } from './lanes.ts';
import { Lanes } from './lanes.ts';

/** Which event has what key. */
const keys = fc.array(fc.option(fc.constantFrom('a', 'b', 'c'), { nil: undefined }), { maxLength: 30 });
/** How many are taken at a time, which of them is done next, and whether it fails first. */
const plays = fc.array(fc.record({ taken: fc.nat(4), which: fc.nat(9), fails: fc.boolean() }), { maxLength: 60 });

const orderKept = { unordered: () => undefined, ordered: () => '', key: ({ key }: InLane) => key };

describe.each(['unordered', 'ordered', 'key'] as const)('%s', (order) => {
  test('each event is done once, and none overtakes another of its lane', () => {
    fc.assert(
      fc.property(keys, plays, (of, moves) => {
        const lanes = new Lanes<InLane>(order);
        const items = of.map((key, offset) => ({ offset, key }));
        for (const item of items) lanes.add(item);
        const done: InLane[] = [];
        const taken: InLane[] = [];
        const take = () => {
          const item = lanes.take();
          if (item) taken.push(item);
          return item;
        };
        const finish = (which: number) => {
          const [item] = taken.splice(which % taken.length, 1);
          if (!item) return;
          done.push(item);
          lanes.done(item);
        };
        for (const { taken: many, which, fails } of moves) {
          for (let i = 0; i < many; i++) take();
          const lane = orderKept[order];
          const names = taken.map(lane).filter((name) => name !== undefined);
          expect(new Set(names).size).toBe(names.length);
          if (taken.length === 0) continue;
          if (fails) lanes.again(...(taken.splice(which % taken.length, 1) as [InLane]));
          else finish(which);
        }
        while (take() || taken.length > 0) if (taken.length > 0) finish(0);
        expect(done.map(({ offset }) => offset).sort((a, b) => a - b)).toEqual(items.map(({ offset }) => offset));
        for (const name of new Set(items.map(orderKept[order]))) {
          if (name === undefined) continue;
          const offsets = done.filter((item) => orderKept[order](item) === name).map(({ offset }) => offset);
          expect(offsets).toEqual([...offsets].sort((a, b) => a - b));
        }
        expect([lanes.ready, lanes.behind]).toEqual([0, 0]);
      }),
    );
  });
});
