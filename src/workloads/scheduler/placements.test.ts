import { expect, test } from 'vitest';
import type { Reader } from '#engine/mod.ts';
import type { Pod } from '#kinds/mod.ts';
import { podOf } from './company.fixture.ts';
import { PLACEMENT_INDEXES, wokenBy } from './placements.ts';
import type { Labels } from './rules.ts';

const far = { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'zone', labelSelector: {} }] };
const named = (name: string, pod: Pod): Pod => ({ ...pod, metadata: { ...pod.metadata, name, uid: `${name}-1` } });

const PLAIN = named('plain', podOf({}));
const MINDFUL = named('mindful', podOf({}, { affinity: { podAffinity: far } }));
const GATED = named('gated', podOf({}, { schedulingGates: [{ name: 'g' }] }));

const there = (labels: Labels = {}, spec: Partial<Pod['spec']> = {}): Pod =>
  named('there', podOf(labels, { nodeName: 'n', ...spec }));
const guard = (labels: Labels = {}): Pod => there(labels, { affinity: { podAntiAffinity: far } });
const withPhase = (pod: Pod, phase: 'Running' | 'Succeeded'): Pod => ({ ...pod, status: { phase } });
const having = (pod: Pod, metadata: Partial<Pod['metadata']>): Pod => ({
  ...pod,
  metadata: { ...pod.metadata, ...metadata },
});

/** Three that wait, and what is left of one that was placed. */
function readerOf(placed: Pod | undefined): Reader {
  const pods = [PLAIN, MINDFUL, GATED, ...(placed ? [placed] : [])];
  const valuesOf = (name: string, pod: Pod) => PLACEMENT_INDEXES.find((one) => one.name === name)?.valuesOf(pod) ?? [];
  return {
    get: (_kind: unknown, _namespace: string, name: string) => pods.find(({ metadata }) => metadata.name === name),
    byIndex: (_kind: unknown, index: string, value: string) =>
      pods.filter((pod) => valuesOf(index, pod).includes(value)),
  } as unknown as Reader;
}

const DELETED = '2026-01-01T00:00:00Z';
const ALL = ['plain', 'mindful'];
const SOME = ['mindful'];

test.each<[string, before: Pod, after: Pod | undefined, readonly string[]]>([
  ['a Pod runs', there(), withPhase(there(), 'Running'), SOME],
  ['its status is written again', withPhase(there(), 'Running'), withPhase(there(), 'Running'), SOME],
  ['it is over', withPhase(there(), 'Running'), withPhase(there(), 'Succeeded'), ALL],
  ['it is still over', withPhase(there(), 'Succeeded'), withPhase(there(), 'Succeeded'), SOME],
  ['it is to go, and holds its room till then', there(), having(there(), { deletionTimestamp: DELETED }), SOME],
  ['it has gone', having(there(), { deletionTimestamp: DELETED }), undefined, ALL],
  ['it has gone at once', there(), undefined, ALL],
  ['it has gone long after it was over', withPhase(there(), 'Succeeded'), undefined, SOME],
  ['another has its name', there(), having(there(), { uid: 'there-2' }), ALL],
  ['its labels change', there(), there({ app: 'web' }), SOME],
  ['one that keeps others away runs', guard(), withPhase(guard(), 'Running'), SOME],
  ['one that keeps others away is over', guard(), withPhase(guard(), 'Succeeded'), ALL],
  ['one that keeps others away has gone', guard(), undefined, ALL],
  ['the labels change of one that keeps others away', guard({ v: '1' }), guard({ v: '2' }), ALL],
])('look again when %s', (_why, before, after, expected) => {
  const reader = readerOf(after);
  const woken = [before, ...(after ? [after] : [])].flatMap((pod) => wokenBy(pod, reader));
  expect(new Set(woken.map(({ metadata }) => metadata.name))).toEqual(new Set(expected));
});

test('nobody looks again for one that waits itself', () => {
  expect(wokenBy(PLAIN, readerOf(undefined))).toEqual([]);
});
