// Config maps of Eventing: what their edits are refused for, and what follows from their values.

import { describe, expect, test } from 'vitest';
import { brokerDefaultsConfig } from './broker-defaults.ts';
import { channelDefaultsConfig, readChannelTemplate } from './channel-templates.ts';
import { eventingFeaturesConfig } from './eventing-features.ts';
import { kreferenceMappingConfig } from './kreference-mapping.ts';
import { pingDefaultsConfig } from './ping-defaults.ts';
import { sugarConfig } from './sugar.ts';
import { checkConfigMap } from './system.ts';

type Data = Readonly<Record<string, string>>;

test.each<[string, Data, string | undefined]>([
  ['config-br-defaults', {}, 'ConfigMap is missing (or empty) key: "default-br-config"'],
  [
    'config-br-defaults',
    { 'default-br-config': 'clusterDefault: [1]' },
    'Failed to parse the entry: clusterDefault must be a map, but is [1]',
  ],
  [
    'config-br-defaults',
    { 'default-br-config': 'clusterDefault: { brokerClass: 1 }' },
    'Failed to parse the entry: clusterDefault.brokerClass must be a text, but is 1',
  ],
  [
    'config-br-defaults',
    { 'default-br-config': 'clusterDefault: { delivery: { retry: often } }' },
    'Failed to parse the entry: clusterDefault.delivery.retry must be a whole number, but is "often"',
  ],
  [
    'config-br-defaults',
    { 'default-br-config': 'namespaceDefaults: { a: { disallowDifferentNamespaceConfig: maybe } }' },
    'Failed to parse the entry: namespaceDefaults.a.disallowDifferentNamespaceConfig must be true or false',
  ],
  [
    'config-br-default-channel',
    { 'channel-template-spec': 'kind: X' },
    'a channel template has apiVersion and kind, but is kind: X',
  ],
  ['default-ch-webhook', {}, 'ConfigMap is missing (or empty) key: "default-ch-config"'],
  [
    'default-ch-webhook',
    { 'default-ch-config': 'clusterDefault: { kind: 1 }' },
    'Failed to parse the entry: clusterDefault.kind must be a text, but is 1',
  ],
  [
    'config-ping-defaults',
    { 'data-max-size': 'big' },
    'failed to parse "data-max-size": strconv.ParseInt: parsing "big": invalid syntax',
  ],
  [
    'config-sugar',
    { 'namespace-selector': 'all' },
    'error unmarshaling JSON: while decoding JSON: json: cannot unmarshal string into Go value of type v1.LabelSelector',
  ],
  ['config-sugar', { 'namespace-selector': '', 'trigger-selector': '{}' }, undefined],
  ['config-kreference-mapping', { 'Pod.v1': 'https://pods.{{ .SystemNamespace }}/{{ .Name }}' }, undefined],
  ['config-features', { 'transport-encryption': 'whatever', new: 'x' }, undefined],
  ['config-leader-election', { buckets: '0' }, 'buckets: value must be between 1 <= 0 <= 10'],
  ['config-observability', { 'metrics-protocol': 'carrier' }, 'unsupported protocol "carrier"'],
  ['config-logging', { 'loglevel.controller': 'loud' }, 'invalid logging level: loud'],
])('%s %j', (name, data, fault) => {
  const metadata = { name, namespace: 'knative-eventing' };
  expect(checkConfigMap({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data })).toBe(fault);
});

test('a template that cannot be read', () => {
  const metadata = { name: 'config-kreference-mapping', namespace: 'knative-eventing' };
  const fault = checkConfigMap({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { 'Pod.v1': '{{ .Name' } });
  expect(fault).toMatch(/^failed to parse "Pod.v1": template/);
});

