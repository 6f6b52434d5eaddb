// Where destinations lead.

import { expect, test } from 'vitest';
import type { Destination } from '#kinds/mod.ts';
import { Broker, CoreService, eventingFeaturesConfig, kreferenceMappingConfig } from '#kinds/mod.ts';
import type { Kind, KubeObject } from '#machinery/mod.ts';
import type { ResolveReader } from './resolve.ts';
import { referableKinds, resolve } from './resolve.ts';

const object = (kind: Kind, name: string, fields: object = {}): KubeObject => ({
  apiVersion: kind.apiVersion,
  kind: kind.kind,
  metadata: { name, namespace: 'ns', uid: `uid of ${name}` },
  ...fields,
});
const objects = [
  object(CoreService, 'sink'),
  object(Broker, 'ready', { status: { address: { url: 'http://ingress/ns/ready' } } }),
  object(Broker, 'new'),
  object(Broker, 'both', {
    status: {
      address: { url: 'http://a/1' },
      addresses: [
        { name: 'https', url: 'https://a/1', CACerts: 'pem', audience: 'aud' },
        { name: 'http', url: 'http://a/1' },
      ],
    },
  }),
  object(Broker, 'odd', { status: { address: { url: '/nowhere' } } }),
];
const reader = {
  get: (kind: Kind, namespace: string, name: string) =>
    objects.find((one) => one.kind === kind.kind && one.metadata.namespace === namespace && one.metadata.name === name),
} as unknown as ResolveReader;

const service = { apiVersion: 'v1', kind: 'Service', name: 'sink' };
const broker = (name: string) => ({ apiVersion: 'eventing.knative.dev/v1', kind: 'Broker', name });
const told = (name: string) =>
  `Kind = Broker, Namespace = ns, Name = ${name}, APIVersion = eventing.knative.dev/v1, Group = , Address = `;

test.each<[Destination, object]>([
  [{}, { fault: 'destination missing Ref and URI, expected at least one' }],
  [{ uri: 'http://example.com/x?y' }, { address: { url: 'http://example.com/x?y' } }],
  [{ uri: '/x' }, { fault: 'URI is not absolute (both scheme and host should be non-empty): "/x"' }],
  [{ uri: 'http://a', CACerts: 'c', audience: 'b' }, { address: { url: 'http://a', CACerts: 'c', audience: 'b' } }],
  [{ ref: service }, { address: { url: 'http://sink.ns.svc.cluster.local' } }],
  [{ ref: service, CACerts: 'c' }, { address: { url: 'https://sink.ns.svc.cluster.local', CACerts: 'c' } }],
  [{ ref: service, uri: '/path' }, { address: { url: 'http://sink.ns.svc.cluster.local/path' } }],
  [
    { ref: service, uri: 'http://b' },
    { fault: 'absolute URI is not allowed when Ref or [apiVersion, kind, name] exists' },
  ],
  [
    { ref: { ...service, namespace: 'other' } },
    { fault: 'failed to get object other/sink: services "sink" not found' },
  ],
  [{ ref: broker('ready') }, { address: { url: 'http://ingress/ns/ready' } }],
  [{ ref: broker('ready'), uri: '/x' }, { address: { url: 'http://ingress/x' } }],
  [{ ref: broker('ready'), uri: 'x' }, { address: { url: 'http://ingress/ns/x' } }],
  [
    { ref: { kind: 'Broker', group: 'eventing.knative.dev', name: 'ready' } },
    { address: { url: 'http://ingress/ns/ready' } },
  ],
  [{ ref: broker('new') }, { fault: `address not set for ${told('new')}` }],
  [{ ref: broker('gone') }, { fault: 'failed to get object ns/gone: brokers.eventing.knative.dev "gone" not found' }],
  [{ ref: broker('odd') }, { fault: `hostname missing in address of ${told('odd')}` }],
  [{ ref: broker('both') }, { address: { url: 'https://a/1', CACerts: 'pem', audience: 'aud' } }],
  [{ ref: broker('both'), audience: 'mine' }, { address: { url: 'https://a/1', CACerts: 'pem', audience: 'mine' } }],
  [{ ref: { ...broker('both'), address: 'http' } }, { address: { url: 'http://a/1' } }],
  [{ ref: { ...broker('both'), address: 'x' } }, { fault: `address with name "x" not found for ${told('both')}x` }],
  [
    { ref: { apiVersion: 'v1', kind: 'Pod', name: 'p' } },
    { fault: 'failed to get object ns/p: the server could not find the requested resource' },
  ],
])('%j', (destination, resolution) => {
  expect(resolve(destination, 'ns', reader)).toEqual(resolution);
});

test('kinds that are mapped to URLs', () => {
  const features = eventingFeaturesConfig.parse({ 'kreference-mapping': 'enabled' });
  const mapping = kreferenceMappingConfig.parse({
    'Pod.v1': 'https://{{ .Name }}.{{ .SystemNamespace }}/{{ .Namespace }}',
  });
  const config = (definition: unknown) => (definition === eventingFeaturesConfig ? features : mapping);
  const mapped = { ...reader, config } as unknown as ResolveReader;
  const pod = { apiVersion: 'v1', kind: 'Pod', name: 'p' };
  expect(resolve({ ref: pod }, 'ns', mapped)).toEqual({ address: { url: 'https://p.knative-eventing/ns' } });
  expect(resolve({ ref: service }, 'ns', mapped)).toMatchObject({
    address: { url: 'http://sink.ns.svc.cluster.local' },
  });
});

test('what tells an address can be referred to', () => {
  const names = referableKinds.map(({ kind }) => kind);
  for (const name of [
    'Service',
    'Route',
    'Broker',
    'Channel',
    'InMemoryChannel',
    'Sequence',
    'Parallel',
    'RequestReply',
  ])
    expect(names).toContain(name);
  expect(names).not.toContain('Trigger');
});
