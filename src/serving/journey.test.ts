// A Service's whole life over the real store and registry: made, updated, split, put to sleep and woken.

import { afterEach, beforeEach, expect, test } from 'vitest';
import { seededRandom, settle, VirtualClock } from '#base/mod.ts';
import { runControllers } from '#engine/mod.ts';
import type { GatewayControl, IngressRules, Target, TargetReport } from '#gateway/mod.ts';
import {
  allKinds,
  Configuration,
  Deployment,
  Route,
  Namespace,
  Pod,
  Revision,
  Service,
  systemConfigMaps,
  ConfigMap,
  KIngress,
  PodAutoscaler,
} from '#kinds/mod.ts';
import type { Kind, KubeObject } from '#machinery/mod.ts';
import { controllerRef, findCondition, isReady } from '#machinery/mod.ts';
import type { Client, Informers } from '#objects/mod.ts';
import { localClient, localInformers, Registry, Scheme, Store } from '#objects/mod.ts';
import { silentLog } from '#telemetry/mod.ts';
import { ScriptedDatabase } from '../../test/contracts/scripted-database.ts';
import { servingControllers } from './mod.ts';

const SECOND = 1000;
const admin = { name: 'system:admin', groups: ['system:masters'] };

class FakeGateway implements GatewayControl {
  readonly targets = new Map<string, Target>();
  readonly ingresses = new Map<string, IngressRules>();
  readonly reports = new Set<(reports: readonly TargetReport[]) => void>();
  readonly wakes = new Set<(target: string) => void>();

  async setIngress(key: string, rules: IngressRules | undefined) {
    if (rules) this.ingresses.set(key, rules);
    else this.ingresses.delete(key);
  }
  async setTarget(key: string, target: Target | undefined) {
    if (target) this.targets.set(key, target);
    else this.targets.delete(key);
  }
  drain = async () => ({ left: 0 });
  onReport(listen: (reports: readonly TargetReport[]) => void) {
    this.reports.add(listen);
    return () => void this.reports.delete(listen);
  }
  onWake(listen: (target: string) => void) {
    this.wakes.add(listen);
    return () => void this.wakes.delete(listen);
  }
  refusals = async () => [];

  wake(target: string) {
    for (const listen of this.wakes) listen(target);
  }
  report(target: string, concurrency: number, requests: number) {
    for (const listen of this.reports) listen([{ target, concurrency, requests, waiting: 0, inFlight: 0 }]);
  }
}

let clock: VirtualClock;
let client: Client;
let informers: Informers;
let gateway: FakeGateway;
let stop: AbortController;
let running: Promise<void>;
let version = 0;
/** Whether Pods can be started. */
let hasNode = true;
/** Stops the controllers, lets time pass, and starts others over what is stored. */
let switchOff: (seconds: number) => Promise<void>;

beforeEach(async () => {
  clock = new VirtualClock();
  gateway = new FakeGateway();
  hasNode = true;
  const scheme = new Scheme(allKinds);
  const store = await Store.open(new ScriptedDatabase());
  const random = seededRandom(1);
  client = localClient(new Registry({ store, scheme, clock, random }), admin);
  const start = () => {
    stop = new AbortController();
    informers = localInformers(store, scheme);
    runDeployments();
    const digests = { resolve: async (image: string) => `${image}@sha256:0` };
    const controllers = servingControllers({ client, informers, gateway, digests, clock, random, log: silentLog });
    running = runControllers(controllers, stop);
  };
  switchOff = async (seconds) => {
    await end();
    await clock.advance(seconds * SECOND);
    start();
  };
  for (const name of ['default', 'knative-serving', 'knative-eventing'])
    await client.create(Namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } } as Namespace);
  for (const map of systemConfigMaps()) await client.create(ConfigMap, map);
  start();
});

afterEach(() => end());

async function end(): Promise<void> {
  stop.abort();
  await clock.advance(SECOND);
  await running;
}

/** What Kubernetes would do: a Pod for each replica, ready at once. */
function runDeployments(): void {
  let tail = Promise.resolve();
  informers.of(Deployment).onChange(({ after }) => {
    if (after) tail = tail.then(() => bring(after.metadata.name)).catch(() => {});
  });
}

