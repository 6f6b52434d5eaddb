// What changed between two specs, told as Knative tells it (knative.dev/pkg/kmp ShortDiff): a path of Go's, and both values. What Go
// has as a struct or a pointer is told as JSON here, for Go's own text of these is of no use to anybody.

import { equal, isRecord } from '#base/mod.ts';

/** Fields that Go keeps by pointer, which its paths mark with a star where both sides have one. */
const POINTERS = new Set([
  'containerConcurrency',
  'timeoutSeconds',
  'responseStartTimeoutSeconds',
  'idleTimeoutSeconds',
  'enableServiceLinks',
  'automountServiceAccountToken',
  'runtimeClassName',
  'shareProcessNamespace',
]);
/** Fields of a revision's spec beside its pod spec, in Go's order. */
const OWN_FIELDS = ['containerConcurrency', 'timeoutSeconds', 'responseStartTimeoutSeconds', 'idleTimeoutSeconds'];
/** The order in which Go compares the fields of a pod spec and a container; fields that are not named come last. */
const POD_ORDER = [
  'volumes',
  'initContainers',
  'containers',
  'dnsPolicy',
  'nodeSelector',
  'serviceAccountName',
  'automountServiceAccountToken',
  'hostNetwork',
  'hostPID',
  'hostIPC',
  'shareProcessNamespace',
  'securityContext',
  'imagePullSecrets',
  'affinity',
  'schedulerName',
  'tolerations',
  'hostAliases',
  'priorityClassName',
  'dnsConfig',
  'runtimeClassName',
  'enableServiceLinks',
  'topologySpreadConstraints',
];
const CONTAINER_ORDER = [
  'name',
  'image',
  'command',
  'args',
  'workingDir',
  'ports',
  'envFrom',
  'env',
  'resources',
  'volumeMounts',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'terminationMessagePath',
  'terminationMessagePolicy',
  'imagePullPolicy',
  'securityContext',
];
const ORDER = [...POD_ORDER, ...OWN_FIELDS, ...CONTAINER_ORDER];

/** The changes of a Revision's spec. Empty where there are none. */
export function revisionChanges(before: unknown, now: unknown): string {
  return specChanges('{v1.RevisionSpec}', before, now);
}

/** The changes of a template. Empty where there are none. */
export function templateChanges(
  before: { metadata?: unknown; spec: unknown },
  now: { metadata?: unknown; spec: unknown },
): string {
  const root = '{*v1.RevisionTemplateSpec}';
  const metadata = changes(`${root}.ObjectMeta`, before.metadata ?? {}, now.metadata ?? {});
  return [...metadata, specChanges(`${root}.Spec`, before.spec, now.spec)].join('');
}

function specChanges(root: string, before: unknown, now: unknown): string {
  const [old, next] = [isRecord(before) ? before : {}, isRecord(now) ? now : {}];
  return keysOf(old, next)
    .flatMap((key) => {
      const parent = OWN_FIELDS.includes(key) ? root : `${root}.PodSpec`;
      const isBoth = POINTERS.has(key) && old[key] !== undefined && next[key] !== undefined;
      return changes(`${isBoth ? '*' : ''}${parent}.${goName(key)}`, old[key], next[key]);
    })
    .join('');
}

/** The changes of a value under a path of Go's, one text each. */
export function changes(path: string, before: unknown, now: unknown): string[] {
  if (equal(before, now) || (isNothing(before) && isNothing(now))) return [];
  if (isRecord(before) && isRecord(now)) {
    const isMap = /\.(Labels|Annotations|NodeSelector|Limits|Requests)$/.test(path);
    return keysOf(before, now).flatMap((key) =>
      changes(isMap ? `${path}[${JSON.stringify(key)}]` : `${path}.${goName(key)}`, before[key], now[key]),
    );
  }
  if (Array.isArray(before) && Array.isArray(now)) return listChanges(path, before, now);
  const removed = before === undefined && isRecord(now) ? '' : `\t-: "${shown(before)}"\n`;
  const added = now === undefined && isRecord(before) ? '' : `\t+: "${shown(now)}"\n`;
  return [`${path}:\n${removed}${added}`];
}

/** Entries that only one side has are told by where they come from or go to. */
function listChanges(path: string, before: readonly unknown[], now: readonly unknown[]): string[] {
  const length = Math.max(before.length, now.length);
  return Array.from({ length }, (_none, index) => {
    if (index >= before.length) return [`${path}[?->${index}]:\n\t+: "${shown(now[index])}"\n`];
    if (index >= now.length) return [`${path}[${index}->?]:\n\t-: "${shown(before[index])}"\n`];
    return changes(`${path}[${index}]`, before[index], now[index]);
  }).flat();
}

/** Go makes no difference between what is absent and what is empty. */
function isNothing(value: unknown): boolean {
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0);
}

function keysOf(a: Record<string, unknown>, b: Record<string, unknown>): string[] {
  const place = (key: string) => (ORDER.includes(key) ? ORDER.indexOf(key) : ORDER.length);
  const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])].sort();
  return keys.sort((one, other) => place(one) - place(other));
}

function goName(key: string): string {
  return key.charAt(0).toUpperCase() + key.slice(1);
}

function shown(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
