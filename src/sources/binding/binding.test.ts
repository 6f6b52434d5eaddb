// SinkBindings and ContainerSources over the real store, with the plug-in at admission.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  ConfigMap,
  ContainerSource,
  Deployment,
  eventingFeaturesConfig,
  Job,
  Namespace,
  Secret,
  Service,
  ServiceAccount,
  SinkBinding,
} from '#kinds/mod.ts';
import type { Kind, KubeObject } from '#machinery/mod.ts';
import { findCondition, isReady } from '#machinery/mod.ts';
import { containerSourceController } from '../container/controller.ts';
import type { SinkResolver } from '../sinks.ts';
import { addSink, made, plainSinks, sourcesWorld } from '../../../test/sources/world.ts';
import { sinkBindingAdmission } from './admission.ts';
import { sinkBindingController } from './controller.ts';

let world: Awaited<ReturnType<typeof sourcesWorld>>;
let audience: string | undefined;

const sinks: SinkResolver = {
  kinds: plainSinks.kinds,
  resolve(destination, namespace, reader) {
    const resolved = plainSinks.resolve(destination, namespace, reader);
    return 'address' in resolved && audience ? { address: { ...resolved.address, audience } } : resolved;
  },
};

const containers = [{ name: 'c', image: 'ko.local/beat' }];
const sink = { ref: { apiVersion: 'v1', kind: 'Service', name: 'sink' } };
const SINK_URL = 'http://sink.default.svc.cluster.local';

beforeEach(async () => {
  audience = undefined;
  world = await sourcesWorld({
    plugins: [sinkBindingAdmission(() => ({ sinks, reader: world.engine.view }))],
  });
  world.begin(
    sinkBindingController({ sinks, giveToken: async (identity, whom) => `${identity} for ${whom}` }),
    containerSourceController,
  );
  await addSink(world.client);
  await world.clock.advance(0);
});
afterEach(() => world.stop());

type Env = readonly { name: string; value?: string | undefined }[];

async function envOf(kind: Kind, name = 'it'): Promise<Record<string, string | undefined>> {
  const object = (await world.client.get(kind, 'default', name)) as
    | (KubeObject & { spec: { template: { spec: { containers: { env?: Env }[] } } } })
    | undefined;
  const env = object?.spec.template.spec.containers[0]?.env ?? [];
  return Object.fromEntries(env.map(({ name: key, value }) => [key, value]));
}

async function bind(kind: Kind, spec: object = {}, metadata: object = {}): Promise<void> {
  const subject = { apiVersion: kind.apiVersion, kind: kind.kind, name: 'it' };
  await world.client.create(SinkBinding, made(SinkBinding, { sink, subject, ...spec }, metadata));
  await world.clock.advance(1000);
}

async function deploy(metadata: object = {}): Promise<void> {
  const labels = { app: 'it' };
  const template = { metadata: { labels }, spec: { containers } };
  await world.client.create(
    Deployment,
    made(Deployment, { selector: { matchLabels: labels }, template }, { labels, ...metadata }),
  );
  await world.clock.advance(1000);
}

const job = () =>
  made<Job>(Job, { template: { spec: { restartPolicy: 'Never', containers } } }, { labels: { app: 'it' } });
const binding = () => world.client.get(SinkBinding, 'default', 'it');

