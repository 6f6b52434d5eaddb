// Which subresources a kind has, and what each of them takes and gives. Discovery and routing read the same list.

import type { Kind } from '#machinery/mod.ts';

export interface Subresource {
  /** `status`, `scale`, `log`, ... */
  readonly name: string;
  readonly verbs: readonly string[];
  /** The kind of what it answers with. */
  readonly response: { readonly group: string; readonly version: string; readonly kind: string };
}

const of = (name: string, verbs: readonly string[], group: string, version: string, kind: string): Subresource => ({
  name,
  verbs,
  response: { group, version, kind },
});

/** Subresources that only one resource has. */
const SPECIAL: Readonly<Record<string, readonly Subresource[]>> = {
  pods: [
    of('attach', ['create', 'get'], '', 'v1', 'PodAttachOptions'),
    of('binding', ['create'], '', 'v1', 'Binding'),
    of('eviction', ['create'], 'policy', 'v1', 'Eviction'),
    of('exec', ['create', 'get'], '', 'v1', 'PodExecOptions'),
    of('log', ['get'], '', 'v1', 'Pod'),
    of('portforward', ['create', 'get'], '', 'v1', 'PodPortForwardOptions'),
  ],
  namespaces: [of('finalize', ['update'], '', 'v1', 'Namespace')],
  serviceaccounts: [of('token', ['create'], 'authentication.k8s.io', 'v1', 'TokenRequest')],
};

const JOURNAL = ['events', 'replay', 'redrive'];
/** Subresources that discovery does not tell of: nothing that is served as a custom resource elsewhere has any such. */
const UNTOLD: Readonly<Record<string, readonly string[]>> = {
  'eventing.knative.dev/brokers': JOURNAL,
  'messaging.knative.dev/channels': JOURNAL,
  'messaging.knative.dev/inmemorychannels': JOURNAL,
};

/** Kinds that only come as the body of a subresource and have no path of their own. */
const BODIES_ONLY = new Set([
  'authentication.k8s.io/tokenrequests',
  'autoscaling/scales',
  'policy/evictions',
  'bindings',
]);

/** Whether a kind is served under a path of its own. */
export function isServed(kind: Kind): boolean {
  return verbsOf(kind).length > 0 && !BODIES_ONLY.has(kind.resource);
}

/** Whether objects of this kind are kept; reviews are only answered. */
export function isStored(kind: Kind): boolean {
  return verbsOf(kind).includes('get');
}

/** All subresources of a kind, by name. */
export function subresourcesOf(kind: Kind): readonly Subresource[] {
  if (!isStored(kind)) return [];
  const { group, version } = kind;
  const all = [...(SPECIAL[kind.resource] ?? [])];
  if (kind.scale) all.push(of('scale', ['get', 'patch', 'update'], 'autoscaling', 'v1', 'Scale'));
  if (kind.hasStatus) all.push(of('status', ['get', 'patch', 'update'], group, version, kind.kind));
  return all.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Whether a kind has a subresource that is served beside those. */
export function hasUntold({ resource }: Kind, subresource: string): boolean {
  return UNTOLD[resource]?.includes(subresource) ?? false;
}

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

/** The verbs that a kind itself is served with. */
export function verbsOf(kind: Kind): readonly string[] {
  return kind.verbs ? VERBS.filter((verb) => kind.verbs?.includes(verb)) : VERBS;
}
