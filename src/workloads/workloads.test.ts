// The controllers together over a real registry: what a write of a user leads to.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { seededRandom, settle, VirtualClock } from '#base/mod.ts';
import { createEngine, runControllers } from '#engine/mod.ts';
import {
  allKinds,
  ConfigMap,
  Deployment,
  Endpoints,
  HorizontalPodAutoscaler,
  Namespace,
  Node,
  Pod,
  ReplicaSet,
  ResourceQuota,
  CoreService,
  DEFAULT_CLASS_ANNOTATION,
  LOCAL_DRIVER,
  PersistentVolume,
  PersistentVolumeClaim,
  ServiceAccount,
  StorageClass,
} from '#kinds/mod.ts';
import type { PodMetrics } from '#kinds/mod.ts';
import type { Client } from '#objects/mod.ts';
import { localClient, localInformers, Registry, Scheme, Store } from '#objects/mod.ts';
import { silentLog } from '#telemetry/mod.ts';
import { ScriptedDatabase } from '../../test/contracts/scripted-database.ts';
import { workloadControllers } from './mod.ts';

let client: Client;
let clock: VirtualClock;
let end: () => Promise<void>;
/** Folders of volumes that there are. */
const folders = new Set<string>();
const volumes = {
  make: async (handle: string) => void folders.add(handle),
  remove: async (handle: string) => void folders.delete(handle),
};

beforeEach(async () => {
  folders.clear();
  const store = await Store.open(new ScriptedDatabase());
  const scheme = new Scheme(allKinds);
  clock = new VirtualClock();
  const random = seededRandom(1);
  const registry = new Registry({ store, scheme, clock, random });
  client = localClient(registry, { name: 'test', groups: [] });
  const informers = localInformers(store, scheme);
  const engine = createEngine({ client, informers, clock, random, log: silentLog });
  const metrics = { resources: { pods: () => usage(informers.of(Pod).list()), nodes: () => [] } };
  const abort = new AbortController();
  const running = runControllers(
    workloadControllers({ engine, informers, scheme, random, log: silentLog, rootCa: 'PEM', volumes, metrics }),
    { signal: abort.signal },
  );
  end = async () => {
    abort.abort();
    await running;
  };
  await client.create(Namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'ns' }, spec: {} });
  await client.create(Node, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' }, spec: {} });
  await client.updateStatus(Node, {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'n' },
    spec: {},
    status: { allocatable: { cpu: '4', memory: '8Gi', pods: '100' } },
  });
  await rest();
});
afterEach(() => end());

/** Until nothing more happens by itself. */
async function rest(): Promise<void> {
  for (let i = 0; i < 40; i++) {
    await clock.advance(100);
    await settle();
  }
}

const names = async <O extends { metadata: { name: string } }>(list: Promise<{ items: readonly O[] }>) =>
  (await list).items.map(({ metadata }) => metadata.name);

const deployment = (replicas: number, image = 'a'): Deployment => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'd', namespace: 'ns' },
  spec: {
    replicas,
    selector: { matchLabels: { app: 'd' } },
    template: {
      metadata: { labels: { app: 'd' } },
      spec: { containers: [{ name: 'c', image, ports: [{ containerPort: 8080 }] }] },
    },
  },
});

