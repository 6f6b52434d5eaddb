// What Knative refuses in the pod spec of a revision, by the features that are on.

import { FieldErrors, dns1123Subdomain } from '#machinery/mod.ts';
import type { FeatureFlag, FeaturesConfig } from '../config/features.ts';
import type { PodSecurityContext } from '../core/security-context.ts';
import { checkContainers } from './check-containers.ts';
import { warnInsecure } from './check-security.ts';
import { checkVolumes } from './check-volumes.ts';
import { onlyFields } from './fields.ts';
import type { RevisionSpec } from './revision-spec.ts';

const ALWAYS = ['containers', 'volumes', 'serviceAccountName', 'imagePullSecrets', 'enableServiceLinks'];
/** Fields of a RevisionSpec that are no part of its pod spec. */
const OWN = ['containerConcurrency', 'timeoutSeconds', 'responseStartTimeoutSeconds', 'idleTimeoutSeconds'];

/** The fields that a feature opens unless it is disabled. */
function gates(features: FeaturesConfig): readonly (readonly [string, FeatureFlag])[] {
  return [
    ['affinity', features.kubernetesPodspecAffinity],
    ['topologySpreadConstraints', features.kubernetesPodspecTopologyspreadconstraints],
    ['hostAliases', features.kubernetesPodspecHostaliases],
    ['nodeSelector', features.kubernetesPodspecNodeselector],
    ['runtimeClassName', features.kubernetesPodspecRuntimeclassname],
    ['tolerations', features.kubernetesPodspecTolerations],
    ['securityContext', features.kubernetesPodspecSecuritycontext],
    ['shareProcessNamespace', features.kubernetesPodspecShareprocessnamespace],
    ['priorityClassName', features.kubernetesPodspecPriorityclassname],
    ['schedulerName', features.kubernetesPodspecSchedulername],
    ['initContainers', features.kubernetesPodspecInitContainers],
    ['dnsPolicy', features.kubernetesPodspecDnspolicy],
    ['dnsConfig', features.kubernetesPodspecDnsconfig],
    ['hostIPC', features.kubernetesPodspecHostipc],
    ['hostPID', features.kubernetesPodspecHostpid],
    ['hostNetwork', features.kubernetesPodspecHostnetwork],
  ];
}

function allowedFields(features: FeaturesConfig, spec: RevisionSpec): ReadonlySet<string> {
  const open = gates(features)
    .filter(([, flag]) => flag !== 'disabled')
    .map(([field]) => field);
  if (features.securePodDefaults !== 'disabled') open.push('securityContext');
  if (spec.automountServiceAccountToken === false) open.push('automountServiceAccountToken');
  return new Set([...ALWAYS, ...OWN, ...open]);
}

/** Checks a pod spec; paths are relative to it. */
export function checkPodSpec(spec: RevisionSpec, features: FeaturesConfig): FieldErrors {
  const errors = new FieldErrors();
  onlyFields(errors, spec, allowedFields(features, spec));
  if (spec.securityContext) errors.merge(checkPodSecurity(spec.securityContext, features), 'securityContext');
  errors.merge(warnInsecure(spec, features));
  errors.merge(checkVolumes(spec, features), 'volumes');
  errors.merge(checkContainers(spec, features));
  const { serviceAccountName } = spec;
  if (serviceAccountName) {
    for (const fault of dns1123Subdomain(serviceAccountName)) {
      errors.invalid(serviceAccountName, 'serviceAccountName', fault);
    }
  }
  return errors;
}

const MAX_ID = 2147483647;
const POD_SECURITY = ['runAsUser', 'runAsGroup', 'runAsNonRoot', 'fsGroup', 'supplementalGroups', 'seccompProfile'];

function checkPodSecurity(settings: PodSecurityContext, features: FeaturesConfig): FieldErrors {
  const errors = new FieldErrors();
  const isOpen = features.kubernetesPodspecSecuritycontext !== 'disabled';
  const { type, localhostProfile } = settings.seccompProfile ?? {};
  const isSafeProfile = (type === 'RuntimeDefault' || type === 'Unconfined') && localhostProfile === undefined;
  const isSafe = features.securePodDefaults !== 'disabled' && isSafeProfile;
  onlyFields(errors, settings, new Set(isOpen ? POD_SECURITY : isSafe ? ['seccompProfile'] : []));
  for (const field of ['runAsUser', 'runAsGroup', 'fsGroup'] as const) {
    const id = settings[field];
    if (id !== undefined && (id < 0 || id > MAX_ID)) errors.outOfBounds(id, 0, MAX_ID, field);
  }
  for (const [index, id] of (settings.supplementalGroups ?? []).entries()) {
    if (id < 0 || id > MAX_ID) errors.outOfBounds(id, 0, MAX_ID, `supplementalGroups[${index}]`);
  }
  return errors;
}
