import { join } from 'node:path';
import { seededRandom, settle, VirtualClock } from '#base/mod.ts';
import { createEngine } from '#engine/mod.ts';
import { findCondition } from '#machinery/mod.ts';
import { silentLog } from '#telemetry/mod.ts';
import { describe, expect, test } from 'vitest';
import { checkCases } from '../../../test/cases/check.ts';
import { FakeCluster } from '../../../test/cases/fake-cluster.ts';
import type { Shorthand } from '../../../test/cases/shorthand.ts';
import { expand } from '../../../test/cases/shorthand.ts';
import { PodAutoscaler, Revision } from '#kinds/mod.ts';
import { revisionController } from './controller.ts';
import { Digests, registryOf } from './digests.ts';

const SETTINGS = { skip: new Set(['ko.local']), timeoutMs: 10_000 };

/** Knows every image but those called `missing`; an image called `slow` gets no answer. */
const resolver = {
  async resolve(image: string): Promise<string> {
    if (image.includes('missing')) throw new Error(`${image}: not found`);
    if (image.includes('slow')) await new Promise(() => {});
    return `index.docker.io/library/${image}@sha256:1`;
  },
};

/** Where a case does not say otherwise, the digests are known before the turn. */
checkCases(join(import.meta.dirname, 'cases'), async (clock, { given }) => {
  const digests = new Digests(resolver, clock);
  for (const shorthand of given as Shorthand[]) {
    const { kind, object } = expand(shorthand);
    if (kind.kind === Revision.kind) digests.of(object as Revision, SETTINGS);
  }
  await settle();
  return revisionController(digests);
});

test('a Revision whose Pods serve is not ready before its PodAutoscaler is, though a write in between fails', async () => {
  const clock = new VirtualClock();
  const cluster = new FakeCluster();
  const put = (...shorthands: Shorthand[]) => {
    for (const { kind, object } of shorthands.map(expand)) cluster.put(kind, object);
  };
  const container = { name: 'user-container', image: 'ko.local/a' };
  const status = { containerStatuses: [{ name: 'user-container', imageDigest: '' }] };
  const progressing = { readyReplicas: 1, conditions: [{ type: 'Progressing', status: 'True' }] };
  put(
    { Revision: { name: 'a', spec: { containers: [container] }, status, Ready: ['Unknown', 'Deploying'] } },
    { Deployment: { name: 'a-deployment', owner: 'Revision/a', spec: { replicas: 4 }, status: progressing } },
    // Of another Revision's time, so that it is to be written.
    {
      PodAutoscaler: {
        name: 'a',
        owner: 'Revision/a',
        spec: { containerConcurrency: 7 },
        Ready: ['Unknown', 'Queued'],
      },
    },
  );
  cluster.beforeWrite = ({ verb, kind }) => {
    if (verb === 'update' && kind === PodAutoscaler) throw new Error('out of luck');
  };
  const { client, informers } = cluster;
  const engine = createEngine({ client, informers, clock, random: seededRandom(1), log: silentLog });
  const { outcome } = await engine.turn(revisionController(new Digests(resolver, clock)), 'default/a');
  expect(outcome).toBe('failed');
  const of = (type: string) => findCondition(cluster.get(Revision, 'default/a')?.status, type);
  expect(of('ContainerHealthy')?.status).toBe('True');
  expect(of('Ready')).toMatchObject({ status: 'Unknown', reason: 'Deploying' });
});

describe('the registry of an image', () => {
  test.each([
    ['hello', 'index.docker.io'],
    ['library/hello:1', 'index.docker.io'],
    ['ko.local/hello', 'ko.local'],
    ['localhost:5050/hello', 'localhost:5050'],
    ['localhost/hello', 'localhost'],
    ['hello:1.2', 'index.docker.io'],
  ])('of %s is %s', (image, registry) => expect(registryOf(image)).toBe(registry));
});
