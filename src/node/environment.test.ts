import { expect, test } from 'vitest';
import type { ConfigMap, Container, CoreService, Pod, Secret } from '#kinds/mod.ts';
import type { References } from './environment.ts';
import { environmentOf, expand, fieldOf, resourceOf } from './environment.ts';

const pod: Pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', namespace: 'ns', uid: 'u1', labels: { b: '2', a: 'x"y' }, annotations: { 'k.dev/z': 'note' } },
  spec: {
    serviceAccountName: 'robot',
    containers: [
      { name: 'c', image: 'i', resources: { limits: { cpu: '1500m', memory: '64Mi' }, requests: { cpu: '250m' } } },
      { name: 'bare', image: 'i' },
    ],
    initContainers: [{ name: 'init', image: 'i', resources: { limits: { cpu: 3 } } }],
  },
};
const facts = { podIP: '10.0.0.2', hostIP: '127.0.0.1', nodeName: 'n1', capacity: { cpu: 4, memory: 2 ** 30 } };
const references: References = {
  configMap: (name) => (name === 'cm' ? ({ data: { A: '1', B: 'two' } } as unknown as ConfigMap) : undefined),
  secret: (name) =>
    name === 's' ? ({ data: { P: Buffer.from('hüsh').toString('base64') } } as unknown as Secret) : undefined,
};

test.each([
  ['$(A)', '1'],
  ['$(A)-$(B)', '1-2'],
  ['$$(A)', '$(A)'],
  ['$$$(A)', '$1'],
  ['$(C)', '$(C)'],
  ['$A $ $', '$A $ $'],
  ['$()', '$()'],
  ['$(A', '$(A'],
])('%s becomes %s', (text, wanted) => {
  expect(
    expand(
      text,
      new Map([
        ['A', '1'],
        ['B', '2'],
      ]),
    ),
  ).toBe(wanted);
});

const cases: [string, Partial<Container>, Record<string, string> | string][] = [
  ['what the image sets', {}, { PATH: '/bin', A: 'image' }],
  ['its own names win over the image', { env: [{ name: 'A', value: 'own' }] }, { PATH: '/bin', A: 'own' }],
  ['an empty value', { env: [{ name: 'A' }] }, { PATH: '/bin', A: '' }],
  [
    'names that stand earlier',
    {
      env: [
        { name: 'X', value: '1' },
        { name: 'Y', value: '$(X)$(Z)' },
        { name: 'Z', value: '3' },
      ],
    },
    { X: '1', Y: '1$(Z)', Z: '3' },
  ],
  ['what every container gets', { env: [{ name: 'X', value: 'at $(HOST)' }] }, { HOST: 'h', X: 'at h' }],
  ['not what the image sets', { env: [{ name: 'X', value: '$(PATH)' }] }, { X: '$(PATH)' }],
  ['a whole config map', { envFrom: [{ prefix: 'CM_', configMapRef: { name: 'cm' } }] }, { CM_A: '1', CM_B: 'two' }],
  [
    'a whole secret, then its own',
    { envFrom: [{ secretRef: { name: 's' } }], env: [{ name: 'Q', value: '$(P)!' }] },
    { P: 'hüsh', Q: 'hüsh!' },
  ],
  ['a missing config map', { envFrom: [{ configMapRef: { name: 'no' } }] }, 'configmap "no" not found'],
  ['a missing secret', { envFrom: [{ secretRef: { name: 'no' } }] }, 'secret "no" not found'],
  [
    'missing ones that are optional',
    { envFrom: [{ configMapRef: { name: 'no', optional: true } }, { secretRef: { name: 'no', optional: true } }] },
    {},
  ],
  [
    'a key of a config map',
    { env: [{ name: 'X', valueFrom: { configMapKeyRef: { name: 'cm', key: 'B' } } }] },
    { X: 'two' },
  ],
  ['a key of a secret', { env: [{ name: 'X', valueFrom: { secretKeyRef: { name: 's', key: 'P' } } }] }, { X: 'hüsh' }],
  [
    'a missing key',
    { env: [{ name: 'X', valueFrom: { configMapKeyRef: { name: 'cm', key: 'Z' } } }] },
    "couldn't find key Z in ConfigMap cm",
  ],
  [
    'a missing key of a secret',
    { env: [{ name: 'X', valueFrom: { secretKeyRef: { name: 's', key: 'Z' } } }] },
    "couldn't find key Z in Secret s",
  ],
  [
    'a key of nothing',
    { env: [{ name: 'X', valueFrom: { secretKeyRef: { name: 'no', key: 'Z' } } }] },
    'secret "no" not found',
  ],
  [
    'a missing key that is optional',
    { env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'cm', key: 'Z', optional: true } } }] },
    { A: 'image' },
  ],
  ['a field', { env: [{ name: 'X', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } }] }, { X: '10.0.0.2' }],
  [
    'a field that is not known',
    { env: [{ name: 'X', valueFrom: { fieldRef: { fieldPath: 'constructor' } } }] },
    'field path "constructor" is not supported',
  ],
  [
    'a resource',
    {
      env: [
        {
          name: 'X',
          valueFrom: { resourceFieldRef: { containerName: 'c', resource: 'limits.memory', divisor: '1Mi' } },
        },
      ],
    },
    { X: '64' },
  ],
];

