import { mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ConfigMap, PersistentVolume, PersistentVolumeClaim, Pod, Secret } from '#kinds/mod.ts';
import { VolumeProblem } from './volume-problem.ts';
import { bringVolumes, renewalSeconds } from './volumes.ts';
import type { VolumeSources } from './volumes.ts';

type Volume = NonNullable<Pod['spec']['volumes']>[number];

const facts = { podIP: '10.0.0.2', hostIP: '127.0.0.1', nodeName: 'n1' };
const base64 = (text: string) => Buffer.from(text).toString('base64');

let folder: string;
let maps: Record<string, Partial<ConfigMap>>;
let secrets: Record<string, Partial<Secret>>;
let claims: Record<string, Partial<PersistentVolumeClaim>>;
let persistent: Record<string, Pick<PersistentVolume, 'spec'>>;
let tokens: [audience: string | undefined, seconds: number][];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ebb-volumes-'));
  maps = { cm: { data: { a: 'one', b: 'two' }, binaryData: { c: base64('\u0000three') } } };
  secrets = { s: { data: { key: base64('hush') } } };
  claims = {};
  persistent = {};
  tokens = [];
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const sources: VolumeSources = {
  configMap: (name) => maps[name] as ConfigMap | undefined,
  secret: (name) => secrets[name] as Secret | undefined,
  token: (_, audience, seconds) => {
    tokens.push([audience, seconds]);
    return Promise.resolve(`token-${tokens.length}`);
  },
  claim: (name) => claims[name] as PersistentVolumeClaim | undefined,
  volume: (name) => {
    const found = persistent[name];
    return found && { apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name }, ...found };
  },
  local: { pathOf: (handle) => join(folder, handle), make: (handle) => mkdir(join(folder, handle)).then(() => {}) },
  image: (_, reference) =>
    reference === 'there' ? Promise.resolve(join(folder, 'image')) : Promise.reject(new Error('no such image')),
  memory: (uid, name, bytes) => Promise.resolve(uid === '' ? undefined : join(folder, `${name}-${bytes ?? 'free'}`)),
};

function podWith(...volumes: Omit<Volume, 'name'>[]): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'ns', labels: { app: 'x' } },
    spec: {
      containers: [{ name: 'c', image: 'i', resources: { limits: { cpu: 2 } } }],
      volumes: volumes.map((volume, at) => ({ ...volume, name: `v${at}` })),
    },
  };
}

const bring = (...volumes: Omit<Volume, 'name'>[]) => bringVolumes(podWith(...volumes), folder, sources, facts);

/** Every file that a program sees in the first volume, `path mode` and its content. */
async function seen(): Promise<Record<string, string>> {
  const out: Record<string, string> = {};
  const walk = async (path: string) => {
    for (const name of await readdir(join(folder, 'v0', path))) {
      if (name.startsWith('..')) continue;
      const file = join(folder, 'v0', path, name);
      const { mode, ...there } = await stat(file);
      if ((await stat(file)).isDirectory()) await walk(join(path, name));
      else if (there.size >= 0) out[`${join(path, name)} ${(mode & 0o777).toString(8)}`] = await readFile(file, 'utf8');
    }
  };
  await walk('');
  return out;
}

const good: [string, Omit<Volume, 'name'>, Record<string, string>][] = [
  ['a config map', { configMap: { name: 'cm' } }, { 'a 644': 'one', 'b 644': 'two', 'c 644': '\u0000three' }],
  [
    'no items are all items',
    { configMap: { name: 'cm', items: [] } },
    { 'a 644': 'one', 'b 644': 'two', 'c 644': '\u0000three' },
  ],
  [
    'some items at paths, with modes',
    {
      configMap: {
        name: 'cm',
        defaultMode: 0o600,
        items: [
          { key: 'a', path: 'x/./y/a.txt', mode: 0o444 },
          { key: 'b', path: 'b' },
        ],
      },
    },
    { 'x/y/a.txt 444': 'one', 'b 600': 'two' },
  ],
  ['a secret', { secret: { secretName: 's', defaultMode: 0o400 } }, { 'key 400': 'hush' }],
  ['missing ones that are optional', { configMap: { name: 'no', optional: true } }, {}],
  [
    'a missing key that is optional',
    {
      secret: {
        secretName: 's',
        optional: true,
        items: [
          { key: 'no', path: 'no' },
          { key: 'key', path: 'k' },
        ],
      },
    },
    { 'k 644': 'hush' },
  ],
  [
    'what the Pod says of itself',
    {
      downwardAPI: {
        items: [
          { path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } },
          { path: 'cpu', mode: 0o600, resourceFieldRef: { containerName: 'c', resource: 'limits.cpu' } },
        ],
      },
    },
    { 'labels 644': 'app="x"', 'cpu 600': '2' },
  ],
  [
    'a projection of all of them',
    {
      projected: {
        defaultMode: 0o440,
        sources: [
          { configMap: { name: 'cm', items: [{ key: 'a', path: 'a' }] } },
          { secret: { name: 's' } },
          { downwardAPI: { items: [{ path: 'ip', fieldRef: { fieldPath: 'status.podIP' } }] } },
          { serviceAccountToken: { path: 'token', audience: 'us', expirationSeconds: 600 } },
        ],
      },
    },
    { 'a 440': 'one', 'key 440': 'hush', 'ip 440': '10.0.0.2', 'token 440': 'token-1' },
  ],
];