async function bring(name: string): Promise<void> {
  const deployment = await client.get(Deployment, 'default', name);
  if (!deployment || !hasNode) return;
  const replicas = deployment.spec.replicas ?? 1;
  const pods = (await client.list(Pod, { namespace: 'default' })).items.filter(
    ({ metadata }) => metadata.ownerReferences?.[0]?.name === name,
  );
  for (const pod of pods.slice(replicas))
    await client.delete(Pod, 'default', pod.metadata.name, { gracePeriodSeconds: 0 });
  for (let i = pods.length; i < replicas; i++) await startPod(deployment);
  const counts = { replicas, readyReplicas: replicas, availableReplicas: replicas, updatedReplicas: replicas };
  const status = {
    observedGeneration: deployment.metadata.generation,
    ...counts,
    conditions: [{ type: 'Progressing', status: 'True' }],
  };
  if (deployment.status?.readyReplicas !== replicas) await client.updateStatus(Deployment, { ...deployment, status });
}

async function startPod(deployment: Deployment): Promise<void> {
  const { template } = deployment.spec;
  const name = `${deployment.metadata.name}-${++version}`;
  const pod = await client.create(Pod, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...template.metadata, name, namespace: 'default', ownerReferences: [controllerRef(deployment)] },
    spec: template.spec,
  });
  await client.updateStatus(Pod, {
    ...pod,
    status: { phase: 'Running', podIP: '10.0.0.1', conditions: [{ type: 'Ready', status: 'True' }] },
  });
}

async function until(what: string, holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 2000; tries++) {
    if (holds()) return;
    await settle();
    if (tries % 20 === 19) await clock.advance(10);
  }
  throw new Error(`did not come about: ${what}`);
}

/** Time passes in seconds, and everybody has a chance to do something about it. */
async function pass(seconds: number): Promise<void> {
  for (let i = 0; i < seconds; i++) {
    await clock.advance(SECOND);
    for (let turns = 0; turns < 20; turns++) await settle();
  }
}

function get<O extends KubeObject>(kind: Kind<O>, name: string): O | undefined {
  return informers.of(kind).get('default', name);
}

function service(image: string, extra: object = {}): Service {
  return {
    apiVersion: Service.apiVersion,
    kind: 'Service',
    metadata: { name: 'hello', namespace: 'default' },
    spec: { template: { spec: { containers: [{ name: 'user-container', image }] } }, ...extra },
  };
}

async function ready(): Promise<Service> {
  await until('the Service is ready', () => isReady(get(Service, 'hello') ?? service('')));
  return get(Service, 'hello') as Service;
}

test('a Service becomes ready, and by then the gateway knows where its requests go', async () => {
  await client.create(Service, service('ko.local/hello'));
  const made = await ready();
  expect(made.status).toMatchObject({
    url: 'http://hello.default.localhost',
    latestReadyRevisionName: 'hello-00001',
    traffic: [{ revisionName: 'hello-00001', percent: 100, latestRevision: true }],
  });
  expect(gateway.targets.get('default/hello-00001')?.endpoints).toMatchObject([
    { host: '10.0.0.1', port: 8080, state: 'ready' },
  ]);
  const rules = gateway.ingresses.get('default/hello')?.rules ?? [];
  expect(rules.map(({ hosts, visibility }) => [visibility, ...hosts])).toEqual([
    ['internal', 'hello.default', 'hello.default.svc', 'hello.default.svc.cluster.local'],
    ['external', 'hello.default.localhost'],
  ]);
});

/** A Service whose first Pod cannot be started, and a night in which the platform is off. */
async function brokenOffAtNight(): Promise<void> {
  hasNode = false;
  await client.create(Service, service('ko.local/hello'));
  await pass(60);
  await switchOff(8 * 3600);
}

test('a first Revision that is not up when the platform is switched off comes up in the morning', async () => {
  await brokenOffAtNight();
  await pass(300);
  expect(get(Deployment, 'hello-00001-deployment')?.spec.replicas).toBe(1);
  expect(findCondition(get(Revision, 'hello-00001')?.status, 'Ready')?.status).toBe('Unknown');
  hasNode = true;
  await bring('hello-00001-deployment');
  await ready();
});

test('a first Revision that does not come up within the deadline has failed, however long the platform was off', async () => {
  await brokenOffAtNight();
  await pass(640);
  expect(findCondition(get(Revision, 'hello-00001')?.status, 'Ready')).toMatchObject({
    status: 'False',
    message: 'Initial scale was never achieved',
  });
});

