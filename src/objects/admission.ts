// The port by which rules that belong to no single kind take part in a write: quotas, default service accounts, webhooks.

import type { Kind, KubeObject, UserInfo } from '#machinery/mod.ts';

/** One write on its way to the store. `object` may be changed in `admit` only. */
export interface AdmissionRequest {
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE';
  readonly kind: Kind;
  readonly namespace: string;
  /** Empty while a name has yet to be generated. */
  readonly name: string;
  /** The object as it would be stored; absent for a deletion. */
  object?: KubeObject;
  /** The object as it stands; absent for a creation. Frozen. */
  readonly before?: KubeObject;
  /** `status`, `scale`, `finalize`, … or absent for the object itself. */
  readonly subresource?: string;
  readonly user: UserInfo;
  readonly dryRun: boolean;
  readonly now: number;
  /** Tells the caller something without refusing. */
  warn(text: string): void;
}

/** Refuses by throwing an ApiError. Plug-ins are asked in the order they were given. */
export interface AdmissionPlugin {
  /** Before validation; may change `request.object`. */
  admit?(request: AdmissionRequest): void | Promise<void>;
  /** After validation; sees what would be stored. */
  validate?(request: AdmissionRequest): void | Promise<void>;
  /** After the write was stored, or failed: to give back what `validate` took. */
  done?(request: AdmissionRequest, stored: boolean): void;
}
