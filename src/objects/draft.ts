// A write on its way: the object as it would be stored, and the steps that every write goes through before the store:
// default ▸ admit ▸ check shape ▸ metadata rules ▸ validate ▸ admission's last word.

import type { Kind, KubeObject, UserInfo, WriteContext } from '#machinery/mod.ts';
import {
  applyDefaults,
  checkObjectMeta,
  checkObjectMetaUpdate,
  checkShape,
  deniedByWebhook,
  FieldErrors,
  invalid,
  Problems,
  withWarnings,
} from '#machinery/mod.ts';
import type { AdmissionPlugin, AdmissionRequest } from './admission.ts';

export interface Draft {
  readonly kind: Kind;
  readonly operation: 'CREATE' | 'UPDATE';
  /** What stands, in the version of the kind; frozen. */
  readonly before?: KubeObject | undefined;
  /** To be changed until it is checked. */
  object: KubeObject;
  readonly subresource?: string | undefined;
  readonly user: UserInfo;
  readonly dryRun: boolean;
  readonly now: number;
  readonly warnings: string[];
}

/** The parts of a WriteContext that do not depend on the write. */
export type Surroundings = Pick<WriteContext, 'config' | 'lookup'>;

/** Fills in what is absent, then lets admission change the object. A write of a subresource takes over only its part, so it gets no defaults. */
export async function prepare(
  draft: Draft,
  plugins: readonly AdmissionPlugin[],
  surroundings: Surroundings,
): Promise<void> {
  const { kind, before, object } = draft;
  if (!draft.subresource) kind.defaults?.(object, contextOf(draft, surroundings), before);
  const request = admissionRequest(draft);
  for (const plugin of plugins) await plugin.admit?.(request);
  draft.object = request.object ?? draft.object;
  if (!draft.subresource) applyDefaults(kind, draft.object);
}

/** Refuses what is wrong with the object itself: 422 with every fault at once, then 400 in the words of Knative's webhook. */
export function check(draft: Draft, surroundings: Surroundings): void {
  const { kind, before, object, warnings } = draft;
  const context = contextOf(draft, surroundings);
  const problems = new Problems();
  checkShape(kind, object, problems, before);
  // What has not even the right shape cannot be looked at closely.
  if (!problems.isEmpty) throw invalid(kind, object.metadata.name, problems.all);
  checkObjectMeta(kind, object.metadata, problems, before?.metadata);
  if (before) checkObjectMetaUpdate(before, object, problems);
  kind.validate?.(object, problems, context, before);
  if (!problems.isEmpty) throw invalid(kind, object.metadata.name, problems.all);
  const errors = new FieldErrors();
  kind.check?.(object, errors, context, before);
  refuse(kind, errors, warnings);
}

/** Throws in the name of the kind's webhook where there is a fault; keeps the warnings. */
export function refuse(kind: Kind, errors: FieldErrors, warnings: string[]): void {
  if (errors.text) {
    const webhook = kind.refusal.by === 'webhook' ? kind.refusal.webhook : `validation.${kind.group}`;
    throw withWarnings(deniedByWebhook(webhook, `validation failed: ${errors.text}`), errors.warnings);
  }
  warnings.push(...errors.warnings);
}

export function contextOf(
  draft: Pick<Draft, 'user' | 'now' | 'dryRun' | 'subresource'> & { readonly operation: WriteContext['operation'] },
  surroundings: Surroundings,
): WriteContext {
  const { operation, user, now, dryRun, subresource } = draft;
  return { operation, user, now, dryRun, ...(subresource ? { subresource } : {}), ...surroundings };
}

export function admissionRequest(draft: Draft): AdmissionRequest {
  const { operation, kind, before, object, subresource, user, dryRun, now, warnings } = draft;
  return {
    operation,
    kind,
    namespace: object.metadata.namespace ?? '',
    name: object.metadata.name,
    object,
    ...(before ? { before } : {}),
    ...(subresource ? { subresource } : {}),
    user,
    dryRun,
    now,
    warn: (text) => void warnings.push(text),
  };
}
