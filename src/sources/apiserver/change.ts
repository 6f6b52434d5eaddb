// What a change of an object is to a source: nothing, or that something came, changed or went among what it looks at. Pure.

import type { Change } from '#objects/mod.ts';
import type { KubeObject, LabelSelectorObject } from '#machinery/mod.ts';
import { controllerOf, matchesLabelSelector } from '#machinery/mod.ts';
import type { What } from './event.ts';

export interface Interest {
  /** Undefined: all, those in no namespace too. */
  readonly namespaces: ReadonlySet<string> | undefined;
  readonly selector: LabelSelectorObject | undefined;
  /** Only what an object of this kind controls. */
  readonly owner: { readonly apiVersion?: string | undefined; readonly kind?: string | undefined } | undefined;
}

export interface Seen {
  readonly what: What;
  readonly object: KubeObject;
}

/** An object that begins to fit a selector comes, one that no longer fits goes. */
export function seenBy(interest: Interest, { before, after }: Change<KubeObject>): Seen | undefined {
  const [was, is] = [fits(interest, before), fits(interest, after)];
  if (after && is) return { what: was ? 'update' : 'add', object: after };
  return before && was ? { what: 'delete', object: after ?? before } : undefined;
}

function fits({ namespaces, selector, owner }: Interest, object: KubeObject | undefined): boolean {
  if (!object) return false;
  if (namespaces && !namespaces.has(object.metadata.namespace ?? '')) return false;
  if (selector && !matchesLabelSelector(selector, object.metadata.labels)) return false;
  if (!owner) return true;
  const controller = controllerOf(object);
  return controller?.apiVersion === owner.apiVersion && controller?.kind === owner.kind;
}
