import { expect, test } from 'vitest';
import type { Pod } from '#kinds/mod.ts';
import type { Arrival } from './pod-arrival.ts';
import { onArrival } from './pod-arrival.ts';

interface Given {
  readonly nodeName?: string;
  readonly phase?: string;
  readonly isGoing?: boolean;
  readonly isNoted?: boolean;
}

test.each<[string, Given, Arrival]>([
  ['a new one', {}, 'run'],
  ['one that ran under an earlier platform', { phase: 'Running', isNoted: true }, 'run'],
  ['one that is bound nowhere yet', { nodeName: '' }, 'none'],
  ['one of another node', { nodeName: 'there' }, 'none'],
  ['one of another node that is being deleted', { nodeName: 'there', isGoing: true }, 'none'],
  ['one that has ended well', { phase: 'Succeeded' }, 'none'],
  ['one that has failed', { phase: 'Failed' }, 'none'],
  ['one that has ended and is being deleted', { phase: 'Succeeded', isGoing: true }, 'remove'],
  ['one that is being deleted and never ran', { phase: 'Pending', isGoing: true }, 'stop'],
  ['one that is being deleted and may run', { isGoing: true, isNoted: true }, 'stop, once taken over'],
])('%s', (_, { nodeName = 'here', phase, isGoing = false, isNoted = false }, wanted) => {
  const pod: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', ...(isGoing ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}) },
    spec: { containers: [], nodeName },
    ...(phase ? { status: { phase } } : {}),
  };
  expect(onArrival(pod, { nodeName: 'here', isNoted })).toBe(wanted);
});