describe('a Deployment', () => {
  test('that is there is told, and forgets when the binding goes', async () => {
    await deploy();
    await bind(Deployment, { ceOverrides: { extensions: { a: 'b' } } });
    expect(await envOf(Deployment)).toEqual({ K_SINK: SINK_URL, K_CE_OVERRIDES: '{"extensions":{"a":"b"}}' });
    const bound = await binding();
    expect(bound && isReady(bound)).toBe(true);
    expect(bound?.status?.sinkUri).toBe(SINK_URL);
    await world.client.delete(SinkBinding, 'default', 'it');
    await world.clock.advance(1000);
    expect(await binding()).toBeUndefined();
    expect(await envOf(Deployment)).toEqual({});
  });

  test('that comes later is waited for, and told as it is made', async () => {
    await bind(Deployment);
    expect(findCondition((await binding())?.status, 'SinkBindingAvailable')).toMatchObject({
      status: 'False',
      reason: 'SubjectMissing',
    });
    await deploy();
    expect(await envOf(Deployment)).toEqual({ K_SINK: SINK_URL, K_CE_OVERRIDES: '' });
    const bound = await binding();
    expect(bound && isReady(bound)).toBe(true);
  });

  test('whose author forgets it is told again', async () => {
    await deploy();
    await bind(Deployment);
    const there = await world.client.get(Deployment, 'default', 'it');
    if (!there) throw new Error('no Deployment');
    await world.client.update(Deployment, {
      ...there,
      spec: { ...there.spec, template: { ...there.spec.template, spec: { containers } } },
    });
    expect(await envOf(Deployment)).toEqual({ K_SINK: SINK_URL, K_CE_OVERRIDES: '' });
  });

  test('that keeps bindings out is left alone', async () => {
    await deploy({ labels: { app: 'it', 'bindings.knative.dev/exclude': 'true' } });
    await bind(Deployment);
    expect(await envOf(Deployment)).toEqual({});
  });

  test('hears of a sink that comes later', async () => {
    await deploy();
    await bind(Deployment, { sink: { ref: { ...sink.ref, name: 'late' } } });
    expect(findCondition((await binding())?.status, 'SinkProvided')).toMatchObject({
      status: 'False',
      reason: 'NoAddressable',
      message: 'Addressable could not be extracted from destination: services "late" not found',
    });
    await addSink(world.client, 'late');
    await world.clock.advance(1000);
    expect(await envOf(Deployment)).toMatchObject({ K_SINK: 'http://late.default.svc.cluster.local' });
  });

  test('of two bindings the last counts, and what the other says when it goes', async () => {
    await deploy();
    await bind(Deployment);
    await addSink(world.client, 'second');
    await bind(Deployment, { sink: { ref: { ...sink.ref, name: 'second' } } }, { name: 'later' });
    expect(await envOf(Deployment)).toMatchObject({ K_SINK: 'http://second.default.svc.cluster.local' });
    await world.client.delete(SinkBinding, 'default', 'later');
    await world.clock.advance(1000);
    expect(await envOf(Deployment)).toMatchObject({ K_SINK: SINK_URL });
  });
});

test('Jobs are told as they are made, by their labels', async () => {
  await bind(Job, { subject: { apiVersion: 'batch/v1', kind: 'Job', selector: { matchLabels: { app: 'it' } } } });
  await world.client.create(Job, job());
  expect(await envOf(Job)).toEqual({ K_SINK: SINK_URL, K_CE_OVERRIDES: '' });
  await world.clock.advance(1000);
  const bound = await binding();
  expect(bound && isReady(bound)).toBe(true);
  await world.client.delete(SinkBinding, 'default', 'it');
  await world.clock.advance(1000);
  expect(await binding()).toBeUndefined();
});

test('a Knative Service is told in its template', async () => {
  await world.client.create(
    Service,
    made(Service, { template: { spec: { containers: [{ image: 'ko.local/beat' }] } } }),
  );
  await bind(Service);
  expect(await envOf(Service)).toEqual({ K_SINK: SINK_URL, K_CE_OVERRIDES: '' });
});

test('a kind without a template is named', async () => {
  await bind(ConfigMap);
  expect(findCondition((await binding())?.status, 'SinkBindingAvailable')).toMatchObject({
    reason: 'SubjectUnavailable',
    message: 'v1 ConfigMap is no kind with a template of Pods at spec.template.spec',
  });
});

test('the namespace is marked as one with bindings', async () => {
  await deploy();
  await bind(Deployment);
  const namespace = await world.client.get(Namespace, '', 'default');
  expect(namespace?.metadata.labels).toMatchObject({ 'bindings.knative.dev/include': 'true' });
});

test('a sink that asks who sends is shown a token, which is renewed', async () => {
  audience = 'somebody';
  await world.client.create(ConfigMap, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: eventingFeaturesConfig.name, namespace: eventingFeaturesConfig.namespace },
    data: { 'authentication-oidc': 'enabled' },
  });
  await deploy();
  await bind(Deployment);
  const account = 'it-oidc-sources.knative.dev-sinkbinding';
  expect(await world.client.get(ServiceAccount, 'default', account)).toBeDefined();
  const secret = () => world.client.get(Secret, 'default', 'it-oidc-token');
  const first = await secret();
  expect(atob(first?.data?.['token'] ?? '')).toBe(`default/${account} for somebody`);
  expect((await binding())?.status).toMatchObject({
    oidcTokenSecretName: 'it-oidc-token',
    auth: { serviceAccountName: account },
  });
  const { template } = (await world.client.get(Deployment, 'default', 'it'))?.spec ?? {};
  expect(template?.spec.volumes?.map(({ name }) => name)).toEqual(['oidc-token']);
  await world.clock.advance(31 * 60_000);
  expect((await secret())?.metadata.resourceVersion).not.toBe(first?.metadata.resourceVersion);
});