test.each(cases)('environment: %s', (_, container, wanted) => {
  const made = environmentOf(
    pod,
    { name: 'c', image: 'i', ...container },
    { common: [['HOST', 'h']], image: ['PATH=/bin', 'A=image'], references, facts },
  );
  if (typeof wanted === 'string') expect(made).toEqual({ problem: wanted });
  else expect('env' in made && Object.fromEntries(made.env)).toMatchObject(wanted);
});

test.each([
  [{}, 'p', 'p'],
  [{ hostname: 'db' }, 'p', 'db'],
  [{}, `${'x'.repeat(62)}-yz`, 'x'.repeat(62)],
])('a Pod of %o named %s is the host %s', (spec, name, host) => {
  const named: Pod = { ...pod, metadata: { ...pod.metadata, name }, spec: { ...pod.spec, ...spec } };
  const made = environmentOf(named, { name: 'c', image: 'i' }, { image: [], references, facts });
  expect('env' in made && Object.fromEntries(made.env)).toEqual({ HOSTNAME: host });
});

test.each([
  ['metadata.name', 'p'],
  ['metadata.namespace', 'ns'],
  ['metadata.uid', 'u1'],
  ["metadata.labels['b']", '2'],
  ["metadata.annotations['k.dev/z']", 'note'],
  ["metadata.labels['no']", ''],
  ['metadata.labels', 'a="x\\"y"\nb="2"'],
  ['spec.nodeName', 'n1'],
  ['spec.serviceAccountName', 'robot'],
  ['status.hostIP', '127.0.0.1'],
  ['status.podIPs', '10.0.0.2'],
])('field %s', (path, wanted) => {
  expect(fieldOf(pod, path, facts)).toBe(wanted);
});

test.each([
  ['c', 'limits.cpu', undefined, '2'],
  ['c', 'limits.cpu', '1m', '1500'],
  ['c', 'requests.cpu', '1m', '250'],
  ['c', 'requests.memory', undefined, '0'],
  ['init', 'limits.cpu', undefined, '3'],
  ['bare', 'limits.cpu', undefined, '4'],
  ['bare', 'limits.memory', '1Mi', '1024'],
])('resource of %s: %s by %s', (containerName, resource, divisor, wanted) => {
  expect(resourceOf(pod, undefined, { containerName, resource, divisor }, facts)).toBe(wanted);
});

const services = (): CoreService[] => [
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'db', namespace: 'ns' },
    spec: { clusterIP: '10.96.1.2', ports: [{ protocol: 'TCP', port: 80 }] },
  },
];
const env = [
  { name: 'URL', value: '$(DB_PORT)/x' },
  { name: 'DB_SERVICE_PORT', value: 'own' },
];
const usual = { DB_SERVICE_HOST: '10.96.1.2', DB_SERVICE_PORT: 'own', DB_PORT: 'told', URL: 'told/x' };
test.each<[string, boolean | undefined, References['services'], object]>([
  ['a Pod that asks', true, services, usual],
  ['a Pod that says nothing', undefined, services, usual],
  ['a Pod that does not want them', false, services, { DB_SERVICE_HOST: undefined, DB_PORT: 'told' }],
  ['a node without addresses of Services', true, undefined, { DB_SERVICE_HOST: undefined, DB_PORT: 'told' }],
])('where Services are: %s', (_, enableServiceLinks, found, wanted) => {
  const asking: Pod = {
    ...pod,
    spec: { ...pod.spec, ...(enableServiceLinks === undefined ? {} : { enableServiceLinks }) },
  };
  const sources = { ...references, ...(found ? { services: found } : {}) };
  const got = environmentOf(
    asking,
    { name: 'c', image: 'i', env },
    {
      common: [['DB_PORT', 'told']],
      image: [],
      references: sources,
      facts,
    },
  );
  const values = 'env' in got ? Object.fromEntries(got.env) : {};
  for (const [name, value] of Object.entries(wanted)) expect([name, values[name]]).toEqual([name, value]);
});
