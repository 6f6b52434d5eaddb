// What Kubernetes refuses in a ResourceQuota (k8s.io/kubernetes/pkg/apis/core/validation).

import { amountOf } from '#base/mod.ts';
import type { Problems } from '#machinery/mod.ts';
import { qualifiedName } from '#machinery/mod.ts';
import type { ResourceList } from './container.ts';

interface Spec {
  readonly hard?: ResourceList | undefined;
  readonly scopes?: readonly string[] | undefined;
  readonly scopeSelector?:
    | {
        readonly matchExpressions?:
          | readonly { scopeName: string; operator: string; values?: readonly string[] | undefined }[]
          | undefined;
      }
    | undefined;
}

const COUNTS = [
  'pods',
  'services',
  'replicationcontrollers',
  'resourcequotas',
  'secrets',
  'configmaps',
  'persistentvolumeclaims',
  'services.nodeports',
  'services.loadbalancers',
];
const COMPUTE = ['cpu', 'memory', 'ephemeral-storage'];
const STANDARD = new Set([
  ...COUNTS,
  ...COMPUTE,
  ...COMPUTE.flatMap((name) => [`requests.${name}`, `limits.${name}`]),
  'requests.storage',
]);
/** What each scope lets be counted; undefined is anything. */
const OF_BEST_EFFORT = ['pods'];
const SCOPES: Readonly<Record<string, readonly string[] | undefined>> = {
  Terminating: undefined,
  NotTerminating: undefined,
  BestEffort: OF_BEST_EFFORT,
  NotBestEffort: undefined,
  PriorityClass: undefined,
  CrossNamespacePodAffinity: undefined,
  VolumeAttributesClass: undefined,
};
const OPPOSITES = [
  ['BestEffort', 'NotBestEffort'],
  ['Terminating', 'NotTerminating'],
] as const;
const OPERATORS = ['In', 'NotIn', 'Exists', 'DoesNotExist'];

/** Checks what a quota counts, how far, and in which scopes; paths are relative to its spec. */
export function checkQuota(problems: Problems, { hard = {}, scopes = [], scopeSelector }: Spec): void {
  for (const [name, value] of Object.entries(hard)) {
    checkName(problems, name);
    const nano = amountOf(value)?.nano ?? 0n;
    const shown = String(value);
    if (nano < 0n) problems.invalid(`hard[${name}]`, shown, 'must be greater than or equal to 0');
    if (isWhole(name) && nano % 1_000_000_000n !== 0n) problems.invalid(`hard[${name}]`, shown, 'must be an integer');
  }
  checkScopes(problems, scopes, Object.keys(hard));
  for (const [i, term] of (scopeSelector?.matchExpressions ?? []).entries()) {
    const under = problems.under(`scopeSelector.matchExpressions[${i}]`);
    if (!(term.scopeName in SCOPES)) under.invalid('scopeName', term.scopeName, 'unsupported scope');
    if (!OPERATORS.includes(term.operator)) under.invalid('operator', term.operator, 'not a valid selector operator');
    const needsValues = term.operator === 'In' || term.operator === 'NotIn';
    if (needsValues && !term.values?.length)
      under.required('values', "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector");
  }
}

function checkName(problems: Problems, name: string): void {
  const faults = qualifiedName(name);
  for (const fault of faults) problems.invalid(`hard[${name}]`, name, fault);
  const isStandard = STANDARD.has(name) || /^(requests\.)?hugepages-/.test(name);
  if (!name.includes('/') && !isStandard)
    problems.invalid(`hard[${name}]`, name, 'must be a standard resource for quotas');
}

/** Objects are counted in whole numbers. */
function isWhole(name: string): boolean {
  return COUNTS.includes(name) || name.startsWith('count/') || name.endsWith('/persistentvolumeclaims');
}

function checkScopes(problems: Problems, scopes: readonly string[], counted: readonly string[]): void {
  for (const scope of scopes) {
    if (!(scope in SCOPES)) problems.invalid('scopes', scopes, 'unsupported scope');
    const open = SCOPES[scope];
    if (open && counted.some((name) => !open.includes(name)))
      problems.invalid('scopes', scopes, 'unsupported scope applied to resource');
  }
  if (OPPOSITES.some(([one, other]) => scopes.includes(one) && scopes.includes(other)))
    problems.invalid('scopes', scopes, 'conflicting scopes');
}
