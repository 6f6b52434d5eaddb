// config-deployment: how revisions become Deployments.

import { dns1123Subdomain } from '#machinery/mod.ts';
import { formatDuration, isRecord, messageOf } from '#base/mod.ts';
import type { ConfigOf } from './define.ts';
import { defineConfigMap } from './define.ts';
import { amount, duration, onOff, parsed, PlainFault, wordList, words, yamlRecord } from './settings.ts';

/** For which labels a runtime class is used. */
export interface RuntimeClassChoice {
  readonly name: string;
  readonly selector: Readonly<Record<string, string>>;
}

const RUNTIME_CLASS = 'runtime-class-name';

function runtimeClassMap(raw: string): Record<string, unknown> {
  try {
    return yamlRecord(raw, 'map[string]deployment.RuntimeClassNameLabelSelector') ?? {};
  } catch (thrown) {
    throw new PlainFault(`${RUNTIME_CLASS} cannot be parsed, please check the format: ${messageOf(thrown)}`);
  }
}

function runtimeClasses(raw: string): readonly RuntimeClassChoice[] {
  const found = runtimeClassMap(raw);
  return Object.entries(found).map(([name, choice]) => {
    const faults = dns1123Subdomain(name);
    if (faults.length > 0) {
      throw new PlainFault(`${RUNTIME_CLASS} ${name} selector not valid DNSSubdomain: [${faults.join(' ')}]`);
    }
    const selector = isRecord(choice) && isRecord(choice['selector']) ? choice['selector'] : {};
    return { name, selector: Object.fromEntries(Object.entries(selector).map(([key, value]) => [key, String(value)])) };
  });
}

const NO_IMAGE = 'queue-sidecar-image cannot be empty or unset';
const AFFINITIES = ['prefer-spread-revision-over-nodes', 'none'] as const;

function affinity(raw: string): (typeof AFFINITIES)[number] {
  const found = AFFINITIES.find((one) => one === raw);
  if (found) return found;
  throw new PlainFault(`unsupported default-affinity-type value: ${JSON.stringify(raw)}`);
}

const rows = {
  'queue-sidecar-image': words(
    '',
    'The image of a queue proxy. This platform runs none: the setting is kept for those who read it.',
    'queueSidecarImage',
  ),
  'registries-skipping-tag-resolving': wordList(
    ['kind.local', 'ko.local', 'dev.local'],
    'Registries whose tags are not resolved to digests.',
    'registriesSkippingTagResolving',
  ),
  'digest-resolution-timeout': duration(10_000, 'How long resolving a tag may take.', 'digestResolutionTimeout'),
  'progress-deadline': duration(600_000, 'How long a revision may take to become ready.', 'progressDeadline'),
  'queue-sidecar-cpu-request': amount(
    '25m',
    'CPU that a queue proxy asks for. Kept, not heeded here.',
    'queueSidecarCPURequest',
  ),
  'queue-sidecar-cpu-limit': amount(
    undefined,
    'CPU that a queue proxy may use at most. Kept, not heeded here.',
    'queueSidecarCPULimit',
  ),
  'queue-sidecar-memory-request': amount(
    undefined,
    'Memory that a queue proxy asks for. Kept, not heeded here.',
    'queueSidecarMemoryRequest',
  ),
  'queue-sidecar-memory-limit': amount(
    undefined,
    'Memory that a queue proxy may use at most. Kept, not heeded here.',
    'queueSidecarMemoryLimit',
  ),
  'queue-sidecar-ephemeral-storage-request': amount(
    undefined,
    'Ephemeral storage that a queue proxy asks for. Kept, not heeded here.',
    'queueSidecarEphemeralStorageRequest',
  ),
  'queue-sidecar-ephemeral-storage-limit': amount(
    undefined,
    'Ephemeral storage that a queue proxy may use at most. Kept, not heeded here.',
    'queueSidecarEphemeralStorageLimit',
  ),
  'queue-sidecar-token-audiences': wordList(
    [],
    'Audiences for which a queue proxy is given tokens, by commas. Kept, not heeded here.',
  ),
  'queue-sidecar-rootca': words('', 'A root certificate that a queue proxy trusts. Kept, not heeded here.'),
  'queue-sidecar-tls-min-version': words(
    '',
    'The oldest version of TLS a queue proxy speaks; 1.3 where it is empty. Kept, not heeded here.',
  ),
  'queue-sidecar-tls-max-version': words('', 'The newest version of TLS a queue proxy speaks. Kept, not heeded here.'),
  'queue-sidecar-tls-cipher-suites': words('', 'Cipher suites of a queue proxy, by commas. Kept, not heeded here.'),
  'queue-sidecar-tls-curve-preferences': words('', 'Curves of a queue proxy, by commas. Kept, not heeded here.'),
  'default-affinity-type': parsed<(typeof AFFINITIES)[number]>(
    'prefer-spread-revision-over-nodes',
    'prefer-spread-revision-over-nodes',
    'Whether Pods of a revision are spread over nodes: prefer-spread-revision-over-nodes or none.',
    affinity,
  ),
  'runtime-class-name': parsed<readonly RuntimeClassChoice[]>(
    [],
    '',
    'Runtime classes of Pods: YAML, a map from class to {selector}, the most specific one wins. Standalone there are none, and such Pods are refused.',
    runtimeClasses,
  ),
  'pod-is-always-schedulable': onOff(
    false,
    'Whether a Pod that cannot be scheduled says nothing against its revision.',
  ),
} as const;

export const deploymentConfig = defineConfigMap('config-deployment', rows, {
  component: 'controller',
  doc: '',
  seed: { 'queue-sidecar-image': 'dev.local/no-queue-proxy' },
  check({ progressDeadline, digestResolutionTimeout }) {
    if (progressDeadline <= 0) {
      return `progress-deadline cannot be a non-positive duration, was ${formatDuration(progressDeadline)}`;
    }
    if (progressDeadline % 1000) {
      return `progress-deadline must be rounded to a whole second, was: ${formatDuration(progressDeadline)}`;
    }
    if (digestResolutionTimeout <= 0) {
      return `digest-resolution-timeout cannot be a non-positive duration, was ${formatDuration(digestResolutionTimeout)}`;
    }
    return undefined;
  },
  checkData: (data) => (data['queue-sidecar-image'] || data['queueSidecarImage'] ? undefined : NO_IMAGE),
});
export type DeploymentConfig = ConfigOf<typeof deploymentConfig>;

/** The runtime class for a revision with these labels; undefined where none is meant. */
export function runtimeClassFor(
  choices: readonly RuntimeClassChoice[],
  labels: Readonly<Record<string, string>>,
): string | undefined {
  const size = ({ selector }: RuntimeClassChoice): number => Object.keys(selector).length;
  return choices
    .filter(({ selector }) => Object.entries(selector).every(([key, value]) => labels[key] === value))
    .sort((a, b) => size(b) - size(a) || (a.name < b.name ? -1 : 1))[0]?.name;
}
