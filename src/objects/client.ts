// The typed door to the API that controllers, agents and commands use: the same in both homes.

import type { JsonObject } from '#base/mod.ts';
import type { Kind, KubeObject } from '#machinery/mod.ts';

/** What may be asked of a list or a watch. */
export interface ListOptions {
  readonly namespace?: string;
  /** As `kubectl -l` writes it. */
  readonly labelSelector?: string;
  /** As `kubectl --field-selector` writes it. */
  readonly fieldSelector?: string;
}

export interface ObjectList<O> {
  readonly items: readonly O[];
  readonly resourceVersion: string;
}

/** One change, in the order of resourceVersions. A bookmark carries only a resourceVersion, and whether what was there at first is all told. */
export type WatchEvent<O> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: O }
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string; readonly initialEventsEnd?: boolean };

export type PatchType = 'json' | 'merge' | 'strategic' | 'apply';

export interface DeleteOptions {
  readonly propagation?: 'Background' | 'Foreground' | 'Orphan';
  readonly gracePeriodSeconds?: number;
  /** Refuse unless the object is this very one. */
  readonly uid?: string;
  readonly resourceVersion?: string;
}

/**
 * Reads and writes objects. Every method throws ApiError as the API refuses; `get` gives undefined where there is nothing.
 * What it hands out is shared and frozen: copy before changing.
 */
export interface Client {
  get<O extends KubeObject>(kind: Kind<O>, namespace: string, name: string): Promise<O | undefined>;
  list<O extends KubeObject>(kind: Kind<O>, options?: ListOptions): Promise<ObjectList<O>>;
  create<O extends KubeObject>(kind: Kind<O>, object: O): Promise<O>;
  /** Replaces an object; with a resourceVersion only if it is still that one (else 409 Conflict). Custom resources must name one (else 422). */
  update<O extends KubeObject>(kind: Kind<O>, object: O): Promise<O>;
  /** Replaces only the status. */
  updateStatus<O extends KubeObject>(kind: Kind<O>, object: O): Promise<O>;
  /** With a subresource only that part is taken; the answer is the whole object. */
  patch<O extends KubeObject>(
    kind: Kind<O>,
    namespace: string,
    name: string,
    type: PatchType,
    body: JsonObject | readonly JsonObject[],
    options?: { subresource?: string; fieldManager?: string; force?: boolean },
  ): Promise<O>;
  delete(kind: Kind, namespace: string, name: string, options?: DeleteOptions): Promise<void>;
  /** Changes after `resourceVersion`; throws ApiError 410 `Expired` where the window no longer holds it. Ends by its signal. */
  watch<O extends KubeObject>(
    kind: Kind<O>,
    resourceVersion: string,
    options: ListOptions,
    signal: AbortSignal,
  ): AsyncIterable<WatchEvent<O>>;
}
