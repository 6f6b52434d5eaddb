import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Rollout } from './rollout.ts';
import { isDone, nextRollout, nextStepIn, parseRollout, planned, settledRollout } from './rollout.ts';

const wants = (revision: string, percent = 100): Rollout =>
  settledRollout([{ tag: '', configuration: 'c', revision, percent }]);
const shares = ({ configurations }: Rollout) =>
  configurations.map(({ revisions }) =>
    revisions.map(({ revisionName, percent }) => `${revisionName}:${percent}`).join(' '),
  );

test('without a duration traffic moves at once', () => {
  expect(nextRollout(wants('b'), wants('a'), 0, 0)).toEqual(wants('b'));
});

test('a share of one percent moves at once', () => {
  expect(shares(nextRollout(wants('b', 1), wants('a', 1), 60, 0))).toEqual(['b:1']);
});

test('a share steps from the old Revision to the new one until it has all', () => {
  let now = 0;
  let rollout = nextRollout(wants('b'), wants('a'), 60, now);
  expect(shares(rollout)).toEqual(['a:99 b:1']);
  now = 1500;
  rollout = planned(rollout, 60, now);
  const seen: string[] = [];
  for (let steps = 0; !isDone(rollout) && steps < 200; steps++) {
    now += nextStepIn(rollout, now) ?? 0;
    rollout = nextRollout(wants('b'), rollout, 60, now);
    seen.push(...shares(rollout));
  }
  expect(seen.at(0)).toBe('a:96 b:4');
  expect(seen.at(-1)).toBe('b:100');
  expect(now).toBeGreaterThan(55_000);
  expect(now).toBeLessThan(70_000);
});

test('a third Revision on the way begins anew with one percent, and the youngest of the old gives first', () => {
  const second = nextRollout(wants('b', 50), wants('a', 50), 60, 0);
  const third = nextRollout(
    wants('c', 50),
    {
      configurations: [
        {
          configurationName: 'c',
          percent: 50,
          revisions: [
            { revisionName: 'a', percent: 30 },
            { revisionName: 'b', percent: 20 },
          ],
        },
      ],
    },
    60,
    0,
  );
  expect(shares(second)).toEqual(['a:49 b:1']);
  expect(shares(third)).toEqual(['a:30 b:19 c:1']);
});

test('a share that changes on the way is given to the newest, or taken from the oldest', () => {
  const way = {
    configurations: [
      {
        configurationName: 'c',
        percent: 50,
        revisions: [
          { revisionName: 'a', percent: 30 },
          { revisionName: 'b', percent: 20 },
        ],
      },
    ],
  };
  expect(shares(nextRollout(wants('b', 70), way, 60, 0))).toEqual(['a:30 b:40']);
  expect(shares(nextRollout(wants('b', 40), way, 60, 0))).toEqual(['a:20 b:20']);
});

test('what is not an annotation of ours is none', () => {
  expect([
    parseRollout(undefined),
    parseRollout('{'),
    parseRollout('{"configurations":3}'),
    parseRollout('null'),
  ]).toEqual([undefined, undefined, undefined, undefined]);
});

test('the shares of a Configuration always sum up to the whole', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          revision: fc.constantFrom('a', 'b', 'c', 'd'),
          percent: fc.integer({ min: 0, max: 100 }),
          after: fc.integer({ min: 0, max: 20_000 }),
          plan: fc.boolean(),
        }),
        { minLength: 1 },
      ),
      (steps) => {
        let now = 0;
        let rollout: Rollout | undefined;
        for (const { revision, percent, after, plan } of steps) {
          now += after;
          rollout = nextRollout(
            wants(revision, percent),
            plan && rollout ? planned(rollout, 30, now) : rollout,
            30,
            now,
          );
          for (const one of rollout.configurations) {
            expect(one.revisions.reduce((sum, { percent }) => sum + percent, 0)).toBe(percent);
            expect(one.revisions.at(-1)?.revisionName).toBe(revision);
            expect(new Set(one.revisions.map(({ revisionName }) => revisionName)).size).toBe(one.revisions.length);
          }
        }
      },
    ),
  );
});
