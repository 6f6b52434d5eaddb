import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import {
  ConfigMap,
  Deployment,
  LOCAL_CLASS,
  LOCAL_DRIVER,
  Namespace,
  PersistentVolumeClaim,
  Revision,
  Secret,
  Service,
  ServiceAccount,
  StatefulSet,
} from '#kinds/mod.ts';
import { objectOf, World } from '../ports.fixture.ts';

let world: World;
beforeEach(() => void (world = new World().running()));
afterEach(() => world.discard());

const service = (name: string, image: string, extra: object = {}) =>
  objectOf(Service, name, {
    spec: {
      template: {
        spec: { containers: [{ image, env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'key' } } }] }], ...extra },
      },
    },
    status: { url: 'http://x' },
  });

const kinds = () =>
  parseAllDocuments(world.out).map((one) => one.toJS() as { kind: string; metadata: { name: string } });

test('a Service is exported with what it needs, and nothing else', async () => {
  world.client.objects.push(
    service('hello', 'example.com/a', { volumes: [{ name: 'v', configMap: { name: 'settings' } }] }),
    service('other', 'example.com/b'),
    objectOf(Secret, 'key'),
    objectOf(Secret, 'unrelated'),
    objectOf(ConfigMap, 'settings'),
    objectOf(ServiceAccount, 'default'),
    objectOf(Namespace, 'default', { namespace: '' }),
  );
  expect(await world.run('export hello')).toBe(0);
  expect(kinds().map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([
    'Secret key',
    'ConfigMap settings',
    'Service hello',
  ]);
  expect(world.out).not.toMatch(/status|uid|creationTimestamp|generation/);
  expect(world.err).toBe('ebb: a Secret is in it, readable; --no-secrets leaves them out\n');
  await world.run('export hello --no-secrets -o json');
  expect((JSON.parse(world.out) as { items: unknown[] }).items).toHaveLength(2);
  expect(world.err).toBe('');
});

test('words that kubectl would take for something else are quoted', async () => {
  const data = { x: 'y', on: 'off', n: '012', t: '12:30:45', e: '1e3' };
  world.client.objects.push({ ...objectOf(ConfigMap, 'c'), data } as ReturnType<typeof objectOf>);
  await world.run('export');
  for (const line of ['x: "y"', '"on": "off"', '"n": "012"', 't: "12:30:45"', 'e: "1e3"'])
    expect(world.out).toContain(line);
});

test('what only this platform has is told', async () => {
  const wake = objectOf(Service, 'wake', {
    spec: { template: { metadata: { annotations: { 'ebb.dev/wake': 'started' } } } },
  });
  const traffic = [
    { revisionName: 'split-00001', percent: 50 },
    { latestRevision: true, percent: 50 },
  ];
  const split = objectOf(Service, 'split', { spec: { template: { spec: {} }, traffic } });
  world.client.objects.push(service('here', 'localhost:5050/me/app:v1'), service('too', 'ko.local/app'), wake, split);
  await world.run('export --no-secrets');
  expect(world.err.split('\n').filter(Boolean)).toEqual([
    "ebb: Service here: localhost:5050/me/app:v1 is only in this platform's store; push it to a registry that the cluster reaches",
    "ebb: Service too: ko.local/app is only in this platform's store; push it to a registry that the cluster reaches",
    'ebb: Service wake: ebb.dev/wake means something to Ebb only',
    'ebb: Service split: its traffic names the revision split-00001, which the cluster does not have; lead it to the newest one (latestRevision: true) before it is applied',
  ]);
});

test('a claim is exported as someone would write it, of the default class of the cluster', async () => {
  const template = { metadata: { name: 'data' }, spec: { storageClassName: LOCAL_CLASS } };
  const bound = { storageClassName: LOCAL_CLASS, volumeName: 'pvc-1', accessModes: ['ReadWriteOnce'] };
  const annotations = {
    'pv.kubernetes.io/bind-completed': 'yes',
    'pv.kubernetes.io/bound-by-controller': 'yes',
    'volume.beta.kubernetes.io/storage-provisioner': LOCAL_DRIVER,
    'volume.kubernetes.io/storage-provisioner': LOCAL_DRIVER,
    'volume.kubernetes.io/selected-node': 'ebb',
  };
  const ephemeral = { volumeClaimTemplate: { spec: { storageClassName: LOCAL_CLASS } } };
  const shelf = objectOf(PersistentVolumeClaim, 'shelf', { spec: bound });
  world.client.objects.push(
    { ...shelf, metadata: { ...shelf.metadata, annotations: { ...annotations, mine: '1' } } },
    objectOf(PersistentVolumeClaim, 'fast', { spec: { storageClassName: 'fast' } }),
    objectOf(StatefulSet, 'set', { spec: { volumeClaimTemplates: [template] } }),
    objectOf(Deployment, 'scratch', { spec: { template: { spec: { volumes: [{ name: 'v', ephemeral }] } } } }),
  );
  expect(await world.run('export')).toBe(0);
  const claims = parseAllDocuments(world.out).map((one) => one.toJS() as unknown);
  expect(claims).toMatchObject([
    { kind: 'PersistentVolumeClaim', metadata: { name: 'shelf' } },
    { metadata: { name: 'fast' }, spec: { storageClassName: 'fast' } },
    { kind: 'Deployment', spec: { template: { spec: { volumes: [{ name: 'v' }] } } } },
    { kind: 'StatefulSet', spec: { volumeClaimTemplates: [{ metadata: { name: 'data' } }] } },
  ]);
  expect(claims[0]).toMatchObject({ metadata: { annotations: { mine: '1' } } });
  expect(world.out).not.toMatch(/kubernetes\.io|volumeName|storageClassName: local/);
});

test('what controllers made stays', async () => {
  world.client.objects.push(objectOf(Revision, 'hello-00001'));
  expect(await world.run('export')).toBe(0);
  expect([world.out, world.err]).toEqual(['', 'ebb: there is nothing to export\n']);
});

test.each([
  [
    'export nothing',
    3,
    'There is no Knative Service "nothing" in namespace default. \'ebb get\' shows which there are.',
  ],
  ['export -n nons', 3, 'There is no namespace nons. Make it first: kubectl create namespace nons'],
  ['export x -A', 2, 'give either a name or -A, not both'],
  ['export -o table', 2, '-o must be yaml or json'],
])('%s is refused', async (line, code, message) => {
  expect(await world.run(line)).toBe(code);
  expect(world.err).toContain(message);
});
