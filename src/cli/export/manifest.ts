// Which objects are a user's own, and how each looks as a manifest that another cluster takes. Pure.

import type { Json, JsonObject } from '#base/mod.ts';
import { isRecord } from '#base/mod.ts';
import {
  allKinds,
  CREATOR_ANNOTATION,
  EXAMPLE_ANNOTATION,
  GIVEN_CLAIM_ANNOTATIONS,
  LAST_MODIFIER_ANNOTATION,
  LOCAL_CLASS,
  SYSTEM_NAMESPACES,
} from '#kinds/mod.ts';
import type { Kind, KubeObject } from '#machinery/mod.ts';

/** An object as someone would write it. */
export type Manifest = JsonObject & {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string };
};

/** Kinds of Kubernetes' own that a user writes, in the order in which a cluster wants them. */
const CORE = [
  'Namespace',
  'ServiceAccount',
  'Role',
  'RoleBinding',
  'ResourceQuota',
  'LimitRange',
  'Secret',
  'ConfigMap',
  'PersistentVolumeClaim',
  'Service',
  'Deployment',
  'StatefulSet',
  'DaemonSet',
  'CronJob',
  'HorizontalPodAutoscaler',
];
const CORE_GROUPS = new Set(['', 'apps', 'batch', 'autoscaling', 'rbac.authorization.k8s.io']);
/** What Knative's controllers make, not users. */
const MADE_BY_CONTROLLERS = new Set(['Revision', 'EventType', 'Image']);

/** Every kind that is exported, in the order of its application. */
export function exportedKinds(): readonly Kind[] {
  const core = CORE.flatMap((name) => allKinds.filter(({ kind, group }) => kind === name && CORE_GROUPS.has(group)));
  const knative = allKinds.filter(
    ({ group, kind, scope }) =>
      group.endsWith('.knative.dev') &&
      !group.includes('.internal.') &&
      scope === 'Namespaced' &&
      !MADE_BY_CONTROLLERS.has(kind),
  );
  return [...core, ...knative];
}

/** Whether somebody wrote this object, rather than a controller or the platform. */
export function isUsersOwn(object: KubeObject): boolean {
  const { name, namespace = '', ownerReferences = [], deletionTimestamp, labels = {} } = object.metadata;
  if (ownerReferences.some(({ controller }) => controller) || deletionTimestamp !== undefined) return false;
  if (SYSTEM_NAMESPACES.includes(object.kind === 'Namespace' ? name : namespace) || labels['ebb.dev/user'])
    return false;
  switch (object.kind) {
    case 'Namespace':
    case 'ServiceAccount':
      return name !== 'default';
    case 'ConfigMap':
      return name !== 'kube-root-ca.crt';
    case 'Secret':
      return fieldOf(object, 'type') !== 'kubernetes.io/service-account-token';
    case 'Service':
      return object.apiVersion !== 'v1' || !(namespace === 'default' && name === 'kubernetes');
    default:
      return true;
  }
}

const DROPPED_ANNOTATIONS = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  'deployment.kubernetes.io/revision',
  CREATOR_ANNOTATION,
  LAST_MODIFIER_ANNOTATION,
  EXAMPLE_ANNOTATION,
  ...GIVEN_CLAIM_ANNOTATIONS,
]);
const DROPPED_LABELS = new Set(['kubernetes.io/metadata.name']);

/** The object as someone would have written it: no status, nothing that a server fills in. */
export function manifestOf(object: KubeObject): Manifest {
  const { apiVersion, kind, metadata, status: _, ...rest } = object as KubeObject & Record<string, Json>;
  const labels = without(metadata.labels, DROPPED_LABELS);
  const annotations = without(metadata.annotations, DROPPED_ANNOTATIONS);
  return {
    apiVersion,
    kind,
    metadata: {
      name: metadata.name,
      ...(metadata.namespace ? { namespace: metadata.namespace } : {}),
      ...(labels ? { labels } : {}),
      ...(annotations ? { annotations } : {}),
    },
    ...rewritten(apiVersion, kind, rest),
  };
}

function without(
  entries: Readonly<Record<string, string>> | undefined,
  dropped: ReadonlySet<string>,
): Record<string, string> | undefined {
  const kept = Object.entries(entries ?? {}).filter(([key]) => !dropped.has(key));
  return kept.length > 0 ? Object.fromEntries(kept) : undefined;
}