async function becomeReady(): Promise<void> {
  for (const pod of (await client.list(Pod, { namespace: 'ns' })).items) {
    const conditions = [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' }];
    await client.updateStatus(Pod, {
      ...pod,
      status: { ...pod.status, phase: 'Running', podIP: '10.1.0.1', startTime: '2026-01-01T00:00:00Z', conditions },
    });
  }
  await rest();
}

/** Cores that each Pod uses. */
let cores = 0;
function usage(pods: readonly Pod[]): PodMetrics[] {
  const now = new Date(clock.now()).toISOString();
  return pods.map(({ metadata: { name, namespace } }) => ({
    apiVersion: 'metrics.k8s.io/v1beta1',
    kind: 'PodMetrics',
    metadata: { name, namespace },
    timestamp: now,
    window: '15s',
    containers: [{ name: 'c', usage: { cpu: `${cores * 1000}m`, memory: '10Mi' } }],
  }));
}

describe('a HorizontalPodAutoscaler', () => {
  const SYNC_MS = 15_000;
  const CALM_MS = 330_000;

  async function look(ms: number): Promise<HorizontalPodAutoscaler['status']> {
    for (let passed = 0; passed < ms; passed += SYNC_MS) {
      await clock.advance(SYNC_MS);
      await becomeReady();
    }
    return (await client.get(HorizontalPodAutoscaler, 'ns', 'h'))?.status;
  }

  test('follows the load up at once and down after five minutes, within its bounds', async () => {
    const made = deployment(1);
    const [container] = made.spec.template.spec.containers;
    if (container) container.resources = { requests: { cpu: '1' } };
    await client.create(Deployment, made);
    await rest();
    await becomeReady();
    await client.create(HorizontalPodAutoscaler, {
      apiVersion: 'autoscaling/v2',
      kind: 'HorizontalPodAutoscaler',
      metadata: { name: 'h', namespace: 'ns' },
      spec: {
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' },
        maxReplicas: 3,
        metrics: [
          { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } },
        ],
      },
    });
    cores = 0.9;
    // Readings of Pods that have just started do not count.
    const up = await look(CALM_MS);
    expect(up).toMatchObject({ currentReplicas: 3, desiredReplicas: 3 });
    expect(up?.conditions?.find(({ type }) => type === 'ScalingLimited')).toMatchObject({
      status: 'True',
      reason: 'TooManyReplicas',
    });
    cores = 0.01;
    expect(await look(120_000)).toMatchObject({ desiredReplicas: 3 });
    expect(await look(CALM_MS)).toMatchObject({ currentReplicas: 1, desiredReplicas: 1 });
    expect((await client.get(Deployment, 'ns', 'd'))?.spec.replicas).toBe(1);
  });
});

describe('a Deployment', () => {
  test('becomes a ReplicaSet and Pods on the node, and tells when they are ready', async () => {
    await client.create(Deployment, deployment(2));
    await rest();
    const { items } = await client.list(Pod, { namespace: 'ns' });
    expect(items.map(({ spec }) => spec.nodeName)).toEqual(['n', 'n']);
    const [set] = (await client.list(ReplicaSet)).items;
    expect(
      items.every(
        ({ metadata }) => metadata.labels?.['pod-template-hash'] === set?.metadata.labels?.['pod-template-hash'],
      ),
    ).toBe(true);
    await becomeReady();
    const { status } = (await client.get(Deployment, 'ns', 'd')) ?? {};
    expect(status).toMatchObject({
      observedGeneration: 1,
      replicas: 2,
      readyReplicas: 2,
      availableReplicas: 2,
      updatedReplicas: 2,
    });
  });

  test('rolls a new template out and keeps the old set', async () => {
    await client.create(Deployment, deployment(1));
    await rest();
    await becomeReady();
    await client.update(Deployment, deployment(1, 'b'));
    await rest();
    expect((await client.list(Pod)).items).toHaveLength(2);
    await becomeReady();
    const { items } = await client.list(Pod);
    expect(
      items.filter(({ metadata }) => !metadata.deletionTimestamp).map(({ spec }) => spec.containers[0]?.image),
    ).toEqual(['b']);
    expect((await client.list(ReplicaSet)).items.map(({ spec }) => spec.replicas ?? 0).sort((a, b) => a - b)).toEqual([
      0, 1,
    ]);
    expect((await client.get(Deployment, 'ns', 'd'))?.metadata.annotations).toMatchObject({
      'deployment.kubernetes.io/revision': '2',
    });
  });

  test('takes everything along when it goes', async () => {
    await client.create(Deployment, deployment(2));
    await rest();
    await client.delete(Deployment, 'ns', 'd', { propagation: 'Background' });
    await rest();
    expect(await names(client.list(ReplicaSet))).toEqual([]);
    expect((await client.list(Pod)).items.every(({ metadata }) => metadata.deletionTimestamp)).toBe(true);
  });

  test('deleted in the foreground, it goes last; as an orphan it leaves its set', async () => {
    await client.create(Deployment, deployment(0));
    await rest();
    await client.delete(Deployment, 'ns', 'd', { propagation: 'Orphan' });
    await rest();
    expect([
      await names(client.list(Deployment)),
      (await client.list(ReplicaSet)).items[0]?.metadata.ownerReferences,
    ]).toEqual([[], undefined]);
    const [left = ''] = await names(client.list(ReplicaSet));
    await client.delete(ReplicaSet, 'ns', left, { propagation: 'Foreground' });
    await rest();
    expect(await names(client.list(ReplicaSet))).toEqual([]);
  });
});

