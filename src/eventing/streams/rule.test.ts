// From objects to the streams of the data plane.

import { describe, expect, test } from 'vitest';
import type { Broker, Channel, EventPolicy, InMemoryChannel, RequestReply, Subscription, Trigger } from '#kinds/mod.ts';
import { eventingFeaturesConfig, plainDelivery } from '#kinds/mod.ts';
import type { StreamFacts } from './rule.ts';
import { streamKey, streamRule } from './rule.ts';
import { consumerSettings, streamSettings } from './settings.ts';
import { filtersOf, triggerFilters } from './filters.ts';

const metadata = (name: string, more: object = {}) => ({ name, namespace: 'ns', uid: `uid-${name}`, ...more });
const made = <O>(kind: string, name: string, fields: object, meta: object = {}): O =>
  ({ apiVersion: 'x', kind, metadata: metadata(name, meta), ...fields }) as O;

const filter = (name: string, uid: string) =>
  `http://broker-filter.knative-eventing.svc.cluster.local/triggers/ns/${name}/${uid}`;
const broker = made<Broker>(
  'Broker',
  'b',
  {
    apiVersion: 'eventing.knative.dev/v1',
    spec: {},
    status: { address: { url: 'http://broker-ingress.knative-eventing.svc.cluster.local/ns/b' } },
  },
  { annotations: { 'ebb.dev/max-backlog': '7' } },
);
const trigger = made<Trigger>('Trigger', 't', {
  spec: { filters: [{ exact: { type: 'a' } }], delivery: { format: 'json' } },
  status: { subscriberUri: 'http://sub', deadLetterSinkUri: 'http://dls' },
});

function facts(channel: Partial<InMemoryChannel>, more: Partial<StreamFacts> = {}, features = {}): StreamFacts {
  return {
    channel: made<InMemoryChannel>('InMemoryChannel', 'c', {
      apiVersion: 'messaging.knative.dev/v1',
      spec: {},
      ...channel,
    }),
    requestReplies: [],
    features: eventingFeaturesConfig.parse(features),
    policies: [],
    trigger: (_namespace, name) => (name === 't' ? trigger : undefined),
    subscription: () => undefined,
    ...more,
  };
}

const subscribed = (subscribers: InMemoryChannel['spec']['subscribers']) => ({ spec: { subscribers } });

test('a channel by itself', () => {
  const given = facts({});
  expect(streamKey(given.channel)).toBe('ns/c/uid-c');
  expect(streamRule(given)).toEqual({
    addresses: [
      {
        hosts: [
          'c-kn-channel.ns.svc.cluster.local',
          'c-kn-channel.ns.svc',
          'c-kn-channel.ns',
          'c-kn-channel.ns.localhost',
        ],
        path: '/',
        kind: 'channel',
        namespace: 'ns',
        name: 'c',
        schemes: ['http'],
      },
    ],
    consumers: {},
  });
});

test('what a Channel says holds for the channel behind it', () => {
  const front = made<Channel>('Channel', 'c', { spec: {} }, { annotations: { 'ebb.dev/journal': 'true' } });
  const annotations = { 'ebb.dev/journal': 'false', 'ebb.dev/max-backlog': '7' };
  const channel = made<InMemoryChannel>('InMemoryChannel', 'c', { spec: {} }, { annotations });
  expect(streamRule(facts({}, { channel, front }))).toMatchObject({ journal: true, maxBacklog: { records: 7 } });
});

