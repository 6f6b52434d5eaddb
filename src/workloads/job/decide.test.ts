import { describe, expect, test } from 'vitest';
import type { Job, JobStatus, Pod } from '#kinds/mod.ts';
import { planJob } from './decide.ts';

const NOW = Date.UTC(2026, 0, 2);
const START = '2026-01-01T23:59:00Z';

function job(spec: Partial<Job['spec']> = {}, status?: JobStatus): Job {
  const template = { spec: { containers: [], restartPolicy: 'Never' } };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name: 'j' },
    spec: { parallelism: 1, completions: 1, backoffLimit: 6, template, ...spec },
    ...(status ? { status } : {}),
  };
}

const pod = (name: string, phase: string, finishedAt?: string): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: { containers: [] },
  status: {
    phase,
    ...(finishedAt
      ? {
          containerStatuses: [
            {
              name: 'c',
              ready: false,
              restartCount: 0,
              image: '',
              imageID: '',
              state: { terminated: { exitCode: 1, finishedAt } },
            },
          ],
        }
      : {}),
  },
});

const running = (name: string) => pod(name, 'Running');
const done = (name: string) => pod(name, 'Succeeded');
const failed = (name: string, at = START) => pod(name, 'Failed', at);

describe('what a Job does next', () => {
  const cases: readonly [string, Job, Pod[], { create: number; remove?: string[]; end?: string; againMs?: number }][] =
    [
      ['starts its Pod', job(), [], { create: 1 }],
      ['waits for it', job(), [running('a')], { create: 0 }],
      ['is complete', job(), [done('a')], { create: 0, end: 'Complete CompletionsReached' }],
      ['as many at once as it may', job({ parallelism: 2, completions: 5 }), [], { create: 2 }],
      [
        'never more than are still needed',
        job({ parallelism: 3, completions: 4 }),
        [done('a'), done('b'), done('c')],
        { create: 1 },
      ],
      ['tries again after a while', job(), [failed('a', '2026-01-01T23:59:55Z')], { create: 0, againMs: 5000 }],
      ['tries again', job(), [failed('a')], { create: 1 }],
      [
        'gives up',
        job({ backoffLimit: 1 }),
        [failed('a'), failed('b')],
        { create: 0, end: 'Failed BackoffLimitExceeded' },
      ],
      [
        'stops what runs when it gives up',
        job({ backoffLimit: 0, parallelism: 2, completions: 2 }),
        [failed('a'), running('b')],
        { create: 0, remove: ['b'], end: 'Failed BackoffLimitExceeded' },
      ],
      [
        'ran too long',
        job({ activeDeadlineSeconds: 30 }, { startTime: START }),
        [running('a')],
        { create: 0, remove: ['a'], end: 'Failed DeadlineExceeded' },
      ],
      [
        'looks again at its deadline',
        job({ activeDeadlineSeconds: 90 }, { startTime: START }),
        [running('a')],
        { create: 0, againMs: 30_000 },
      ],
      ['suspended, it stops', job({ suspend: true }), [running('a')], { create: 0, remove: ['a'] }],
      [
        'a work queue is done when one succeeded and none runs',
        job({ completions: undefined, parallelism: 2 }),
        [done('a')],
        { create: 0, end: 'Complete CompletionsReached' },
      ],
      [
        'a work queue starts no more once one succeeded',
        job({ completions: undefined, parallelism: 2 }),
        [done('a'), running('b')],
        { create: 0 },
      ],
    ];
  test.each(cases)('%s', (_why, one, pods, expected) => {
    const { create, remove, status, againMs } = planJob(one, pods, NOW);
    const end = status.conditions?.find(({ type }) => type === 'Complete' || type === 'Failed');
    expect({
      create,
      ...(remove.length > 0 ? { remove: remove.map(({ metadata }) => metadata.name) } : {}),
      ...(end ? { end: `${end.type} ${end.reason}` } : {}),
      ...(againMs === undefined ? {} : { againMs }),
    }).toEqual(expected);
  });

  test('what has been counted stays counted when its Pod is gone', () => {
    expect(
      planJob(job({ completions: 3 }, { succeeded: 2, startTime: START }), [done('c')], NOW).status.succeeded,
    ).toBe(2);
  });

  test('a finished Job goes after its time', () => {
    const end = { type: 'Complete', status: 'True', lastTransitionTime: START };
    const finished = (ttlSecondsAfterFinished: number) =>
      planJob(job({ ttlSecondsAfterFinished }, { conditions: [end] }), [], NOW);
    expect([finished(10).isExpired, finished(100).isExpired, finished(100).againMs]).toEqual([true, false, 40_000]);
  });
});