test('a Pod that does not fit waits and says why, and is placed when there is room', async () => {
  const pod = (name: string, cpu: string): Pod => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'ns' },
    spec: { containers: [{ name: 'c', image: 'i', resources: { requests: { cpu } } }] },
  });
  await client.create(Pod, pod('a', '3'));
  await client.create(Pod, pod('b', '2'));
  await rest();
  const waiting = await client.get(Pod, 'ns', 'b');
  expect(waiting?.spec.nodeName).toBeUndefined();
  expect(waiting?.status?.conditions).toMatchObject([
    {
      type: 'PodScheduled',
      status: 'False',
      reason: 'Unschedulable',
      message: expect.stringContaining('0/1 nodes are available: 1 Insufficient cpu.') as string,
    },
  ]);
  await client.delete(Pod, 'ns', 'a', { gracePeriodSeconds: 0 });
  await clock.advance(31_000);
  await rest();
  expect((await client.get(Pod, 'ns', 'b'))?.spec.nodeName).toBe('n');
});

describe('Pods that mind where others are', () => {
  const rule = (which: 'podAffinity' | 'podAntiAffinity', app: string): Pod['spec']['affinity'] => ({
    [which]: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        { labelSelector: { matchLabels: { app } }, topologyKey: 'kubernetes.io/hostname' },
      ],
    },
  });
  const pod = (name: string, affinity?: Pod['spec']['affinity']): Pod => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'ns', labels: { app: name } },
    spec: { containers: [{ name: 'c', image: 'i' }], ...(affinity ? { affinity } : {}) },
  });
  const nodeOf = async (name: string) => (await client.get(Pod, 'ns', name))?.spec.nodeName;
  const told = async (name: string) => (await client.get(Pod, 'ns', name))?.status?.conditions?.[0]?.message ?? '';
  const none = '0/1 nodes are available: 1 node(s)';

  beforeEach(async () => {
    const labels = { 'kubernetes.io/hostname': 'n' };
    await client.patch(Node, '', 'n', 'merge', { metadata: { labels } });
    await rest();
  });

  test('one that must be near another is placed as soon as that one is', async () => {
    await client.create(Pod, pod('web', rule('podAffinity', 'db')));
    await rest();
    expect(await nodeOf('web')).toBeUndefined();
    expect(await told('web')).toContain(`${none} didn't match pod affinity rules.`);
    await client.create(Pod, pod('db'));
    await rest();
    expect(await nodeOf('web')).toBe('n');
  });

  test('one that must be far from another, and one that another wants far, wait until it is gone', async () => {
    await client.create(Pod, pod('db', rule('podAntiAffinity', 'log')));
    await rest();
    await client.create(Pod, pod('web', rule('podAntiAffinity', 'db')));
    await client.create(Pod, pod('log'));
    await rest();
    expect(await told('web')).toContain(`${none} didn't match pod anti-affinity rules.`);
    expect(await told('log')).toContain(`${none} didn't satisfy existing pods anti-affinity rules.`);
    await client.delete(Pod, 'ns', 'db', { gracePeriodSeconds: 0 });
    await rest();
    expect([await nodeOf('web'), await nodeOf('log')]).toEqual(['n', 'n']);
  });

  test('of several at once that must be apart, one is placed', async () => {
    const like = (name: string): Pod => ({
      ...pod(name, rule('podAntiAffinity', 'x')),
      metadata: { name, namespace: 'ns', labels: { app: 'x' } },
    });
    await Promise.all(['a', 'b', 'c'].map((name) => client.create(Pod, like(name))));
    await rest();
    const nodes = await Promise.all(['a', 'b', 'c'].map(nodeOf));
    expect(nodes.filter((name) => name === 'n')).toHaveLength(1);
  });
});

