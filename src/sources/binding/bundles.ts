// Trust bundles of knative-eventing in the namespace of a SinkBinding, so that its subjects trust whom the platform trusts.

import { equal } from '#base/mod.ts';
import type { Reader, Turn, Watch } from '#engine/mod.ts';
import { watch } from '#engine/mod.ts';
import { ConfigMap, EVENTING_NAMESPACE, SinkBinding, TRUST_BUNDLE_LABEL } from '#kinds/mod.ts';
import type { OwnerReference } from '#machinery/mod.ts';
import { childName, isReason, keyOf } from '#machinery/mod.ts';

const SUFFIX = 'kne-bundle';

const isBundle = ({ metadata }: ConfigMap): boolean => metadata.labels?.[TRUST_BUNDLE_LABEL] === 'true';

/** A look at the bindings that a change of bundles concerns. */
export const watchBundles: Watch = watch(ConfigMap, (configMap, reader) => {
  if (!isBundle(configMap)) return [];
  const { namespace = '' } = configMap.metadata;
  return reader.list(SinkBinding, namespace === EVENTING_NAMESPACE ? undefined : namespace).map(keyOf);
});

/** The bundles that lie in a namespace, by name. */
export function bundlesIn(namespace: string, reader: Reader): readonly string[] {
  const bundles = reader.list(ConfigMap, namespace).filter(isBundle);
  return bundles.map(({ metadata }) => metadata.name).sort();
}

/** Copies the bundles of knative-eventing. All bindings of a namespace share the copies, which go with the last of them. */
export async function propagateBundles(turn: Turn<SinkBinding>): Promise<void> {
  const { object, client } = turn;
  const { namespace = '' } = object.metadata;
  const copies = turn
    .list(ConfigMap, EVENTING_NAMESPACE)
    .filter(isBundle)
    .map((bundle) => copyOf(bundle, namespace));
  for (const copied of copies) await keep(turn, copied);
  const names = new Set(copies.map(({ metadata }) => metadata.name));
  for (const there of turn.list(ConfigMap, namespace).filter(isBundle)) {
    const isOurs = there.metadata.ownerReferences?.some(({ uid }) => uid === object.metadata.uid) ?? false;
    if (isOurs && !names.has(there.metadata.name)) await client.delete(ConfigMap, namespace, there.metadata.name);
  }
}

function copyOf({ metadata, data, binaryData }: ConfigMap, namespace: string): ConfigMap {
  return {
    apiVersion: ConfigMap.apiVersion,
    kind: ConfigMap.kind,
    metadata: { name: childName(metadata.name, SUFFIX), namespace, labels: { [TRUST_BUNDLE_LABEL]: 'true' } },
    ...(data ? { data } : {}),
    ...(binaryData ? { binaryData } : {}),
  };
}

async function keep(turn: Turn<SinkBinding>, wanted: ConfigMap): Promise<void> {
  const { object, client } = turn;
  const { namespace = '', name } = wanted.metadata;
  const there = turn.get(ConfigMap, namespace, name);
  const owners = withOwner(there?.metadata.ownerReferences ?? [], object);
  if (!there) {
    const made = { ...wanted, metadata: { ...wanted.metadata, ownerReferences: owners } };
    await client.create(ConfigMap, made).catch((thrown: unknown) => {
      // Another binding of the namespace was first; its own change calls for the next look.
      if (!isReason(thrown, 'AlreadyExists')) throw thrown;
    });
    return;
  }
  const { data, binaryData } = wanted;
  const labels = { ...there.metadata.labels, ...wanted.metadata.labels };
  const after: ConfigMap = { ...there, metadata: { ...there.metadata, labels, ownerReferences: owners } };
  for (const [field, value] of Object.entries({ data, binaryData }))
    if (value) Object.assign(after, { [field]: value });
    else delete after[field as 'data'];
  if (!equal(after, there)) await client.update(ConfigMap, after);
}

function withOwner(owners: readonly OwnerReference[], { apiVersion, kind, metadata }: SinkBinding): OwnerReference[] {
  const { name, uid = '' } = metadata;
  return owners.some((owner) => owner.uid === uid) ? [...owners] : [...owners, { apiVersion, kind, name, uid }];
}