/** Without what was given to it here and would be wrong elsewhere: addresses, ports of nodes, volumes and their class. */
function rewritten(apiVersion: string, kind: string, rest: JsonObject): JsonObject {
  const { spec } = rest;
  if (kind === 'Namespace') return {};
  if (kind === 'ServiceAccount') return omit(rest, ['secrets']);
  if (!isRecord(spec)) return rest;
  if (kind === 'PersistentVolumeClaim') return { ...rest, spec: unclassed(omit(spec, ['volumeName'])) };
  if (MAKES_CLAIMS.has(kind)) return { ...rest, spec: unclassed(spec) };
  if (kind !== 'Service' || apiVersion !== 'v1') return rest;
  const given = [
    'ipFamilies',
    'ipFamilyPolicy',
    'healthCheckNodePort',
    ...(spec.clusterIP === 'None' ? [] : ['clusterIP', 'clusterIPs']),
  ];
  const kept = omit(spec, given);
  const { ports } = kept;
  const plain = Array.isArray(ports)
    ? { ports: ports.map((port) => (isRecord(port) ? omit(port, ['nodePort']) : port)) }
    : {};
  return { ...rest, spec: { ...kept, ...plain } as JsonObject };
}

/** Kinds whose Pods may come with claims of their own. */
const MAKES_CLAIMS = new Set(['StatefulSet', 'Deployment', 'DaemonSet', 'CronJob']);

/** Claims of the class that only this platform has name none, and so get the default class of a cluster. */
function unclassed<T extends Json>(value: T): T {
  if (Array.isArray(value)) return value.map((one) => unclassed(one)) as T;
  if (!isRecord(value)) return value;
  const kept = Object.entries(value).filter(([key, inner]) => key !== 'storageClassName' || inner !== LOCAL_CLASS);
  return Object.fromEntries(kept.map(([key, inner]) => [key, unclassed(inner as Json)])) as T;
}

function omit(from: JsonObject, keys: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(from).filter(([key]) => !keys.includes(key)));
}

/** What a Knative Service needs in its namespace: `Secret/name`, `ConfigMap/name`, `ServiceAccount/name`, `PersistentVolumeClaim/name`. */
export function neededBy(manifest: Manifest): ReadonlySet<string> {
  const needed = new Set<string>();
  const note = (kind: string, name: unknown) => typeof name === 'string' && name && needed.add(`${kind}/${name}`);
  visit(manifest.spec, (key, value) => {
    if (key === 'serviceAccountName' && value !== 'default') note('ServiceAccount', value);
    if (key === 'imagePullSecrets' && Array.isArray(value))
      for (const one of value) note('Secret', fieldOf(one, 'name'));
    if (key === 'secretRef' || key === 'secretKeyRef') note('Secret', fieldOf(value, 'name'));
    if (key === 'secret') note('Secret', fieldOf(value, 'secretName') ?? fieldOf(value, 'name'));
    if (key === 'configMapRef' || key === 'configMapKeyRef' || key === 'configMap')
      note('ConfigMap', fieldOf(value, 'name'));
    if (key === 'persistentVolumeClaim') note('PersistentVolumeClaim', fieldOf(value, 'claimName'));
  });
  return needed;
}

/** What a person should know before another cluster gets these: things that only mean something here. */
export function warningsOn(manifests: readonly Manifest[], ownRegistries: readonly string[]): readonly string[] {
  const warnings: string[] = [];
  for (const manifest of manifests) {
    const name = `${manifest.kind} ${manifest.metadata.name}`;
    visit(manifest, (key, value) => {
      if (key === 'image' && typeof value === 'string' && isOnlyHere(value, ownRegistries))
        warnings.push(
          `${name}: ${value} is only in this platform's store; push it to a registry that the cluster reaches`,
        );
      if (key === 'revisionName' && typeof value === 'string')
        warnings.push(
          `${name}: its traffic names the revision ${value}, which the cluster does not have; lead it to the newest one (latestRevision: true) before it is applied`,
        );
      if (key.startsWith('ebb.dev/')) warnings.push(`${name}: ${key} means something to Ebb only`);
    });
  }
  const secrets = manifests.filter(({ kind }) => kind === 'Secret').length;
  if (secrets > 0)
    warnings.push(
      `${secrets === 1 ? 'a Secret is' : `${secrets} Secrets are`} in it, readable; --no-secrets leaves them out`,
    );
  return warnings;
}

const LOCAL_ONLY = ['ko.local', 'dev.local', 'kind.local'];

function isOnlyHere(image: string, ownRegistries: readonly string[]): boolean {
  return [...LOCAL_ONLY, ...ownRegistries].includes(image.split('/', 1)[0] ?? '');
}

function visit(value: unknown, see: (key: string, value: unknown) => void): void {
  if (Array.isArray(value)) for (const one of value) visit(one, see);
  if (!isRecord(value)) return;
  for (const [key, inner] of Object.entries(value)) {
    see(key, inner);
    visit(inner, see);
  }
}

function fieldOf(value: unknown, key: string): unknown {
  return isRecord(value) ? value[key] : undefined;
}
