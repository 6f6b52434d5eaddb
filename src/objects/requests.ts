// What may be asked of the registry and what it answers; the vocabulary between it and the API server.

import type { JsonObject } from '#base/mod.ts';
import type { KubeObject, UserInfo } from '#machinery/mod.ts';
import type { DeleteOptions } from './client.ts';

/** Who writes, and how. */
export interface WriteOptions {
  readonly user: UserInfo;
  /** Everything but the store. */
  readonly dryRun?: boolean;
  /** Who owns the written fields; the caller's program name where none is given. */
  readonly fieldManager?: string;
  /** What to do about unknown and duplicate fields; `Warn` where absent. */
  readonly fieldValidation?: 'Ignore' | 'Warn' | 'Strict';
  /** Server-side apply takes fields over from other managers. */
  readonly force?: boolean;
}

/** How to change an object that is there. */
export interface UpdateOptions extends WriteOptions {
  /** `status`, or `finalize` for Namespaces: only that part is taken from the request. */
  readonly subresource?: string;
}

/** An object as a client wrote it, not yet decoded. */
export type Incoming = JsonObject | KubeObject;

/** An object, by its place. The namespace is empty for kinds without one. */
export interface Place {
  readonly namespace: string;
  readonly name: string;
}

/** What came of a write. The object is frozen. */
export interface Written<O extends KubeObject = KubeObject> {
  readonly object: O;
  /** False where nothing had to be changed, or the write was only tried out. */
  readonly changed: boolean;
  /** Whether the object is new (an apply may create). */
  readonly created: boolean;
  /** For the Warning headers. */
  readonly warnings: readonly string[];
}

/** What came of a deletion: the object's last state, and whether it is gone or waits for finalizers or its grace. */
export interface Deleted<O extends KubeObject = KubeObject> {
  readonly object: O;
  readonly removed: boolean;
  readonly warnings: readonly string[];
}

/** metav1.DeleteOptions, and who asks. */
export interface DeleteRequest extends DeleteOptions {
  readonly user: UserInfo;
  readonly dryRun?: boolean;
}

/** The body of a patch as it came. */
export type PatchBody = JsonObject | readonly JsonObject[];