describe('config-br-defaults', () => {
  const shipped = brokerDefaultsConfig.parse({});
  const delivery = { retry: 10, backoffPolicy: 'exponential', backoffDelay: 'PT0.2S' };
  const config = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    name: 'config-br-default-channel',
    namespace: 'knative-eventing',
  };

  test('as it is shipped it holds for every class', () => {
    expect(shipped.brokerClassIn('any')).toBe('MTChannelBasedBroker');
    for (const brokerClass of ['', 'MTChannelBasedBroker', 'Kafka', 'ConfigMap'])
      expect(shipped.brokerConfigFor('any', brokerClass)).toEqual({ config, delivery });
    expect(shipped.isConfigBound('any')).toBe(false);
  });

  const text = `
clusterDefault:
  brokerClass: A
  name: cluster
  brokerClasses: { B: { name: cluster-b }, A: { name: cluster-a } }
namespaceDefaults:
  own: { brokerClass: C, name: own-c, brokerClasses: { B: { name: own-b } }, disallowDifferentNamespaceConfig: true }
  bare: { brokerClass: B }
`;
  const defaults = brokerDefaultsConfig.parse({ 'default-br-config': text });
  test.each([
    ['any', '', 'cluster-a'],
    ['any', 'A', 'cluster-a'],
    ['any', 'B', 'cluster-b'],
    ['any', 'X', 'cluster'],
    ['own', '', 'own-c'],
    ['own', 'C', 'own-c'],
    ['own', 'B', 'own-b'],
    ['own', 'A', 'cluster-a'],
    ['own', 'ConfigMap', 'cluster'],
    ['bare', '', 'cluster-b'],
  ])('in namespace %s, of class %j: %s', (namespace, brokerClass, name) => {
    expect(defaults.brokerConfigFor(namespace, brokerClass)).toEqual({ config: { name } });
  });

  test('classes, and whether a configuration must be near', () => {
    expect(['any', 'own', 'bare'].map((namespace) => defaults.brokerClassIn(namespace))).toEqual(['A', 'C', 'B']);
    expect(['any', 'own'].map((namespace) => defaults.isConfigBound(namespace))).toEqual([false, true]);
    const none = brokerDefaultsConfig.parse({ 'default-br-config': '{}' });
    expect([none.brokerClassIn('any'), none.brokerConfigFor('any', 'A')]).toEqual([undefined, undefined]);
  });
});

test('templates of channels', () => {
  const text =
    'clusterDefault: { apiVersion: a/v1, kind: A }\nnamespaceDefaults: { b: { apiVersion: b/v1, kind: B, spec: { x: 1 } } }';
  const defaults = channelDefaultsConfig.parse({ 'default-ch-config': text });
  expect(defaults.channelTemplateIn('')).toEqual({ apiVersion: 'a/v1', kind: 'A' });
  expect(defaults.channelTemplateIn('b')).toEqual({ apiVersion: 'b/v1', kind: 'B', spec: { x: 1 } });
  expect(readChannelTemplate('apiVersion: c/v1\nkind: C\nspec: { y: 2 }\n')).toEqual({
    apiVersion: 'c/v1',
    kind: 'C',
    spec: { y: 2 },
  });
});

test('features', () => {
  const shipped = eventingFeaturesConfig.parse({});
  expect(shipped).toMatchObject({
    encryption: 'disabled',
    authorizationMode: 'allow-same-namespace',
    requestReplyTimeout: 'PT30S',
  });
  expect([shipped.isEnabled('delivery-timeout'), shipped.isEnabled('authentication-oidc')]).toEqual([true, false]);
  const set = eventingFeaturesConfig.parse({
    'transport-encryption': 'Permissive',
    'default-authorization-mode': 'Deny-All',
    ' authentication-oidc ': 'ENABLED',
    'delivery-timeout': 'no',
    'apiserversources-nodeselector-disk': ' fast ',
  });
  expect(set).toMatchObject({ encryption: 'permissive', authorizationMode: 'deny-all' });
  expect([set.isEnabled('delivery-timeout'), set.isEnabled('authentication-oidc')]).toEqual([false, true]);
  expect(set.nodeSelector()).toEqual({ disk: 'fast' });
});

test('sugar, pings and mapped kinds', () => {
  const sugar = sugarConfig.parse({ 'namespace-selector': 'matchLabels: { a: b }', 'trigger-selector': '{}' });
  expect([sugar.isNamespaceMeant({ a: 'b' }), sugar.isNamespaceMeant({}), sugar.isTriggerMeant({})]).toEqual([
    true,
    false,
    true,
  ]);
  expect(sugarConfig.parse({}).isTriggerMeant({})).toBe(false);
  expect(pingDefaultsConfig.parse({ dataMaxSize: '5' }).dataMaxSize).toBe(5);
  expect(pingDefaultsConfig.parse({ dataMaxSize: '5', 'data-max-size': '6' }).dataMaxSize).toBe(6);
  const mapping = kreferenceMappingConfig.parse({ 'Pod.v1': 'p', 'Deployment.v1.apps': 'd' });
  expect(mapping.templateFor('v1', 'Pod')).toBe('p');
  expect(mapping.templateFor('apps/v1', 'Deployment')).toBe('d');
  expect(mapping.templateFor('v1', 'Deployment')).toBeUndefined();
});