test('a Service has endpoints where its Pods are ready', async () => {
  await client.create(CoreService, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 's', namespace: 'ns' },
    spec: { selector: { app: 'd' }, ports: [{ port: 80, targetPort: 8080 }] },
  });
  await client.create(Deployment, deployment(1));
  await rest();
  expect((await client.get(Endpoints, 'ns', 's'))?.subsets ?? []).toEqual([]);
  await becomeReady();
  expect((await client.get(Endpoints, 'ns', 's'))?.subsets).toMatchObject([
    { addresses: [{ ip: '10.1.0.1' }], ports: [{ port: 8080 }] },
  ]);
});

describe('a namespace', () => {
  test('has its default account and the authority, and gets them back', async () => {
    expect([await names(client.list(ServiceAccount)), await names(client.list(ConfigMap))]).toEqual([
      ['default'],
      ['kube-root-ca.crt'],
    ]);
    await client.delete(ServiceAccount, 'ns', 'default');
    await rest();
    expect(await names(client.list(ServiceAccount))).toEqual(['default']);
  });

  test('is emptied before it goes', async () => {
    await client.create(Deployment, deployment(1));
    await rest();
    await client.delete(Namespace, '', 'ns');
    await rest();
    expect((await client.get(Namespace, '', 'ns'))?.status?.phase).toBe('Terminating');
    const [pod = ''] = await names(client.list(Pod));
    await client.delete(Pod, 'ns', pod, { gracePeriodSeconds: 0 });
    await rest();
    expect([await names(client.list(Namespace)), await names(client.list(ConfigMap))]).toEqual([[], []]);
  });
});