describe('a Broker and its Triggers', () => {
  const subscriber = {
    uid: 's',
    name: 'b-t',
    generation: 1,
    subscriberUri: filter('t', 'uid-t'),
    replyUri: 'http://broker-ingress.knative-eventing.svc.cluster.local/ns/b',
    delivery: {
      retry: 10,
      backoffPolicy: 'exponential',
      backoffDelay: 'PT0.2S',
      deadLetterSink: { uri: 'http://dls' },
    },
  };

  test('the Broker is another way into the stream, with its bounds; the Trigger is done in one hop', () => {
    const rule = streamRule(facts(subscribed([subscriber]), { broker }));
    expect(rule.maxBacklog).toEqual({ records: 7 });
    expect(rule.addresses.map(({ kind, path, hosts: [host] }) => [kind, path, host])).toEqual([
      ['broker', '/ns/b', 'broker-ingress.knative-eventing.svc.cluster.local'],
      ['channel', '/', 'c-kn-channel.ns.svc.cluster.local'],
    ]);
    expect(rule.consumers).toEqual({
      s: {
        namespace: 'ns',
        name: 't',
        kind: 'trigger',
        filters: [{ exact: { type: 'a' } }],
        subscriber: { url: 'http://sub' },
        reply: { url: 'http://broker-ingress.knative-eventing.svc.cluster.local/ns/b' },
        deadLetter: { url: 'http://dls' },
        delivery: { retry: 10, backoffPolicy: 'exponential', backoffDelayMs: 200, format: 'json' },
      },
    });
  });

  test.each([
    ['is gone', filter('other', 'uid-t')],
    ['is another of the same name', filter('t', 'uid-of-another')],
  ])('while the Trigger %s, its events wait', (_why, subscriberUri) => {
    const { consumers } = streamRule(facts(subscribed([{ ...subscriber, subscriberUri }]), { broker }));
    expect(consumers['s']).toMatchObject({ kind: 'trigger', paused: true });
    expect(consumers['s']?.subscriber).toBeUndefined();
  });

  test('an identity goes with an audience', () => {
    const named: Trigger = {
      ...trigger,
      status: { ...trigger.status, subscriberAudience: 'aud', auth: { serviceAccountName: 'sa' } },
    };
    const { consumers } = streamRule(facts(subscribed([subscriber]), { broker, trigger: () => named }));
    expect(consumers['s']?.subscriber).toEqual({ url: 'http://sub', audience: 'aud', identity: 'ns/sa' });
    expect(consumers['s']?.deadLetter).toEqual({ url: 'http://dls' });
  });
});

test('a Subscription', () => {
  const subscription = made<Subscription>(
    'Subscription',
    's',
    { spec: {} },
    {
      namespace: 'other',
      annotations: { 'ebb.dev/order': 'key' },
    },
  );
  const entry = {
    uid: 'uid-s',
    subscriberUri: 'http://a',
    replyUri: 'https://r',
    replyCACerts: 'pem',
    delivery: { timeout: 'PT5S' },
  };
  expect(streamRule(facts(subscribed([entry]), { subscription: () => subscription })).consumers).toEqual({
    'uid-s': {
      namespace: 'other',
      name: 's',
      kind: 'subscription',
      filters: [],
      subscriber: { url: 'http://a' },
      reply: { url: 'https://r', caCerts: 'pem' },
      delivery: { retry: 0, timeoutMs: 5000 },
      order: 'key',
    },
  });
});

test('by TLS a channel is reached under the name that all have in common', () => {
  const addresses = (encryption: string) =>
    streamRule(facts({}, {}, { 'transport-encryption': encryption })).addresses.map(({ path, schemes }) => [
      path,
      schemes,
    ]);
  expect(addresses('permissive')).toEqual([
    ['/', ['http', 'https']],
    ['/ns/c', ['https']],
  ]);
  expect(addresses('strict')).toEqual([
    ['/', ['https']],
    ['/ns/c', ['https']],
  ]);
});

test('with identities, the policies that are about an object and hold', () => {
  const policy = (name: string, to: object[], isReady = true) =>
    made<EventPolicy>(
      'EventPolicy',
      name,
      {
        spec: { to, filters: [{ prefix: { type: 'a' } }] },
        status: {
          observedGeneration: 1,
          conditions: [{ type: 'Ready', status: isReady ? 'True' : 'False' }],
          from: ['system:x*'],
        },
      },
      { generation: 1 },
    );
  const ref = { ref: { apiVersion: 'messaging.knative.dev/v1', kind: 'InMemoryChannel', name: 'c' } };
  const policies = [
    policy('all', []),
    policy('one', [ref]),
    policy('other', [{ ref: { ...ref.ref, name: 'd' } }]),
    policy('broken', [ref], false),
    policy('labels', [
      { selector: { apiVersion: 'messaging.knative.dev/v1', kind: 'InMemoryChannel', matchLabels: { a: 'b' } } },
    ]),
  ];
  const rule = streamRule(facts({}, { policies }, { 'authentication-oidc': 'enabled' }));
  expect(rule.addresses[0]?.access).toEqual({
    audience: 'messaging.knative.dev/inmemorychannel/ns/c',
    otherwise: 'allow-same-namespace',
    policies: ['all', 'one'].map((name) => ({ name, subjects: ['system:x*'], filters: [{ prefix: { type: 'a' } }] })),
  });
});

