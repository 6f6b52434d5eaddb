import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Configuration as Config, Revision as Rev, Route as RouteObject } from '#kinds/mod.ts';
import { Configuration, Revision, Route } from '#kinds/mod.ts';
import { objectOf, World } from '../ports.fixture.ts';
import { unreferenced } from './revisions.ts';

let world: World;
beforeEach(() => void (world = new World().running()));
afterEach(() => world.discard());

test('what goes is listed with its size, and what would go with --dry-run', async () => {
  world.prunable = [
    { what: 'image', name: 'localhost:5050/a@sha256:1', bytes: 0 },
    { what: 'blob', name: '/d/blobs/1', bytes: 3 * 2 ** 20 },
  ];
  expect(await world.run('prune --dry-run')).toBe(0);
  expect(world.out).toBe(`WHAT    SIZE      NAME
image             localhost:5050/a@sha256:1
blob    3.0 MiB   /d/blobs/1
3.0 MiB would be given back.
`);
  await world.run('prune --all -o json');
  expect(JSON.parse(world.out)).toMatchObject({ dryRun: false, bytes: 3 * 2 ** 20, removed: [{ what: 'image' }, {}] });
  expect(world.asked).toEqual(['prune dry', 'prune all']);
});

test('nothing left over is told', async () => {
  expect(await world.run('prune')).toBe(0);
  expect(world.out).toBe('Nothing is left over.\n');
});

const revision = (name: string, extra: object = {}) =>
  objectOf(Revision, name, { labels: { 'serving.knative.dev/configuration': 'hello' }, ...extra });
const configuration = objectOf(Configuration, 'hello', {
  status: { latestCreatedRevisionName: 'hello-00004', latestReadyRevisionName: 'hello-00003' },
});
const route = objectOf(Route, 'hello', {
  spec: { traffic: [{ revisionName: 'hello-00002', tag: 'old' }] },
  status: { traffic: [{ revisionName: 'hello-00003' }] },
});

describe('revisions', () => {
  test('are removed only when asked for', async () => {
    world.client.objects.push(revision('hello-00001'), revision('hello-00002'), configuration, route);
    await world.run('prune');
    expect(world.client.deleted).toEqual([]);
    await world.run('prune --revisions --dry-run');
    expect(world.client.deleted).toEqual([]);
    expect(world.out).toContain('default/hello-00001');
    await world.run('prune --revisions');
    expect(world.client.deleted).toEqual(['Revision default/hello-00001']);
  });

  test.each<[string, ReturnType<typeof revision>, boolean]>([
    ['an old one', revision('hello-00001'), true],
    ['one with a tag', revision('hello-00002'), false],
    ['the latest ready', revision('hello-00003'), false],
    ['the latest created', revision('hello-00004'), false],
    ['one of another namespace by the same name', revision('hello-00003', { namespace: 'other' }), false],
    ['one that no Configuration made', objectOf(Revision, 'mine'), false],
  ])('%s', (_, one, isGone) => {
    const gone = unreferenced([one as Rev], [configuration as Config], [route as RouteObject]);
    expect(gone.length === 1).toBe(isGone);
  });

  test('kept on purpose', () => {
    const kept = revision('hello-00001') as Rev;
    const marked = { ...kept, metadata: { ...kept.metadata, annotations: { 'serving.knative.dev/no-gc': 'true' } } };
    expect(unreferenced([marked], [configuration as Config], [route as RouteObject])).toEqual([]);
  });
});
