// What becomes of a namespace that is deleted: its contents go first, then it is let go itself.

import { rfc3339 } from '#base/mod.ts';
import type { ControllerDefinition, Engine } from '#engine/mod.ts';
import { defineController } from '#engine/mod.ts';
import type { StandardCondition } from '#kinds/mod.ts';
import { Namespace } from '#kinds/mod.ts';
import type { Kind, KubeObject } from '#machinery/mod.ts';
import { isReason } from '#machinery/mod.ts';
import type { Informers, Scheme } from '#objects/mod.ts';
import { storedKinds, watchKinds } from '../collector/stored-kinds.ts';

interface Remaining {
  readonly kind: Kind;
  readonly object: KubeObject;
}

export interface NamespaceDeletionOptions {
  readonly engine: Pick<Engine, 'client' | 'clock'>;
  readonly informers: Informers;
  readonly scheme: Scheme;
}

/** Empties each namespace that is being deleted, then lets it go. */
export function namespaceDeletion({
  engine: { client, clock },
  informers,
  scheme,
}: NamespaceDeletionOptions): ControllerDefinition<Namespace> {
  function contents(namespace: string): Remaining[] {
    const kinds = storedKinds(scheme).filter(({ scope }) => scope === 'Namespaced');
    return kinds.flatMap((kind) =>
      informers
        .of(kind)
        .list(namespace)
        .map((object) => ({ kind, object })),
    );
  }

  async function empty(namespace: Namespace): Promise<void> {
    const { name } = namespace.metadata;
    const remaining = contents(name);
    if (remaining.length === 0) return letGo(name);
    await tell(namespace, remaining);
    await Promise.all(remaining.filter(({ object }) => !object.metadata.deletionTimestamp).map(remove));
  }

  async function remove({ kind, object }: Remaining): Promise<void> {
    const { namespace = '', name, uid = '' } = object.metadata;
    try {
      await client.delete(kind, namespace, name, { propagation: 'Background', uid });
    } catch (thrown) {
      if (!isReason(thrown, 'NotFound') && !isReason(thrown, 'Conflict')) throw thrown;
    }
  }

  async function letGo(name: string): Promise<void> {
    try {
      await client.patch(Namespace, '', name, 'merge', { spec: { finalizers: [] } }, { subresource: 'finalize' });
    } catch (thrown) {
      if (!isReason(thrown, 'NotFound')) throw thrown;
    }
  }

  async function tell(namespace: Namespace, remaining: readonly Remaining[]): Promise<void> {
    const conditions = remainingConditions(namespace, remaining, clock.now());
    if (JSON.stringify(conditions) === JSON.stringify(namespace.status?.conditions)) return;
    await client.patch(
      Namespace,
      '',
      namespace.metadata.name,
      'merge',
      { status: { conditions } },
      { subresource: 'status' },
    );
  }

  return defineController<Namespace>({
    name: 'namespace-controller',
    of: Namespace,
    status: 'none',
    // A namespace's finalizers stand in its spec, not in its metadata.
    attendsDeletion: true,
    reconcile: () => undefined,
    finalize: ({ object }) => empty(object),
    listen: (poke) =>
      watchKinds(scheme, informers, (_kind, { before, after }) => {
        const namespace = (after ?? before)?.metadata.namespace;
        if (namespace && informers.of(Namespace).get('', namespace)?.metadata.deletionTimestamp) poke(namespace);
      }),
  });
}

/** Says what the namespace still waits for, as Kubernetes' own controller does. */
function remainingConditions({ status }: Namespace, remaining: readonly Remaining[], now: number): StandardCondition[] {
  const counts = Object.entries(
    Object.groupBy(remaining, ({ kind }) => (kind.group ? `${kind.names.plural}.${kind.group}` : kind.names.plural)),
  );
  const resources = counts
    .map(([plural, some]) => `${plural} has ${some?.length ?? 0} resource instances`)
    .sort()
    .join(', ');
  const waiting = remaining.flatMap(({ object }) => object.metadata.finalizers ?? []);
  const finalizers = Object.entries(Object.groupBy(waiting, (one) => one))
    .map(([one, some]) => `${one} in ${some?.length ?? 0} resource instances`)
    .sort()
    .join(', ');
  const wanted = [
    {
      type: 'NamespaceContentRemaining',
      status: 'True',
      reason: 'SomeResourcesRemain',
      message: `Some resources are remaining: ${resources}`,
    },
    finalizers
      ? {
          type: 'NamespaceFinalizersRemaining',
          status: 'True',
          reason: 'SomeFinalizersRemain',
          message: `Some content in the namespace has finalizers remaining: ${finalizers}`,
        }
      : {
          type: 'NamespaceFinalizersRemaining',
          status: 'False',
          reason: 'ContentHasNoFinalizers',
          message: 'All content-preserving finalizers finished',
        },
  ];
  return wanted.map((condition) => {
    const before = status?.conditions?.find(({ type }) => type === condition.type);
    const since = before?.status === condition.status ? before.lastTransitionTime : undefined;
    return { ...condition, lastTransitionTime: since ?? rfc3339(now) };
  });
}
