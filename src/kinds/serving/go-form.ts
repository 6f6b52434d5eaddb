// Knative's webhook reads what it is given into Go's structs and writes it again: what is empty goes, what Go always writes comes.
// So a manifest that says nothing in more words makes no new Revision.

import { isRecord } from '#base/mod.ts';
import type { RevisionSpec, RevisionTemplate } from './revision-spec.ts';
import type { TrafficTarget } from './traffic-target.ts';

/** Texts that Go writes though they are empty, or keeps by pointer. */
const KEPT_TEXTS = new Set([
  'containerPort',
  'key',
  'localhostProfile',
  'mountPath',
  'mountPropagation',
  'name',
  'path',
  'runtimeClassName',
  'service',
  'type',
]);
/** Flags that Go keeps as plain values, so that false is as good as absent. */
const PLAIN_FLAGS = new Set(['hostNetwork', 'hostPID', 'hostIPC', 'readOnly', 'stdin', 'stdinOnce', 'tty']);
/** Numbers of the same sort. */
const PLAIN_NUMBERS = new Set([
  'failureThreshold',
  'hostPort',
  'initialDelaySeconds',
  'periodSeconds',
  'successThreshold',
  'timeoutSeconds',
]);
const MAPS = new Set(['labels', 'annotations', 'nodeSelector', 'limits', 'requests']);
/** Lists that Go writes though they are empty. */
const KEPT_LISTS = new Set(['containers', 'accessModes']);

/** Brings a template, and what a spec of a revision says, into Go's form. */
export function templateInGoForm(template: RevisionTemplate): void {
  dropEmpty(template.metadata);
  if (template.metadata && Object.keys(template.metadata).length === 0) delete template.metadata;
  specInGoForm(template.spec);
}

export function specInGoForm(spec: RevisionSpec): void {
  const { timeoutSeconds } = spec;
  dropEmpty(spec);
  // Of all these fields only this one has the name of a plain number elsewhere.
  if (timeoutSeconds !== undefined) spec.timeoutSeconds = timeoutSeconds;
  for (const container of [...(spec.containers ?? []), ...(spec.initContainers ?? [])]) {
    container.resources ??= {};
    for (const probe of [container.readinessProbe, container.livenessProbe, container.startupProbe]) {
      for (const action of [probe?.httpGet, probe?.tcpSocket]) if (action) action.port ??= 0;
    }
    for (const { valueFrom } of container.env ?? []) {
      if (valueFrom?.resourceFieldRef) valueFrom.resourceFieldRef.divisor ??= '0';
    }
  }
}

export function trafficInGoForm(traffic: readonly TrafficTarget[] | undefined): void {
  for (const target of traffic ?? []) dropEmpty(target);
}

function dropEmpty(value: unknown): void {
  if (Array.isArray(value)) for (const item of value) dropEmpty(item);
  if (!isRecord(value)) return;
  for (const [field, child] of Object.entries(value)) {
    if (isNothing(field, child)) Reflect.deleteProperty(value, field);
    else if (!MAPS.has(field)) dropEmpty(child);
  }
}

function isNothing(field: string, value: unknown): boolean {
  if (value === '') return !KEPT_TEXTS.has(field);
  if (value === false) return PLAIN_FLAGS.has(field);
  if (value === 0) return PLAIN_NUMBERS.has(field);
  if (Array.isArray(value)) return value.length === 0 && !KEPT_LISTS.has(field);
  return MAPS.has(field) && isRecord(value) && Object.keys(value).length === 0;
}
