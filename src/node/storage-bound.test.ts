import { expect, test } from 'vitest';
import type { Container, Pod } from '#kinds/mod.ts';
import { boundedStorage, outgrown } from './storage-bound.ts';

const container = (name: string, limit?: string): Container => ({
  name,
  image: 'i',
  ...(limit === undefined ? {} : { resources: { limits: { 'ephemeral-storage': limit } } }),
});
const podOf = (spec: Partial<Pod['spec']>): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p' },
  spec: { containers: [container('c')], ...spec },
});

const volumes = [
  { name: 'free', emptyDir: {} },
  { name: 'bounded', emptyDir: { sizeLimit: '1Ki' } },
  { name: 'memory', emptyDir: { medium: 'Memory', sizeLimit: '1Ki' } },
  { name: 'conf', configMap: { name: 'conf' } },
];
test.each<[string, Partial<Pod['spec']>, readonly string[], boolean]>([
  ['nothing of a Pod without bounds', {}, [], false],
  ['volumes that have a bound', { volumes }, ['bounded'], false],
  [
    'all on disk where a container has a limit',
    { volumes, containers: [container('c', '1Gi')] },
    ['free', 'bounded'],
    true,
  ],
])('what is looked at: %s', (_, spec, names, hasLimits) => {
  const found = boundedStorage(podOf(spec));
  expect([found.volumes.map(({ name }) => name), found.hasLimits]).toEqual([names, hasLimits]);
});

type Bytes = Readonly<Record<string, number>>;
const two = [container('c', '1Ki'), container('d', '3Ki')];
const cases: [string, Partial<Pod['spec']>, Bytes, Bytes, string | undefined][] = [
  ['nothing has a bound', {}, { free: 1e9 }, { c: 1e9 }, undefined],
  ['a volume within its bound', { volumes }, { bounded: 1024 }, {}, undefined],
  ['a volume', { volumes }, { bounded: 1025 }, {}, 'Usage of EmptyDir volume "bounded" exceeds the limit "1Ki". '],
  [
    'a volume that nobody can count',
    { volumes },
    { bounded: Number.POSITIVE_INFINITY },
    {},
    'Usage of EmptyDir volume "bounded" exceeds the limit "1Ki". ',
  ],
  ['a Pod at its limit', { containers: two }, { free: 2048 }, { c: 1024, d: 1024 }, undefined],
  [
    'a Pod, by all together',
    { containers: two },
    { free: 2048 },
    { c: 1024, d: 1025 },
    'Pod ephemeral local storage usage exceeds the total limit of containers 4Ki. ',
  ],
  [
    'a container alone',
    { containers: two },
    {},
    { c: 1025 },
    'Container c exceeded its local ephemeral storage limit "1Ki". ',
  ],
  [
    'a container without a limit beside one that has one',
    { containers: [container('c'), container('d', '1M')] },
    {},
    { c: 1_000_001 },
    'Pod ephemeral local storage usage exceeds the total limit of containers 1M. ',
  ],
  [
    'an init container that needs more than the others',
    { initContainers: [container('i', '8Ki')], containers: two },
    {},
    { i: 8000 },
    undefined,
  ],
];
test.each(cases)('%s', (_, spec, ofVolumes, ofContainers, wanted) => {
  const use = { volumes: new Map(Object.entries(ofVolumes)), containers: new Map(Object.entries(ofContainers)) };
  expect(outgrown(podOf(spec), use)).toBe(wanted);
});
