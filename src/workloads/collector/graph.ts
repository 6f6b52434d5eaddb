// Who owns whom, over all objects; and what an object's owners mean for it. Pure.

import type { Kind, KubeObject, OwnerReference } from '#machinery/mod.ts';

/** One object as the graph knows it. */
export interface GraphNode {
  readonly kind: Kind;
  readonly object: KubeObject;
}

/** Objects by uid, and the dependents of each uid, whether its object is there or not. */
export class OwnerGraph {
  readonly #nodes = new Map<string, GraphNode>();
  readonly #dependents = new Map<string, Set<string>>();

  get(uid: string): GraphNode | undefined {
    return this.#nodes.get(uid);
  }

  put(kind: Kind, object: KubeObject): void {
    const { uid } = object.metadata;
    if (!uid) return;
    this.#unlink(uid);
    this.#nodes.set(uid, { kind, object });
    for (const owner of object.metadata.ownerReferences ?? []) {
      const dependents = this.#dependents.get(owner.uid) ?? new Set();
      this.#dependents.set(owner.uid, dependents.add(uid));
    }
  }

  remove(uid: string): void {
    this.#unlink(uid);
    this.#nodes.delete(uid);
  }

  dependentsOf(uid: string): readonly GraphNode[] {
    return [...(this.#dependents.get(uid) ?? [])].flatMap((dependent) => this.#nodes.get(dependent) ?? []);
  }

  #unlink(uid: string): void {
    const before = this.#nodes.get(uid);
    for (const owner of before?.object.metadata.ownerReferences ?? []) {
      const dependents = this.#dependents.get(owner.uid);
      dependents?.delete(uid);
      if (dependents?.size === 0) this.#dependents.delete(owner.uid);
    }
  }
}

/** What the collector knows of an owner: there, gone, or itself going and waiting for its dependents. */
export type OwnerState = 'solid' | 'absent' | 'waiting';

export type Verdict =
  | { readonly act: 'keep' }
  /** Delete it; `Foreground` where it has dependents that its owner waits for too. */
  | { readonly act: 'delete'; readonly propagation: 'Background' | 'Foreground' }
  /** One owner holds it; the references to the others are in vain. */
  | { readonly act: 'disown'; readonly keep: readonly OwnerReference[] };

/** What becomes of an object with these owners. */
export function judge(
  object: KubeObject,
  stateOf: (owner: OwnerReference) => OwnerState,
  hasDependents: boolean,
): Verdict {
  const owners = object.metadata.ownerReferences ?? [];
  if (owners.length === 0 || object.metadata.deletionTimestamp) return { act: 'keep' };
  const states = owners.map((owner) => ({ owner, state: stateOf(owner) }));
  const solid = states.filter(({ state }) => state === 'solid').map(({ owner }) => owner);
  if (solid.length === owners.length) return { act: 'keep' };
  if (solid.length > 0) return { act: 'disown', keep: solid };
  const isAwaited = states.some(({ state }) => state === 'waiting');
  return { act: 'delete', propagation: isAwaited && hasDependents ? 'Foreground' : 'Background' };
}
