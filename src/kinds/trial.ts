// A write without a server, for tests: what a registry does with an object between decoding and storing.

import { copy } from '#base/mod.ts';
import type { Kind, KubeObject, WriteContext } from '#machinery/mod.ts';
import { applyDefaults, checkShape, FieldErrors, Problems } from '#machinery/mod.ts';

export interface Trial {
  /** The object with defaults. */
  readonly object: KubeObject;
  /** Faults in Knative's words, as one text; empty where there are none. */
  readonly text: string;
  readonly warnings: readonly string[];
  /** Faults in Kubernetes' words, `path: message` each. */
  readonly problems: readonly string[];
}

export interface Circumstances {
  readonly before?: KubeObject | undefined;
  readonly config?: Readonly<Record<string, Readonly<Record<string, string>>>> | undefined;
  readonly subresource?: string | undefined;
  readonly user?: string | undefined;
}

const NO_DATA = {};

/** Runs defaults, the schema's rules and the kind's checks over a copy of `object`. */
export function tryWrite(
  kind: Kind,
  object: KubeObject,
  { before, config = {}, subresource, user = 'someone' }: Circumstances = {},
): Trial {
  const context: WriteContext = {
    operation: before ? 'UPDATE' : 'CREATE',
    user: { name: user, groups: [] },
    now: 0,
    dryRun: false,
    ...(subresource ? { subresource } : {}),
    config: (name) => config[name] ?? NO_DATA,
    lookup: () => undefined,
  };
  const written = copy(object);
  const problems = new Problems();
  const errors = new FieldErrors();
  applyDefaults(kind, written);
  kind.defaults?.(written, context, before);
  checkShape(kind, written, problems);
  if (problems.isEmpty) kind.validate?.(written, problems, context, before);
  if (problems.isEmpty) kind.check?.(written, errors, context, before);
  return {
    object: written,
    text: errors.text,
    warnings: errors.warnings,
    problems: problems.all.map(({ path, message }) => `${path}: ${message}`),
  };
}
