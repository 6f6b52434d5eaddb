// Config maps: their values, their faults, and their first content.

import { describe, expect, test } from 'vitest';
import { domainConfig, domainFor } from './domain.ts';
import { configMapOf, exampleChecksum } from './define.ts';
import { runtimeClassFor, deploymentConfig } from './deployment.ts';
import { loggingConfig } from './logging.ts';
import { networkConfig } from './network.ts';
import { observabilityConfig } from './observability.ts';
import { autoscalerConfig } from './autoscaler.ts';
import { checkConfigMap, eventingConfigs, servingConfigs, systemConfigMaps } from './system.ts';
import { parseTemplate } from './template.ts';

type Data = Readonly<Record<string, string>>;

const edits: readonly (readonly [string, Data, string | undefined])[] = [
  ['config-autoscaler', { 'stable-window': '5s' }, 'stable-window = 5s, must be in [6s; 1h0m0s] range'],
  [
    'config-autoscaler',
    { 'stable-window': 'long' },
    'failed to parse data: failed to parse "stable-window": time: invalid duration "long"',
  ],
  ['config-autoscaler', { 'min-scale': '5', 'max-scale': '2' }, 'min-scale (5) must be less than max-scale (2)'],
  ['config-autoscaler', { 'max-scale-limit': '5' }, 'max-scale = 0, must be in [1, max-scale-limit(5)] range'],
  [
    'config-autoscaler',
    { 'initial-scale': '0' },
    'initial-scale = 0, must be at least 0 (or at least 1 when allow-zero-initial-scale is false)',
  ],
  ['config-autoscaler', { 'initial-scale': '0', 'allow-zero-initial-scale': 'true' }, undefined],
  [
    'config-autoscaler',
    { 'target-burst-capacity': '-2' },
    'target-burst-capacity must be either non-negative or -1 (for unlimited), was: -2.000000',
  ],
  ['config-autoscaler', { 'scale-to-zero-grace-period': '0s' }, 'scale-to-zero-grace-period must be positive, was: 0s'],
  [
    'config-autoscaler',
    { 'enable-scale-to-zero': 'yes' },
    'failed to parse data: failed to parse "enable-scale-to-zero": strconv.ParseBool: parsing "yes": invalid syntax',
  ],
  ['config-autoscaler', { 'no-such-key': 'x' }, undefined],
  [
    'config-defaults',
    { 'revision-timeout-seconds': '900' },
    'revision-timeout-seconds (900) cannot be greater than max-revision-timeout-seconds (600)',
  ],
  ['config-defaults', { 'container-concurrency': '-1' }, 'expected 0 <= -1 <= 1000: container-concurrency'],
  [
    'config-defaults',
    { 'container-name-template': '{{.Nope}}' },
    'error executing template: template: container-template:1:2: executing "container-template" at <.Nope>: can\'t evaluate field Nope in type v1.ObjectMeta',
  ],
  [
    'config-defaults',
    { 'revision-cpu-request': 'much' },
    'failed to parse "revision-cpu-request": quantities must match the regular expression \'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$\'',
  ],
  ['config-deployment', {}, 'queue-sidecar-image cannot be empty or unset'],
  [
    'config-deployment',
    { 'queue-sidecar-image': 'x', 'progress-deadline': '0s' },
    'progress-deadline cannot be a non-positive duration, was 0s',
  ],
  [
    'config-deployment',
    { queueSidecarImage: 'x', progressDeadline: '1500ms' },
    'progress-deadline must be rounded to a whole second, was: 1.5s',
  ],
  [
    'config-deployment',
    { 'queue-sidecar-image': 'x', 'default-affinity-type': 'far' },
    'unsupported default-affinity-type value: "far"',
  ],
  [
    'config-gc',
    { 'min-non-active-revisions': '5', 'max-non-active-revisions': '4' },
    'min-non-active-revisions(5) must be <= max-non-active-revisions(4)',
  ],
  ['config-gc', { 'max-non-active-revisions': 'disabled', 'retain-since-create-time': 'Disabled' }, undefined],
  ['config-network', { 'rollout-duration': '-1' }, 'rollout-duration must be a positive integer, but was -1'],
  ['config-network', { 'domain-template': '{{.Name}}/{{.Domain}}' }, 'domain template has url path: /baz.com'],
  ['config-network', { 'http-protocol': 'gopher' }, 'httpProtocol gopher in config-network ConfigMap is not supported'],
  ['config-observability', { 'metrics-protocol': 'grpc' }, 'endpoint should be set when protocol is "grpc"'],
  [
    'config-observability',
    { 'tracing-sampling-rate': '2' },
    'sampling rate 2.000000 should be less than or equal to one',
  ],
  [
    'config-observability',
    { 'logging.enable-request-log': 'true', 'logging.request-log-template': '' },
    '"logging.enable-request-log" was set to true, but no "logging.request-log-template" was specified',
  ],
  ['config-features', { 'multi-container': 'whatever' }, undefined],
  ['config-leader-election', { buckets: '11' }, 'buckets: value must be between 1 <= 11 <= 10'],
  ['somebody-elses', { anything: 'goes' }, undefined],
];

test.each(edits)('%s %j', (name, data, fault) => {
  const metadata = { name, namespace: 'knative-serving' };
  expect(checkConfigMap({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data })).toBe(fault);
});

