// ApiServerSources over the real store: what they see, and what they may.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ApiServerSource, ConfigMap, Deployment, Event, eventingFeaturesConfig, Namespace } from '#kinds/mod.ts';
import { findCondition, isReady } from '#machinery/mod.ts';
import { silentLog } from '#telemetry/mod.ts';
import { addSink, made, plainSinks, sourcesWorld } from '../../../test/sources/world.ts';
import { apiServerSourceController } from './controller.ts';
import { Watching } from './watching.ts';

const API = 'https://10.96.0.1:443';
const sink = { ref: { apiVersion: 'v1', kind: 'Service', name: 'sink' } };
const resources = [{ apiVersion: 'v1', kind: 'ConfigMap' }];
let world: Awaited<ReturnType<typeof sourcesWorld>>;
let forbidden: string[];

beforeEach(async () => {
  world = await sourcesWorld();
  forbidden = [];
  const { informers, outbox, clock, random, scheme } = world;
  world.begin(
    apiServerSourceController({
      sinks: plainSinks,
      watching: new Watching({ informers, outbox, clock, random, log: silentLog, apiUrl: API }),
      mayDo: ({ verb }) => !forbidden.includes(verb),
      apiUrl: API,
      kindOf: (apiVersion, kind) => scheme.byKind(apiVersion, kind),
      onKinds: (listen) => scheme.onChange(listen),
    }),
  );
  await addSink(world.client);
});
afterEach(() => world.stop());

async function create(spec: object = {}, metadata: object = {}): Promise<void> {
  await world.client.create(ApiServerSource, made(ApiServerSource, { sink, resources, ...spec }, metadata));
  await world.clock.advance(1000);
}

async function put(name: string, metadata: object = {}): Promise<void> {
  await world.client.create(ConfigMap, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: 'default', ...metadata },
    data: { a: '1.0' },
  });
  await world.clock.advance(100);
}

const seen = (): string[] =>
  world.received.map(({ event }) => {
    const { type, subject } = Object.fromEntries(event.attributes);
    return `${String(type).replace('dev.knative.apiserver.', '')} ${String(subject).split('/').slice(-3).join('/')}`;
  });
const source = () => world.client.get(ApiServerSource, 'default', 'it');

describe('what is seen', () => {
  test('what comes, changes and goes, but not what is there', async () => {
    await put('old');
    await create();
    await put('new');
    await world.client.patch(ConfigMap, 'default', 'new', 'merge', { data: { a: '2' } });
    await world.client.delete(ConfigMap, 'default', 'new');
    await put('elsewhere', { namespace: 'other' });
    await world.clock.advance(1000);
    expect(seen()).toEqual(['ref.add', 'ref.update', 'ref.delete'].map((type) => `${type} default/configmaps/new`));
    const ready = await source();
    expect(ready && isReady(ready)).toBe(true);
  });

  test('Events about itself too: its Deployment is there, then available, which is the same Event again', async () => {
    await create({ resources: [{ apiVersion: 'v1', kind: 'Event' }] });
    await world.clock.advance(1000);
    const own = seen().filter((line) => line.includes('default/events/it.'));
    expect(own.map((line) => line.split(' ')[0])).toEqual(['ref.add', 'ref.add', 'ref.update']);
    const { items } = await world.client.list(Event, { namespace: 'default' });
    const updated = items.filter(({ reason }) => reason === 'ApiServerSourceDeploymentUpdated');
    expect(updated).toMatchObject([
      { count: 2, message: expect.stringMatching(/^Deployment "apiserversource-it.*" updated$/) },
    ]);
  });

  test('who it is', async () => {
    await create({ ceOverrides: { extensions: { more: 'x' } } });
    await put('new');
    const [{ event } = { event: undefined }] = world.received;
    expect(Object.fromEntries(event?.attributes ?? [])).toMatchObject({
      source: API,
      subject: '/apis/v1/namespaces/default/configmaps/new',
      kind: 'ConfigMap',
      apiversion: 'v1',
      name: 'new',
      namespace: 'default',
      datacontenttype: 'application/json',
      more: 'x',
    });
    expect(Buffer.from(event?.data ?? []).toString()).toBe(
      '{"kind":"ConfigMap","namespace":"default","name":"new","apiVersion":"v1"}',
    );
  });

  test('the whole object', async () => {
    await create({ mode: 'Resource' });
    await put('new');
    const [{ event } = { event: undefined }] = world.received;
    expect(event?.attributes.get('type')).toBe('dev.knative.apiserver.resource.add');
    const body = JSON.parse(Buffer.from(event?.data ?? []).toString()) as ConfigMap;
    expect(body).toMatchObject({ kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'new' }, data: { a: '1.0' } });
  });

  test('by labels: what begins to fit comes, what fits no more goes', async () => {
    await create({ resources: [{ ...resources[0], selector: { matchLabels: { app: 'x' } } }] });
    await put('a', { labels: { app: 'x' } });
    await put('b', { labels: { app: 'y' } });
    await world.client.patch(ConfigMap, 'default', 'b', 'merge', { metadata: { labels: { app: 'x' } } });
    await world.client.patch(ConfigMap, 'default', 'a', 'merge', { metadata: { labels: { app: 'y' } } });
    await world.clock.advance(1000);
    expect(seen()).toEqual([
      'ref.add default/configmaps/a',
      'ref.add default/configmaps/b',
      'ref.delete default/configmaps/a',
    ]);
  });

  test('by namespaces, which may change', async () => {
    await create({ namespaceSelector: { matchLabels: { watched: 'yes' } } });
    await put('before', { namespace: 'other' });
    await world.client.patch(Namespace, '', 'other', 'merge', { metadata: { labels: { watched: 'yes' } } });
    await world.clock.advance(1000);
    await put('after', { namespace: 'other' });
    expect(seen()).toEqual(['ref.add other/configmaps/after']);
    expect((await source())?.status?.namespaces).toEqual(['other']);
  });

  test('in all namespaces', async () => {
    await create({ namespaceSelector: {} });
    await put('a', { namespace: 'other' });
    await put('b');
    expect(seen()).toEqual(['ref.add other/configmaps/a', 'ref.add default/configmaps/b']);
  });

  test('by owner', async () => {
    await create({ owner: { apiVersion: 'apps/v1', kind: 'Deployment' } });
    const owner = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd', uid: 'u', controller: true };
    await put('owned', { ownerReferences: [owner] });
    await put('free', { ownerReferences: [{ ...owner, controller: false }] });
    expect(seen()).toEqual(['ref.add default/configmaps/owned']);
  });

  test('by filters', async () => {
    await world.client.create(ConfigMap, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: eventingFeaturesConfig.name, namespace: eventingFeaturesConfig.namespace },
      data: { 'new-apiserversource-filters': 'enabled', 'apiserversources-nodeselector-disk': 'ssd' },
    });
    await create({ filters: [{ exact: { type: 'dev.knative.apiserver.ref.update' } }] }).catch(() => undefined);
    await put('new');
    await world.client.patch(ConfigMap, 'default', 'new', 'merge', { data: { a: '2' } });
    await world.clock.advance(1000);
    expect(seen()).toEqual(['ref.update default/configmaps/new']);
    const [adapter] = (await world.client.list(Deployment)).items;
    expect(adapter?.spec.template.spec.nodeSelector).toEqual({ disk: 'ssd' });
  });
});

