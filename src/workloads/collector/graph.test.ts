import { describe, expect, test } from 'vitest';
import { Pod } from '#kinds/mod.ts';
import type { KubeObject, OwnerReference } from '#machinery/mod.ts';
import type { OwnerState } from './graph.ts';
import { judge, OwnerGraph } from './graph.ts';

const owner = (uid: string): OwnerReference => ({ apiVersion: 'v1', kind: 'Pod', name: uid, uid });
const object = (uid: string, ...owners: string[]): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: uid, uid, ownerReferences: owners.map(owner) },
});

describe('what becomes of an object by its owners', () => {
  const cases: readonly [string, Record<string, OwnerState>, boolean, unknown][] = [
    ['nobody owns it', {}, false, { act: 'keep' }],
    ['its owner is there', { a: 'solid' }, false, { act: 'keep' }],
    ['its owner is gone', { a: 'absent' }, false, { act: 'delete', propagation: 'Background' }],
    ['one of two is there', { a: 'absent', b: 'solid' }, false, { act: 'disown', keep: [owner('b')] }],
    ['its owner waits for it', { a: 'waiting' }, false, { act: 'delete', propagation: 'Background' }],
    [
      'its owner waits for it and it has dependents',
      { a: 'waiting' },
      true,
      { act: 'delete', propagation: 'Foreground' },
    ],
  ];
  test.each(cases)('%s', (_why, states, hasDependents, expected) => {
    expect(judge(object('x', ...Object.keys(states)), ({ uid }) => states[uid] ?? 'solid', hasDependents)).toEqual(
      expected,
    );
  });
});

test('the graph follows changes of owners', () => {
  const graph = new OwnerGraph();
  const dependents = (uid: string) => graph.dependentsOf(uid).map(({ object: { metadata } }) => metadata.name);
  graph.put(Pod, object('x', 'a'));
  graph.put(Pod, object('y', 'a', 'b'));
  expect([dependents('a'), dependents('b')]).toEqual([['x', 'y'], ['y']]);
  graph.put(Pod, object('y', 'b'));
  graph.remove('x');
  expect([dependents('a'), dependents('b')]).toEqual([[], ['y']]);
});