describe('a claim', () => {
  const claim = (spec: Partial<PersistentVolumeClaim['spec']> = {}): PersistentVolumeClaim => ({
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'c', namespace: 'ns' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec },
  });
  const classOf = (name: string, more: Partial<StorageClass> = {}): StorageClass => ({
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name, annotations: { [DEFAULT_CLASS_ANNOTATION]: 'true' } },
    provisioner: LOCAL_DRIVER,
    ...more,
  });
  const pod = (): Pod => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'ns' },
    spec: {
      containers: [{ name: 'c', image: 'i', volumeMounts: [{ name: 'v', mountPath: '/v' }] }],
      volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'c' } }],
    },
  });
  const phases = async () => [
    (await client.get(PersistentVolumeClaim, 'ns', 'c'))?.status?.phase,
    ...(await client.list(PersistentVolume)).items.map(({ status }) => status?.phase),
  ];
  const scheduled = async () => (await client.get(Pod, 'ns', 'p'))?.status?.conditions?.[0]?.message;

  test('of the default class gets a folder, keeps its Pod waiting until then, and takes the folder along', async () => {
    await client.create(Pod, pod());
    await rest();
    expect(await scheduled()).toContain('0/1 nodes are available: persistentvolumeclaim "c" not found.');
    await client.create(PersistentVolumeClaim, claim());
    await rest();
    expect([await phases(), await scheduled()]).toEqual([
      ['Pending'],
      '0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.',
    ]);
    await client.create(StorageClass, classOf('local'));
    await rest();
    expect(await phases()).toEqual(['Bound', 'Bound']);
    expect((await client.get(PersistentVolumeClaim, 'ns', 'c'))?.status).toEqual({
      phase: 'Bound',
      accessModes: ['ReadWriteOnce'],
      capacity: { storage: '1Gi' },
    });
    expect((await client.get(Pod, 'ns', 'p'))?.spec.nodeName).toBe('n');
    const [volume] = (await client.list(PersistentVolume)).items;
    expect([...folders]).toEqual([volume?.metadata.name]);
    await client.delete(PersistentVolumeClaim, 'ns', 'c');
    await rest();
    expect((await phases())[0]).toBe('Bound');
    await client.delete(Pod, 'ns', 'p', { gracePeriodSeconds: 0 });
    await rest();
    expect([await phases(), [...folders]]).toEqual([[undefined], []]);
  });

  test('of a class that retains leaves its volume behind, with its data', async () => {
    await client.create(StorageClass, classOf('kept', { reclaimPolicy: 'Retain' }));
    await client.create(PersistentVolumeClaim, claim());
    await rest();
    await client.delete(PersistentVolumeClaim, 'ns', 'c');
    await rest();
    expect([await phases(), folders.size]).toEqual([[undefined, 'Released'], 1]);
    const [volume] = (await client.list(PersistentVolume)).items;
    await client.delete(PersistentVolume, '', volume?.metadata.name ?? '');
    await rest();
    expect([await phases(), folders.size]).toEqual([[undefined], 1]);
  });

  test('of a class that waits is bound when its Pod is placed', async () => {
    await client.create(StorageClass, classOf('late', { volumeBindingMode: 'WaitForFirstConsumer' }));
    await client.create(PersistentVolumeClaim, claim());
    await rest();
    expect(await phases()).toEqual(['Pending']);
    await client.create(Pod, pod());
    await rest();
    expect([await phases(), (await client.get(Pod, 'ns', 'p'))?.spec.nodeName]).toEqual([['Bound', 'Bound'], 'n']);
  });

  test('without a class takes the smallest volume that fits, and loses it with the volume', async () => {
    const volume = (name: string, storage: string): PersistentVolume => ({
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name },
      spec: { capacity: { storage }, accessModes: ['ReadWriteOnce', 'ReadOnlyMany'], hostPath: { path: `/${name}` } },
    });
    for (const [name, size] of [
      ['small', '1Mi'],
      ['large', '9Gi'],
      ['right', '2Gi'],
    ] as const)
      await client.create(PersistentVolume, volume(name, size));
    await client.create(PersistentVolumeClaim, claim({ storageClassName: '' }));
    await rest();
    expect([await phases(), (await client.get(PersistentVolumeClaim, 'ns', 'c'))?.spec.volumeName]).toEqual([
      ['Bound', 'Available', 'Bound', 'Available'],
      'right',
    ]);
    await client.delete(PersistentVolume, '', 'right');
    await rest();
    expect((await client.get(PersistentVolume, '', 'right'))?.metadata.deletionTimestamp).toBeDefined();
    await client.patch(PersistentVolume, '', 'right', 'merge', { metadata: { finalizers: null } });
    await rest();
    expect((await phases())[0]).toBe('Lost');
  });

  test('grows where its class lets it, and never shrinks', async () => {
    await client.create(StorageClass, classOf('local', { allowVolumeExpansion: true }));
    await client.create(PersistentVolumeClaim, claim());
    await rest();
    const resize = (storage: string) =>
      client.patch(PersistentVolumeClaim, 'ns', 'c', 'merge', { spec: { resources: { requests: { storage } } } });
    await expect(resize('1Mi')).rejects.toThrow('field can not be less than status.capacity');
    await resize('3Gi');
    await rest();
    expect((await client.get(PersistentVolumeClaim, 'ns', 'c'))?.status?.capacity).toEqual({ storage: '3Gi' });
  });

  test('of a Pod alone is made for it and goes with it', async () => {
    await client.create(StorageClass, classOf('local'));
    const spec = claim().spec;
    await client.create(Pod, {
      ...pod(),
      spec: { ...pod().spec, volumes: [{ name: 'v', ephemeral: { volumeClaimTemplate: { spec } } }] },
    });
    await rest();
    expect([
      (await client.get(PersistentVolumeClaim, 'ns', 'p-v'))?.status?.phase,
      (await client.get(Pod, 'ns', 'p'))?.spec.nodeName,
    ]).toEqual(['Bound', 'n']);
    await client.delete(Pod, 'ns', 'p', { gracePeriodSeconds: 0 });
    await rest();
    expect([(await client.list(PersistentVolumeClaim)).items, [...folders]]).toEqual([[], []]);
  });
});

test('a quota tells how much of it is used', async () => {
  await client.create(ResourceQuota, {
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name: 'q', namespace: 'ns' },
    spec: { hard: { pods: '5', 'requests.cpu': '2', 'count/deployments.apps': '3' } },
  });
  await client.create(Deployment, deployment(2));
  await rest();
  const used = async () => (await client.get(ResourceQuota, 'ns', 'q'))?.status;
  expect(await used()).toEqual({
    hard: { pods: '5', 'requests.cpu': '2', 'count/deployments.apps': '3' },
    used: { pods: '2', 'requests.cpu': '0', 'count/deployments.apps': '1' },
  });
  await client.delete(Deployment, 'ns', 'd');
  await rest();
  // Nobody ends the Pods here, so they are counted still.
  expect((await used())?.used).toMatchObject({ pods: '2', 'count/deployments.apps': '0' });
});
