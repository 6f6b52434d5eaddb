// What Knative refuses in the environment of a container.

import { FieldErrors } from '#machinery/mod.ts';
import type { FeaturesConfig } from '../config/features.ts';
import type { EnvFromSource, EnvVar } from '../core/env.ts';
import { onlyFields } from './fields.ts';

/** Set by the platform for the container that serves; PORT for it alone. */
const RESERVED = ['K_SERVICE', 'K_CONFIGURATION', 'K_REVISION'];

/** Checks variables; paths begin with their index. */
export function checkEnv(env: readonly EnvVar[], serves: boolean, features: FeaturesConfig): FieldErrors {
  const errors = new FieldErrors();
  const reserved = serves ? [...RESERVED, 'PORT'] : RESERVED;
  const sources = ['configMapKeyRef', 'secretKeyRef'];
  if (features.kubernetesPodspecFieldref !== 'disabled') sources.push('fieldRef', 'resourceFieldRef');
  for (const [index, variable] of env.entries()) {
    const inner = new FieldErrors();
    if (!variable.name) inner.missing('name');
    else if (reserved.includes(variable.name)) {
      inner.generic(`${JSON.stringify(variable.name)} is a reserved environment variable`, 'name');
    }
    const source = new FieldErrors();
    onlyFields(source, variable.valueFrom ?? {}, new Set(sources));
    errors.merge(inner.merge(source, 'valueFrom'), `[${index}]`);
  }
  return errors;
}

/** Checks sources of whole environments. A fault has no index, but is told under each source that follows, as Knative does. */
export function checkEnvFrom(sources: readonly EnvFromSource[]): FieldErrors {
  let errors = new FieldErrors();
  for (const [index, { configMapRef, secretRef }] of sources.entries()) {
    if (secretRef) errors = new FieldErrors().merge(errors, `secretRef[${index}]`);
    if (configMapRef) errors = new FieldErrors().merge(errors, `configMapRef[${index}]`);
    if (configMapRef && secretRef) errors.generic('expected exactly one, got both', 'configMapRef', 'secretRef');
    if (!configMapRef && !secretRef) errors.generic('expected exactly one, got neither', 'configMapRef', 'secretRef');
  }
  return errors;
}