test.each(good)('%s', async (_, volume, wanted) => {
  expect((await bring(volume)).get('v0')).toBe(join(folder, 'v0'));
  expect(await seen()).toEqual(wanted);
});

const bad: [string, Omit<Volume, 'name'>, string][] = [
  ['a missing config map', { configMap: { name: 'no' } }, 'configmap "no" not found'],
  ['a missing secret', { secret: { secretName: 'no' } }, 'secret "no" not found'],
  [
    'a missing key',
    { configMap: { name: 'cm', items: [{ key: 'z', path: 'z' }] } },
    '"cm" references non-existent key: z',
  ],
  [
    'a path that leads out',
    { configMap: { name: 'cm', items: [{ key: 'a', path: 'x/../../a' }] } },
    'leads out of the volume',
  ],
  [
    'an absolute path',
    { secret: { secretName: 's', items: [{ key: 'key', path: '/etc/passwd' }] } },
    'leads out of the volume',
  ],
  [
    'a path of the node itself',
    { secret: { secretName: 's', items: [{ key: 'key', path: '..data' }] } },
    'leads out of the volume',
  ],
  [
    'a field that is not known',
    { downwardAPI: { items: [{ path: 'x', fieldRef: { fieldPath: 'spec.what' } }] } },
    'field path "spec.what" is not supported',
  ],
  [
    'a container that is not there',
    { downwardAPI: { items: [{ path: 'x', resourceFieldRef: { containerName: 'z', resource: 'limits.cpu' } }] } },
    'container "z" not found in the pod',
  ],
  ['a kind that is not offered', { nfs: { server: 'a', path: '/b' } }, 'of a kind that this node does not offer'],
  [
    'a driver that is not there',
    { csi: { driver: 'secrets-store.csi.k8s.io' } },
    'driver name secrets-store.csi.k8s.io not found in the list of registered CSI drivers',
  ],
  ['a claim that is not there', { persistentVolumeClaim: { claimName: 'c' } }, 'persistentvolumeclaim "c" not found'],
  ['an image that is not there', { image: { reference: 'no' } }, 'Failed to pull image "no": no such image'],
  [
    'a folder of this machine that is not there',
    { hostPath: { path: '/no/such/folder', type: 'Directory' } },
    '/no/such/folder is not a directory',
  ],
];

test.each(bad)('%s is told in words', async (_, volume, message) => {
  const problem = await bring(volume).catch((error: unknown) => error);
  expect(problem).toBeInstanceOf(VolumeProblem);
  expect(String(problem)).toContain(message);
});

test('scratch space is kept, and open to all', async () => {
  await bring({ emptyDir: {} });
  expect((await stat(join(folder, 'v0'))).mode & 0o777).toBe(0o777);
  expect(await bring({ emptyDir: {} })).toEqual(new Map([['v0', join(folder, 'v0')]]));
});

test('a path of this machine is made where its type says so', async () => {
  const path = join(folder, 'made/here');
  expect(await bring({ hostPath: { path, type: 'DirectoryOrCreate' } })).toEqual(new Map([['v0', path]]));
  await bring({ hostPath: { path: join(path, 'file'), type: 'FileOrCreate' } });
  expect((await stat(join(path, 'file'))).isFile()).toBe(true);
});

const bound = (volumeName: string, spec: PersistentVolume['spec'], status: object = { phase: 'Bound' }) => {
  claims = { c: { metadata: { name: 'c' }, spec: { volumeName }, status } };
  persistent = { [volumeName]: { spec } };
};
const claimed = { persistentVolumeClaim: { claimName: 'c' } };

