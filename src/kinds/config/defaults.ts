// config-defaults: what a revision is given where its template says nothing.

import { messageOf } from '#base/mod.ts';
import type { ConfigOf, ConfigValues } from './define.ts';
import { defineConfigMap } from './define.ts';
import { amount, onOff, parsed, PlainFault, threeWay, whole } from './settings.ts';
import type { Template } from './template.ts';
import { parseTemplate } from './template.ts';

/** Fields of the object's metadata that a name template may use. */
const EMPTY_META = { Name: '', GenerateName: '', Namespace: '', Labels: {}, Annotations: {} };

function nameTemplate(raw: string): Template {
  const template = parseTemplate(raw, { name: 'container-template', type: 'v1.ObjectMeta' });
  try {
    template(EMPTY_META);
  } catch (thrown) {
    throw new PlainFault(`error executing template: ${messageOf(thrown)}`);
  }
  return template;
}

const named = (name: string, doc: string) => parsed<Template>(() => name, name, doc, nameTemplate);

const rows = {
  'revision-timeout-seconds': whole(300, 'How long a request may take, in seconds.'),
  'max-revision-timeout-seconds': whole(600, 'The most that a revision may ask for as timeoutSeconds.'),
  'revision-response-start-timeout-seconds': whole(
    300,
    'How long a container may take to begin its answer, in seconds; revision-timeout-seconds where it is not set.',
  ),
  'revision-idle-timeout-seconds': whole(0, 'How long an answer may stand still, in seconds; 0 is no limit.'),
  'revision-cpu-request': amount(undefined, 'CPU that each container asks for.'),
  'revision-memory-request': amount(undefined, 'Memory that each container asks for.'),
  'revision-ephemeral-storage-request': amount(undefined, 'Ephemeral storage that each container asks for.'),
  'revision-cpu-limit': amount(undefined, 'CPU that each container may use at most.'),
  'revision-memory-limit': amount(undefined, 'Memory that each container may use at most.'),
  'revision-ephemeral-storage-limit': amount(undefined, 'Ephemeral storage that each container may use at most.'),
  'container-name-template': named(
    'user-container',
    'The name of a container without one: a Go template over the metadata of its Service.',
  ),
  'init-container-name-template': named(
    'init-container',
    'The name of an init container without one: a Go template over the metadata of its Service.',
  ),
  'container-concurrency': whole(0, 'How many requests at once an instance may hold; 0 is no limit.'),
  'container-concurrency-max-limit': whole(1000, 'The most that a revision may ask for as containerConcurrency.'),
  'allow-container-concurrency-zero': onOff(true, 'Whether a revision may ask for no limit of concurrency.'),
  'enable-service-links': threeWay(
    false,
    'Whether the addresses of Services stand in the environment: true, false, or default, which leaves it to Kubernetes.',
  ),
} as const;
type Values = ConfigValues<typeof rows>;

function fault(values: Values, responseStart: number): string | undefined {
  const { revisionTimeoutSeconds: timeout, maxRevisionTimeoutSeconds: max } = values;
  const { revisionIdleTimeoutSeconds: idle, containerConcurrency, containerConcurrencyMaxLimit: limit } = values;
  if (timeout > max) {
    return `revision-timeout-seconds (${timeout}) cannot be greater than max-revision-timeout-seconds (${max})`;
  }
  if (responseStart > 0 && responseStart > timeout) {
    return `revision-response-start-timeout-seconds (${responseStart}) cannot be greater than revision-timeout-seconds (${timeout})`;
  }
  if (idle > 0 && idle > timeout) {
    return `revision-idle-timeout-seconds (${idle}) cannot be greater than revision-timeout-seconds (${timeout})`;
  }
  if (limit < 1) return `expected 1 <= ${limit} <= 2147483647: container-concurrency-max-limit`;
  if (containerConcurrency < 0 || containerConcurrency > limit) {
    return `expected 0 <= ${containerConcurrency} <= ${limit}: container-concurrency`;
  }
  return undefined;
}

const RESPONSE_START = 'revision-response-start-timeout-seconds';

export const defaultsConfig = defineConfigMap('config-defaults', rows, {
  component: 'controller',
  doc: '',
  derive(values, data) {
    const isSet = data[RESPONSE_START] !== undefined;
    const revisionResponseStartTimeoutSeconds = isSet
      ? values.revisionResponseStartTimeoutSeconds
      : values.revisionTimeoutSeconds;
    const found = fault(values, revisionResponseStartTimeoutSeconds);
    if (found) throw new Error(found);
    return { revisionResponseStartTimeoutSeconds };
  },
});
export type DefaultsConfig = ConfigOf<typeof defaultsConfig>;