test('events come in order, though the sink stumbles', async () => {
  let asked = 0;
  world.answer = () => (++asked % 3 === 0 ? 202 : 429);
  await create();
  await put('a');
  await put('b');
  await world.clock.advance(5000);
  expect(seen()).toEqual(['ref.add default/configmaps/a', 'ref.add default/configmaps/b']);
});

test('a source that is gone sees nothing', async () => {
  await create();
  await world.client.delete(ApiServerSource, 'default', 'it');
  await world.clock.advance(1000);
  await put('new');
  expect(seen()).toEqual([]);
});

test('a kind that nobody serves is named', async () => {
  await create({ resources: [{ apiVersion: 'example.com/v1', kind: 'Boat' }] });
  expect(findCondition((await source())?.status, 'Deployed')).toMatchObject({
    status: 'Unknown',
    message: 'no kind Boat of example.com/v1 is served',
  });
});

describe('permissions', () => {
  const SENTENCE =
    'User system:serviceaccount:default:me cannot list, watch resource "configmaps" in API group "" in Namespace "default"';

  test('what is missing is said', async () => {
    forbidden = ['list', 'watch'];
    await create({ serviceAccountName: 'me' });
    expect(findCondition((await source())?.status, 'SufficientPermissions')).toMatchObject({
      status: 'False',
      message: SENTENCE,
    });
    expect((await world.client.list(Deployment)).items).toEqual([]);
    await put('new');
    expect(seen()).toEqual([]);
  });

  test.each([
    [[], true],
    [['list'], false],
  ])('not asked for beforehand, with %j missing', async (missing, isUp) => {
    forbidden = missing;
    await create({}, { annotations: { 'features.knative.dev/apiserversource-skip-permissions-check': 'true' } });
    const found = await source();
    expect(found && isReady(found)).toBe(isUp);
    expect(findCondition(found?.status, 'Deployed')?.status).toBe(isUp ? 'True' : 'False');
    expect(findCondition(found?.status, 'SufficientPermissions')?.status).toBe('True');
    const [adapter] = (await world.client.list(Deployment)).items;
    expect(adapter?.status).toMatchObject({ replicas: 1, readyReplicas: isUp ? 1 : 0 });
    expect(findCondition(adapter?.status, 'Available')?.status).toBe(isUp ? 'True' : 'False');
    const env = adapter?.spec.template.spec.containers[0]?.env ?? [];
    const config = JSON.parse(env.find(({ name }) => name === 'K_SOURCE_CONFIG')?.value ?? '{}') as object;
    expect(config).toMatchObject({ failFast: true, mode: 'Reference', namespaces: ['default'] });
  });
});