test('an update makes a second Revision, traffic moves to it, and the first becomes a reserve', async () => {
  await client.create(Service, service('registry.example/hello:1'));
  const first = await ready();
  await client.update(Service, { ...service('registry.example/hello:2'), metadata: first.metadata });
  await until(
    'the second Revision serves',
    () => get(Service, 'hello')?.status?.latestReadyRevisionName === 'hello-00002',
  );
  await ready();
  expect(get(Revision, 'hello-00002')?.status?.containerStatuses).toEqual([
    { name: 'user-container', imageDigest: 'registry.example/hello:2@sha256:0' },
  ]);
  const state = () => get(Revision, 'hello-00001')?.metadata.labels?.['serving.knative.dev/routingState'];
  await until('the first is a reserve', () => state() === 'reserve');
});

test('traffic is split between Revisions, each with its own tag', async () => {
  await client.create(Service, service('ko.local/hello:1'));
  const first = await ready();
  const traffic = [
    { revisionName: 'hello-00001', percent: 90, tag: 'current' },
    { latestRevision: true, percent: 10, tag: 'candidate' },
  ];
  await client.update(Service, { ...service('ko.local/hello:2', { traffic }), metadata: first.metadata });
  await until('the split stands', () => get(Service, 'hello')?.status?.traffic?.length === 2);
  await ready();
  const [, outer] = gateway.ingresses.get('default/hello')?.rules ?? [];
  expect(outer?.paths[0]?.splits).toMatchObject([
    { target: 'default/hello-00001', percent: 90 },
    { target: 'default/hello-00002', percent: 10 },
  ]);
  expect(get(Service, 'hello')?.status?.traffic?.map(({ url }) => url)).toEqual([
    'http://current-hello.default.localhost',
    'http://candidate-hello.default.localhost',
  ]);
});

test('without requests a Revision goes to sleep, stays ready, costs no time, and wakes for a request', async () => {
  await client.create(Service, service('ko.local/hello'));
  await ready();
  await pass(180);
  expect(get(Deployment, 'hello-00001-deployment')?.spec.replicas).toBe(0);
  expect(informers.of(Pod).list()).toEqual([]);
  expect(isReady(get(Service, 'hello') as Service)).toBe(true);
  const sleeping = get(PodAutoscaler, 'hello-00001');
  expect(findCondition(sleeping?.status, 'Active')).toMatchObject({ status: 'False', reason: 'NoTraffic' });
  expect(sleeping?.status).toMatchObject({ desiredScale: 0, actualScale: 0 });
  await pass(120);
  // Nothing is due but the look at whether the wall clock was set.
  for (let looks = 0; looks < 3; looks++) {
    const due = clock.nextDue ?? 0;
    await clock.advance(due - clock.monotonic());
    expect(clock.nextDue).toBe(due + 5 * SECOND);
  }

  gateway.wake('default/hello-00001');
  await until('a Pod takes the request', () => gateway.targets.get('default/hello-00001')?.endpoints.length === 1);
  await until(
    'it is active',
    () => findCondition(get(PodAutoscaler, 'hello-00001')?.status, 'Active')?.status === 'True',
  );
});

test('load brings more Pods, and fewer when it is over', async () => {
  await client.create(Service, service('ko.local/hello'));
  await ready();
  for (let i = 0; i < 30; i++) {
    gateway.report('default/hello-00001', 250, 300);
    await pass(1);
  }
  expect(get(Deployment, 'hello-00001-deployment')?.spec.replicas).toBe(4);
  await pass(300);
  expect(get(Deployment, 'hello-00001-deployment')?.spec.replicas).toBe(0);
});

test('a Service that is deleted by its parts leaves nothing at the gateway', async () => {
  await client.create(Service, service('ko.local/hello'));
  await ready();
  await client.delete(Service, 'default', 'hello');
  await client.delete(Configuration, 'default', 'hello');
  await client.delete(Route, 'default', 'hello');
  await until('the Route has let go', () => get(Route, 'hello') === undefined);
  await client.delete(KIngress, 'default', 'hello');
  await client.delete(Revision, 'default', 'hello-00001');
  await until('the target is gone', () => !gateway.targets.has('default/hello-00001'));
  await until('the ingress is gone', () => !gateway.ingresses.has('default/hello'));
});
