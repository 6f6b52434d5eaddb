// What Knative refuses in the security settings of a container, and what it warns of.

import { FieldErrors } from '#machinery/mod.ts';
import type { FeaturesConfig } from '../config/features.ts';
import type { PodSecurityContext, SecurityContext } from '../core/security-context.ts';
import { onlyFields } from './fields.ts';
import type { RevisionSpec } from './revision-spec.ts';

const MAX_ID = 2147483647;
const ALLOWED = [
  'capabilities',
  'readOnlyRootFilesystem',
  'runAsUser',
  'runAsGroup',
  'runAsNonRoot',
  'allowPrivilegeEscalation',
  'seccompProfile',
];

/** Checks a container's securityContext; paths are relative to it. */
export function checkSecurity(settings: SecurityContext | undefined, features: FeaturesConfig): FieldErrors {
  const errors = new FieldErrors();
  if (!settings) return errors;
  onlyFields(errors, settings, new Set(settings.privileged === false ? [...ALLOWED, 'privileged'] : ALLOWED));
  const { capabilities } = settings;
  if (capabilities) {
    const inner = new FieldErrors();
    onlyFields(inner, capabilities, new Set(mayAdd(capabilities.add, features) ? ['drop', 'add'] : ['drop']));
    errors.merge(inner, 'capabilities');
  }
  for (const field of ['runAsUser', 'runAsGroup'] as const) {
    const id = settings[field];
    if (id !== undefined && (id < 0 || id > MAX_ID)) errors.outOfBounds(id, 0, MAX_ID, field);
  }
  return errors;
}

function mayAdd(add: readonly string[] | undefined, features: FeaturesConfig): boolean {
  if (features.kubernetesContainerspecAddcapabilities === 'enabled') return true;
  const isLowPort = add?.length === 1 && add[0] === 'NET_BIND_SERVICE';
  return features.securePodDefaults !== 'disabled' && isLowPort;
}

const INSECURE = 'Kubernetes default value is insecure, Knative may default this to secure in a future release';

/** Warns of every container that leaves insecure defaults of Kubernetes in force. */
export function warnInsecure(spec: RevisionSpec, features: FeaturesConfig): FieldErrors {
  const errors = new FieldErrors();
  if (features.securePodDefaults !== 'disabled') return errors;
  const pod = spec.securityContext ?? {};
  for (const field of ['containers', 'initContainers'] as const) {
    for (const [index, container] of (spec[field] ?? []).entries()) {
      errors.merge(warnings(container.securityContext ?? {}, pod), `${field}[${index}].securityContext`);
    }
  }
  return errors;
}

function warnings(settings: SecurityContext, pod: PodSecurityContext): FieldErrors {
  const errors = new FieldErrors();
  const warn = (field: string): void => void errors.warn(INSECURE, field);
  if (pod.runAsNonRoot === undefined && settings.runAsNonRoot === undefined) warn('runAsNonRoot');
  if (settings.allowPrivilegeEscalation === undefined) warn('allowPrivilegeEscalation');
  if (!settings.seccompProfile && !pod.seccompProfile) warn('seccompProfile');
  else if (!settings.seccompProfile?.type && !pod.seccompProfile?.type) warn('seccompProfile.type');
  if (!settings.capabilities) warn('capabilities');
  else if (!settings.capabilities.drop) warn('capabilities.drop');
  else if (settings.capabilities.drop[0] === 'all') {
    errors.add({
      message: 'invalid value: all',
      paths: ['capabilities.drop'],
      details: "Must be spelled as 'ALL'",
      level: 'Warning',
    });
  }
  return errors;
}
