// What Kubernetes refuses in a pod spec (k8s.io/kubernetes/pkg/apis/core/validation).

import type { Problems } from '#machinery/mod.ts';
import { checkLabels, dns1123Label, dns1123Subdomain, labelValue, qualifiedName } from '#machinery/mod.ts';
import { checkContainers } from './check-container.ts';
import { checkVolumes } from './check-volume.ts';
import type { PodSpec, PodTemplateSpec, Toleration } from './pod-spec.ts';

const RESTART_POLICIES = ['Always', 'OnFailure', 'Never'];
const DNS_POLICIES = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'];
const MAX_INT32 = 2147483647;

/** Checks a pod spec; paths are relative to it. */
export function checkPodSpec(problems: Problems, spec: PodSpec): void {
  const volumes = checkVolumes(problems, spec.volumes ?? []);
  checkContainers(problems, spec, volumes);
  oneOfThese(problems, 'restartPolicy', spec.restartPolicy, RESTART_POLICIES);
  oneOfThese(problems, 'dnsPolicy', spec.dnsPolicy, DNS_POLICIES);
  checkLabels(spec.nodeSelector, problems, 'nodeSelector');
  checkUserIds(problems.under('securityContext'), spec);
  checkNames(problems, spec);
  checkDnsConfig(problems, spec);
  for (const [index, toleration] of (spec.tolerations ?? []).entries()) {
    checkToleration(problems.under(`tolerations[${index}]`), toleration);
  }
  const deadline = spec.activeDeadlineSeconds;
  if (deadline !== undefined && (deadline < 1 || deadline > MAX_INT32)) {
    problems.invalid('activeDeadlineSeconds', deadline, 'must be between 1 and 2147483647, inclusive');
  }
  const grace = spec.terminationGracePeriodSeconds;
  if (grace !== undefined && grace < 0) {
    problems.invalid('terminationGracePeriodSeconds', grace, 'must be greater than or equal to 0');
  }
}

/** Checks a template of Pods; paths are relative to it. */
export function checkPodTemplate(problems: Problems, template: PodTemplateSpec): void {
  checkLabels(template.metadata?.labels, problems, 'metadata.labels');
  checkPodSpec(problems.under('spec'), template.spec);
  if (template.spec.ephemeralContainers?.length) {
    problems.forbidden('spec.ephemeralContainers', 'ephemeral containers not allowed in pod template');
  }
}

function oneOfThese(problems: Problems, field: string, value: string | undefined, allowed: readonly string[]): void {
  if (!value) problems.required(field);
  else if (!allowed.includes(value)) problems.notSupported(field, value, allowed);
}

function checkNames(problems: Problems, spec: PodSpec): void {
  const subdomains = ['serviceAccountName', 'nodeName', 'priorityClassName', 'runtimeClassName'] as const;
  for (const field of subdomains) {
    const value = spec[field];
    if (value) for (const fault of dns1123Subdomain(value)) problems.invalid(field, value, fault);
  }
  for (const field of ['hostname', 'subdomain'] as const) {
    const value = spec[field];
    if (value) for (const fault of dns1123Label(value)) problems.invalid(field, value, fault);
  }
  for (const [index, { name }] of (spec.imagePullSecrets ?? []).entries()) {
    if (!name) problems.required(`imagePullSecrets[${index}].name`);
  }
}

function checkUserIds(problems: Problems, { securityContext }: PodSpec): void {
  for (const field of ['runAsUser', 'runAsGroup', 'fsGroup'] as const) {
    const id = securityContext?.[field];
    if (id !== undefined && (id < 0 || id > MAX_INT32)) {
      problems.invalid(field, id, 'must be between 0 and 2147483647, inclusive');
    }
  }
}

function checkDnsConfig(problems: Problems, spec: PodSpec): void {
  const servers = spec.dnsConfig?.nameservers ?? [];
  if (spec.dnsPolicy !== 'None') return;
  if (!spec.dnsConfig) problems.required('dnsConfig', 'must provide `dnsConfig` when `dnsPolicy` is None');
  else if (servers.length === 0) {
    problems.required('dnsConfig.nameservers', 'must provide at least one DNS nameserver when `dnsPolicy` is None');
  }
}

const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

function checkToleration(
  problems: Problems,
  { key, operator = '', value = '', effect, tolerationSeconds }: Toleration,
): void {
  if (key) for (const fault of qualifiedName(key)) problems.invalid('key', key, fault);
  else if (operator !== 'Exists') {
    const why = 'operator must be Exists when `key` is empty, which means "match all values and all keys"';
    problems.invalid('operator', operator, why);
  }
  if (tolerationSeconds !== undefined && effect !== 'NoExecute') {
    problems.invalid('effect', effect ?? '', "effect must be 'NoExecute' when `tolerationSeconds` is set");
  }
  if (operator === '' || operator === 'Equal') {
    const faults = labelValue(value);
    if (faults.length > 0) problems.invalid('operator', value, faults.join(';'));
  } else if (operator === 'Exists') {
    if (value) problems.invalid('operator', value, "value must be empty when `operator` is 'Exists'");
  } else {
    problems.notSupported('operator', operator, ['Equal', 'Exists']);
  }
  if (effect && !EFFECTS.includes(effect)) problems.notSupported('effect', effect, EFFECTS);
}