describe('trust bundles of knative-eventing', () => {
  const BUNDLE = 'networking.knative.dev/trust-bundle';
  const bundle = (data: Record<string, string>): ConfigMap => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'roots', namespace: 'knative-eventing', labels: { [BUNDLE]: 'true' } },
    data,
  });
  const copied = () => world.client.get(ConfigMap, 'default', 'rootskne-bundle');
  const template = async () => (await world.client.get(Deployment, 'default', 'it'))?.spec.template.spec;
  const mountsOf = async () => (await template())?.containers[0]?.volumeMounts;

  test('lie in the containers, and go with the last binding', async () => {
    await world.client.create(ConfigMap, bundle({ 'ca.crt': 'one' }));
    await deploy();
    await bind(Deployment);
    expect(await copied()).toMatchObject({
      metadata: { labels: { [BUNDLE]: 'true' }, ownerReferences: [{ kind: 'SinkBinding', name: 'it' }] },
      data: { 'ca.crt': 'one' },
    });
    expect((await template())?.volumes).toMatchObject([
      { name: 'kne-bundle-volume', projected: { sources: [{ configMap: { name: 'rootskne-bundle' } }] } },
    ]);
    expect(await mountsOf()).toEqual([
      { name: 'kne-bundle-volume', readOnly: true, mountPath: '/knative-custom-certs' },
    ]);
    await bind(Deployment, {}, { name: 'second' });
    expect((await copied())?.metadata.ownerReferences?.map(({ name }) => name)).toEqual(['it', 'second']);
    for (const name of ['it', 'second']) await world.client.delete(SinkBinding, 'default', name);
    await world.clock.advance(1000);
    expect([(await template())?.volumes, await mountsOf()]).toEqual([undefined, undefined]);
  });

  test('that change or go are followed', async () => {
    await deploy();
    await bind(Deployment);
    expect([await copied(), (await template())?.volumes]).toEqual([undefined, undefined]);
    await world.client.create(ConfigMap, bundle({ 'ca.crt': 'one' }));
    await world.clock.advance(1000);
    expect(await mountsOf()).toHaveLength(1);
    const there = await world.client.get(ConfigMap, 'knative-eventing', 'roots');
    if (!there) throw new Error('no bundle');
    await world.client.update(ConfigMap, { ...there, data: { 'other.crt': 'two' } });
    await world.clock.advance(1000);
    expect((await copied())?.data).toEqual({ 'other.crt': 'two' });
    await world.client.delete(ConfigMap, 'knative-eventing', 'roots');
    await world.clock.advance(1000);
    expect([await copied(), (await template())?.volumes]).toEqual([undefined, undefined]);
  });

  test('of a ContainerSource stay with its program, which is not made anew again and again', async () => {
    await world.client.create(ConfigMap, bundle({ 'ca.crt': 'one' }));
    await world.client.create(
      ContainerSource,
      made(ContainerSource, { sink, template: { spec: { containers: [{ image: 'ko.local/beat' }] } } }),
    );
    await world.clock.advance(1000);
    const deployment = () => world.client.get(Deployment, 'default', 'it-deployment');
    const before = await deployment();
    expect(before?.spec.template.spec.volumes).toHaveLength(1);
    await world.client.patch(ContainerSource, 'default', 'it', 'merge', { metadata: { labels: { a: 'b' } } });
    await world.clock.advance(60_000);
    expect((await deployment())?.metadata.generation).toBe(before?.metadata.generation);
  });
});

test('a ContainerSource runs its program, told where to send, and follows its sink', async () => {
  const args = ['--period=1s'];
  await world.client.create(
    ContainerSource,
    made(ContainerSource, { sink, template: { spec: { containers: [{ image: 'ko.local/beat', args }] } } }),
  );
  await world.clock.advance(1000);
  const source = () => world.client.get(ContainerSource, 'default', 'it');
  const deployment = async () => world.client.get(Deployment, 'default', 'it-deployment');
  expect(await envOf(Deployment, 'it-deployment')).toEqual({ K_SINK: SINK_URL, K_CE_OVERRIDES: '' });
  expect((await deployment())?.spec.template.spec.containers[0]).toMatchObject({ name: 'it-0', args });
  expect((await source())?.status?.sinkUri).toBe(SINK_URL);
  expect(findCondition((await source())?.status, 'ReceiveAdapterReady')?.reason).toBe('DeploymentUnavailable');
  const there = await deployment();
  if (!there) throw new Error('no Deployment');
  const conditions = [{ type: 'Available', status: 'True' }];
  await world.client.updateStatus(Deployment, { ...there, status: { ...there.status, conditions } });
  await world.clock.advance(1000);
  const ready = await source();
  expect(ready && isReady(ready)).toBe(true);
  const generation = (await deployment())?.metadata.generation;
  await world.clock.advance(60_000);
  expect((await deployment())?.metadata.generation).toBe(generation);
});