describe('first content', () => {
  test.each(systemConfigMaps().map((map) => [`${map.metadata.namespace}/${map.metadata.name}`, map] as const))(
    '%s is fine',
    (_name, map) => {
      expect(checkConfigMap(map)).toBeUndefined();
      expect(map.metadata.annotations).toHaveProperty(['knative.dev/example-checksum']);
      expect(map.data?.['_example']).toContain('EXAMPLE CONFIGURATION');
    },
  );

  test('what this platform sets', () => {
    const data = Object.fromEntries(
      servingConfigs.map(configMapOf).map(({ metadata, data: all = {} }) => [metadata.name, all]),
    );
    expect(data['config-domain']).toMatchObject({ localhost: '' });
    expect(data['config-network']).toMatchObject({ 'ingress-class': 'ebb.ingress.networking.knative.dev' });
  });

  test('an edit of the example is refused', () => {
    const map = configMapOf(autoscalerConfig);
    map.data = { ...map.data, _example: `${map.data?.['_example']}min-scale: "1"\n` };
    expect(checkConfigMap(map)).toMatch(/^the update modifies a key in "_example" which is probably not what you want/);
    map.data = { ...map.data, _example: `\n\n${autoscalerConfig.example}\n` };
    expect(checkConfigMap(map)).toBeUndefined();
  });

  test.each(
    [...servingConfigs, ...eventingConfigs].map(
      (definition) => [`${definition.namespace}/${definition.name}`, definition] as const,
    ),
  )('the examples of %s are its defaults', (_name, definition) => {
    const shown = Object.entries(definition.rows).map(([key, row]) => [key, row.shown] as const);
    const written = Object.fromEntries(shown.filter(([, text]) => text !== ''));
    const values = JSON.stringify(definition.parse(written));
    expect(values).toBe(JSON.stringify(definition.parse({})));
  });
});

test('the checksum takes runs of newlines as one', () => {
  expect(exampleChecksum('a\n\nb')).toBe(exampleChecksum(' a\r\nb\n'));
  expect(exampleChecksum('a\\nb')).toBe(exampleChecksum('a\nb'));
});

describe('values', () => {
  test('an older spelling counts where the key is absent', () => {
    const parse = (data: Data) => networkConfig.parse(data);
    expect(parse({ 'ingress.class': 'old' }).ingressClass).toBe('old');
    expect(parse({ 'ingress.class': 'old', 'ingress-class': 'new' }).ingressClass).toBe('new');
    expect(parse({ autoTLS: 'Enabled' }).externalDomainTls).toBe('enabled');
    expect(parse({ autoTLS: 'Enabled', 'external-domain-tls': 'disabled' }).externalDomainTls).toBe('disabled');
    expect(parse({ 'internal-encryption': 'true' }).systemInternalTls).toBe('enabled');
  });

  test('names by template', () => {
    const { domainTemplate, tagTemplate } = networkConfig.parse({});
    const values = { Name: 'hello', Namespace: 'default', Domain: 'example.com', Annotations: {}, Labels: {} };
    expect(domainTemplate(values)).toBe('hello.default.example.com');
    expect(tagTemplate({ Name: 'hello', Tag: 'v1' })).toBe('v1-hello');
  });

  test('percent or fraction', () => {
    const fraction = (text: string) =>
      autoscalerConfig.parse({ 'container-concurrency-target-percentage': text }).containerConcurrencyTargetFraction;
    expect(fraction('70')).toBe(0.7);
    expect(fraction('0.7')).toBe(0.7);
  });

  test('the most specific domain', () => {
    const config = domainConfig.parse({
      'b.com': '',
      'a.com': '',
      'deep.org': 'selector:\n  app: x\n  tier: y\n',
      'flat.org': 'selector:\n  app: x\n',
    });
    expect(domainFor(config, {})).toBe('a.com');
    expect(domainFor(config, { app: 'x' })).toBe('flat.org');
    expect(domainFor(config, { app: 'x', tier: 'y' })).toBe('deep.org');
    expect(domainFor(config, { 'networking.knative.dev/visibility': 'cluster-local' })).toBe('svc.cluster.local');
    expect(domainFor(domainConfig.parse({}), {})).toBe('svc.cluster.local');
  });

  test('the most specific runtime class', () => {
    const text = 'gvisor:\n  selector:\n    my: selector\nkata: {}\n';
    const choices = deploymentConfig.parse({ 'runtime-class-name': text }).runtimeClassName;
    expect(runtimeClassFor(choices, { my: 'selector' })).toBe('gvisor');
    expect(runtimeClassFor(choices, {})).toBe('kata');
  });

  test('levels of components, Knative’s and others, and of the logger where they have none', () => {
    const levels = (data: Data) => loggingConfig.parse(data).levels();
    expect(levels({})).toEqual({});
    expect(levels({ 'loglevel.controller': 'debug', 'loglevel.node': 'Error', 'loglevel.webhook': '' })).toEqual({
      controller: 'debug',
      node: 'error',
    });
    expect(levels({ 'zap-logger-config': '{"level": "warn"}' })).toEqual({ '': 'warn' });
    expect(() => levels({ 'loglevel.node': 'loud' })).toThrow('invalid logging level: loud');
  });

  test('a setting of every kind of row', () => {
    expect(observabilityConfig.parse({ 'metrics-protocol': 'prometheus' }).metricsProtocol).toBe('prometheus');
  });
});

describe('templates', () => {
  const values = { Name: 'a', Labels: { x: 'y' }, Empty: {} };
  test.each([
    ['{{.Name}}-{{ index .Labels "x" }}', 'a-y'],
    ['{{if index .Labels "z"}}yes{{else}}no{{end}}', 'no'],
    ['{{ if .Labels }}{{.Labels.x}}{{ end }}!', 'y!'],
    ['{{"plain"}}', 'plain'],
  ])('%s', (source, text) => expect(parseTemplate(source)(values)).toBe(text));

  test.each([['{{.Name'], ['{{if .Name}}x'], ['{{template "x"}}'], ['{{end}}']])('%s is no template', (source) => {
    expect(() => parseTemplate(source)).toThrow('template');
  });
});