test.each([
  ['a folder of ours', { csi: { driver: 'local.ebb.dev', volumeHandle: 'pvc-1' } }, 'pvc-1'],
  ['a path of this machine', { hostPath: { path: '/tmp' } }, '/tmp'],
])('storage of a claim: %s', async (_, spec, wanted) => {
  bound('pv', spec);
  expect((await bring(claimed)).get('v0')).toBe(wanted.startsWith('/') ? wanted : join(folder, wanted));
});

test.each([
  [{ phase: 'Pending' }, {}, 'persistentvolumeclaim "c" is not bound to a volume yet'],
  [{ phase: 'Lost' }, {}, 'persistentvolumeclaim "c" has lost its volume pv'],
  [{ phase: 'Bound' }, { nfs: {} }, 'persistentvolume "pv" is of a kind that this node does not mount'],
  [{ phase: 'Bound' }, { volumeMode: 'Block', hostPath: { path: '/tmp' } }, 'is a block device'],
])('a claim that is %j with a volume of %j is told in words', async (status, spec, message) => {
  bound('pv', spec, status);
  await expect(bring(claimed)).rejects.toThrow(message);
});

test('content of an image is where the image is', async () => {
  expect((await bring({ image: { reference: 'there' } })).get('v0')).toBe(join(folder, 'image'));
});

test('scratch space in memory where the node has it, else on disk', async () => {
  const volume = { emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } };
  const pod = podWith(volume);
  pod.metadata.uid = 'u';
  expect((await bringVolumes(pod, folder, sources, facts)).get('v0')).toBe(join(folder, 'v0-1048576'));
  expect((await bring(volume)).get('v0')).toBe(join(folder, 'v0'));
});

test.runIf(process.getuid?.() === 0)('files and scratch space belong to the group of the Pod', async () => {
  const pod = podWith({ secret: { secretName: 's', defaultMode: 0o400 } }, { emptyDir: {} });
  pod.spec.securityContext = { fsGroup: 4711 };
  await bringVolumes(pod, folder, sources, facts);
  const [file, scratch] = await Promise.all([stat(join(folder, 'v0/key')), stat(join(folder, 'v1'))]);
  expect([file.gid, file.mode & 0o777, scratch.gid, scratch.mode & 0o7777]).toEqual([4711, 0o440, 4711, 0o2777]);
});

describe('when sources change', () => {
  const volume = {
    configMap: {
      name: 'cm',
      items: [
        { key: 'a', path: 'deep/a' },
        { key: 'b', path: 'deep/b' },
      ],
    },
  };

  test('all files turn at once', async () => {
    await bring(volume);
    const before = await readdir(join(folder, 'v0'), { recursive: true });
    const open = (name: string) => readFile(join(folder, 'v0/..data/deep', name), 'utf8');
    maps.cm = { data: { a: 'ONE', b: 'TWO' } };
    await bring(volume);
    expect([await open('a'), await open('b')]).toEqual(['ONE', 'TWO']);
    expect(await seen()).toEqual({ 'deep/a 644': 'ONE', 'deep/b 644': 'TWO' });
    expect((await readdir(join(folder, 'v0'), { recursive: true })).length).toBe(before.length);
  });

  test('who walks through all in the order of names meets the files before the link that leads to them', async () => {
    await bring(volume);
    maps.cm = { data: { a: 'ONE', b: 'TWO' } };
    await bring(volume);
    const [first = '', second] = (await readdir(join(folder, 'v0'))).sort();
    expect([first, second]).toEqual([expect.stringMatching(/^\.\.\d/), '..data']);
    expect(await readFile(join(folder, 'v0', first, 'deep/a'), 'utf8')).toBe('ONE');
  });

  test('what went is gone, at the top and below', async () => {
    await bring({ configMap: { name: 'cm' } });
    maps.cm = { data: { b: 'two' } };
    await bring({ configMap: { name: 'cm' } });
    expect(await seen()).toEqual({ 'b 644': 'two' });
  });

  test('nothing is touched where nothing differs', async () => {
    await bring(volume);
    const { ino } = await stat(join(folder, 'v0/..data/deep/a'));
    await bring(volume);
    expect((await stat(join(folder, 'v0/..data/deep/a'))).ino).toBe(ino);
  });
});

test.each([
  [[], undefined],
  [[{ secret: { secretName: 's' } }], undefined],
  [
    [
      {
        projected: {
          sources: [
            { serviceAccountToken: { path: 't' } },
            { serviceAccountToken: { path: 'u', expirationSeconds: 600 } },
          ],
        },
      },
    ],
    480,
  ],
])('tokens of %j are renewed after %s seconds', (volumes, wanted) => {
  expect(renewalSeconds(podWith(...volumes))).toBe(wanted);
});