test('types are told where EventTypes are made, as those of the Broker', () => {
  const features = { 'eventtype-auto-create': 'enabled' };
  const tells = (given: StreamFacts) => streamRule(given).addresses.map(({ tellsTypes }) => tellsTypes ?? false);
  expect(tells(facts({}, {}, features))).toEqual([true]);
  expect(tells(facts({}, { broker }, features))).toEqual([true, false]);
});

test.each([
  [undefined, []],
  [[{}], []],
  [[{ not: {} }], []],
  [[{ exact: { type: '' } }], []],
  [[{ exact: {}, suffix: { type: 'a' } }], [{ suffix: { type: 'a' } }]],
  [[{ all: [{}, { exact: { a: 'b' } }] }], [{ all: [{ exact: { a: 'b' } }] }]],
  [[{ any: [{ not: {} }] }], []],
  [
    [{ not: { cesql: 'TRUE' } }, { cesql: 'FALSE' }],
    [{ not: { cesql: 'TRUE' } }, { cesql: 'FALSE' }],
  ],
])('the filters %j are %j', (filters, plain) => {
  expect(filtersOf(filters)).toEqual(plain);
});

test('the older filter counts where there are no others', () => {
  const attributes = { type: 'a', source: '' };
  expect(triggerFilters({ filter: { attributes } })).toEqual([{ legacy: attributes }]);
  expect(triggerFilters({ filter: { attributes }, filters: [{ cesql: 'TRUE' }] })).toEqual([{ cesql: 'TRUE' }]);
  expect(triggerFilters({ filter: { attributes }, filters: [] })).toEqual([{ legacy: attributes }]);
  expect(triggerFilters({ filter: {} })).toEqual([]);
});

test('deliveries in milliseconds', () => {
  const spec = { retry: 3, backoffPolicy: 'linear', backoffDelay: 'PT1M', timeout: 'PT0.5S', retryAfterMax: 'PT0S' };
  expect(plainDelivery(spec)).toEqual({
    retry: 3,
    backoffPolicy: 'linear',
    backoffDelayMs: 60_000,
    timeoutMs: 500,
    retryAfterMaxMs: 0,
  });
  expect(plainDelivery(undefined)).toEqual({ retry: 0 });
});

test('settings by annotation', () => {
  expect(consumerSettings(undefined)).toEqual({});
  expect(consumerSettings({ 'kafka.eventing.knative.dev/delivery.order': 'ordered' })).toEqual({ order: 'ordered' });
  expect(
    consumerSettings({
      'ebb.dev/order': 'unordered',
      'kafka.eventing.knative.dev/delivery.order': 'ordered',
      'rabbitmq.eventing.knative.dev/parallelism': '5',
      'ebb.dev/start': '2026-01-01T00:00:00Z',
      'ebb.dev/paused': 'true',
    }),
  ).toEqual({ order: 'unordered', parallelism: 5, start: { time: Date.UTC(2026, 0, 1) }, paused: true });
  expect(consumerSettings({ 'ebb.dev/start': 'offset:12' })).toEqual({ start: { offset: 12 } });
  expect(consumerSettings({ 'ebb.dev/start': 'earliest' })).toEqual({ start: 'earliest' });
  expect(
    streamSettings({ 'ebb.dev/retention': '24h', 'ebb.dev/retention-bytes': '1Gi', 'ebb.dev/journal': 'true' }),
  ).toEqual({
    retention: { ms: 86_400_000, bytes: 2 ** 30 },
    journal: true,
  });
});

test('a RequestReply is another way into its Broker’s stream', () => {
  const spec = { correlationAttribute: 'c', replyAttribute: 'r', timeout: 'PT1.5S' };
  const asked = made<RequestReply>('RequestReply', 'rr', { apiVersion: 'eventing.knative.dev/v1alpha1', spec });
  const more = { broker, requestReplies: [asked] };
  const [, address] = streamRule(facts({}, more)).addresses;
  expect(address).toMatchObject({
    kind: 'requestreply',
    path: '/ns/rr',
    schemes: ['http'],
    replies: { correlationAttribute: 'c', replyAttribute: 'r', timeoutMs: 1500 },
  });
  expect(address?.hosts[0]).toBe('request-reply.knative-eventing.svc.cluster.local');
  const [, guarded] = streamRule(facts({}, more, { 'authentication-oidc': 'enabled' })).addresses;
  expect(guarded?.access).toMatchObject({ audience: 'eventing.knative.dev/requestreply/ns/rr' });
});
