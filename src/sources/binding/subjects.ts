// Which objects a SinkBinding speaks of, and which bindings speak of an object.

import type { Index, Reader } from '#engine/mod.ts';
import { index } from '#engine/mod.ts';
import { BINDING_EXCLUDE_LABEL, Namespace, SinkBinding } from '#kinds/mod.ts';
import type { Kind, KubeObject } from '#machinery/mod.ts';
import { matchesLabelSelector, splitApiVersion } from '#machinery/mod.ts';

const BY_KIND = 'sources/sink-bindings-by-subject-kind';

function kindKey(apiVersion: string, kind: string, namespace: string): string {
  return `${splitApiVersion(apiVersion).group}/${kind} ${namespace}`;
}

/** What `bindingsFor` looks by. */
export const bindingsIndex: Index = index(SinkBinding, BY_KIND, ({ metadata, spec }) => [
  kindKey(spec.subject?.apiVersion ?? '', spec.subject?.kind ?? '', metadata.namespace ?? ''),
]);

/** The bindings whose subjects are of the same kind: when one goes, another may count. */
export function peersOf({ metadata, spec }: SinkBinding, reader: Reader): readonly SinkBinding[] {
  const { apiVersion = '', kind = '' } = spec.subject ?? {};
  return reader.byIndex(SinkBinding, BY_KIND, kindKey(apiVersion, kind, metadata.namespace ?? ''));
}

/** Whether a binding speaks of an object of its subject's kind. */
export function speaksOf({ spec }: SinkBinding, { metadata }: KubeObject): boolean {
  const { name, selector } = spec.subject ?? {};
  return name ? name === metadata.name : matchesLabelSelector(selector, metadata.labels ?? {});
}

/** The binding that counts for an object: the last that was made, of those that are not on their way out. */
export function bindingThatCounts(object: KubeObject, reader: Reader): SinkBinding | undefined {
  return bindingsFor(object, reader).findLast(({ metadata }) => !metadata.deletionTimestamp);
}

/** The bindings that speak of an object, in the order of their making. */
export function bindingsFor(object: KubeObject, reader: Reader): SinkBinding[] {
  const { apiVersion, kind, metadata } = object;
  const key = kindKey(apiVersion, kind, metadata.namespace ?? '');
  const ours = reader.byIndex(SinkBinding, BY_KIND, key).filter((binding) => speaksOf(binding, object));
  return ours.sort((a, b) => orderOf(a).localeCompare(orderOf(b)));
}

function orderOf({ metadata }: SinkBinding): string {
  return `${metadata.creationTimestamp ?? ''} ${metadata.name}`;
}

/** The objects that a binding speaks of, of a kind that is known. */
export function subjectsOf(binding: SinkBinding, kind: Kind, reader: Reader): readonly KubeObject[] {
  const { namespace = '' } = binding.metadata;
  const { name } = binding.spec.subject ?? {};
  if (!name) return reader.list(kind, namespace).filter((object) => speaksOf(binding, object));
  const found = reader.get(kind, namespace, name);
  return found ? [found] : [];
}

/** Whether an object, or all in its namespace, keeps bindings out. */
export function isExcluded(object: KubeObject, reader: Reader): boolean {
  const namespace = reader.get(Namespace, '', object.metadata.namespace ?? '');
  return [object, namespace].some((one) => one?.metadata.labels?.[BINDING_EXCLUDE_LABEL] === 'true');
}
