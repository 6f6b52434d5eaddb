// Whether a write fits into the quotas of its namespace, in Kubernetes' words
// (k8s.io/apiserver/pkg/admission/plugin/resourcequota). Pure.

import type { Amount } from '#base/mod.ts';
import { amountText, compareAmounts, minus, NO_AMOUNT, plus } from '#base/mod.ts';
import type { Kind, KubeObject } from '#machinery/mod.ts';
import type { Container } from '../core/container.ts';
import type { Pod } from '../core/pod.ts';
import type { ResourceQuota } from '../core/quota.ts';
import type { Amounts } from './pod-amounts.ts';
import { amountsOf, sumOf } from './pod-amounts.ts';
import { isInScope } from './scopes.ts';
import { computeUsage, isUsedBy, usageOf } from './usage.ts';

/** A write as quotas see it. */
export interface QuotaWrite {
  readonly kind: Kind;
  readonly object: KubeObject;
  /** What it replaces. */
  readonly before?: KubeObject | undefined;
  readonly now: number;
}

/** The resources of a quota that objects of a kind use up. */
export function resourcesOf({ spec }: ResourceQuota, kind: Kind): string[] {
  return Object.keys(spec.hard ?? {})
    .filter((name) => isUsedBy(kind, name))
    .sort();
}

/** What objects of one kind use of a quota. */
export function usedOf(quota: ResourceQuota, kind: Kind, objects: readonly KubeObject[], now: number): Amounts {
  const names = resourcesOf(quota, kind);
  if (names.length === 0) return {};
  const counted = objects.filter((object) => isInScope(quota, kind, object));
  const sum = sumOf(...counted.map((object) => masked(usageOf(kind, object, now), names)));
  return Object.fromEntries(names.map((name) => [name, sum[name] ?? NO_AMOUNT]));
}

function masked(amounts: Amounts, names: readonly string[]): Amounts {
  return Object.fromEntries(Object.entries(amounts).filter(([name]) => names.includes(name)));
}

/** Why a write does not fit into a quota of which so much is used; undefined where it does. */
export function quotaRefusal(quota: ResourceQuota, used: Amounts, write: QuotaWrite): string | undefined {
  const { kind, object } = write;
  const names = resourcesOf(quota, kind);
  if (names.length === 0 || !isInScope(quota, kind, object)) return undefined;
  const unsaid = kind.resource === 'pods' ? unsaidAmounts(object as Pod, names) : '';
  if (unsaid) return `failed quota: ${quota.metadata.name}: must specify ${unsaid}`;
  const asked = Object.entries(masked(moreOf(write), names));
  const hard = amountsOf(quota.spec.hard);
  const over = asked.filter(([name, amount]) => {
    const total = plus(used[name] ?? NO_AMOUNT, amount);
    return compareAmounts(total, hard[name] ?? NO_AMOUNT) > 0;
  });
  if (over.length === 0) return undefined;
  const exceeded = over.map(([name]) => name).sort();
  const listed = (amounts: Amounts) =>
    exceeded.map((name) => `${name}=${amountText(amounts[name] ?? NO_AMOUNT)}`).join(',');
  return `exceeded quota: ${quota.metadata.name}, requested: ${listed(Object.fromEntries(asked))}, used: ${listed(used)}, limited: ${listed(hard)}`;
}

/** What a write takes beyond what was taken already; nothing is given back by a refusal, so less counts as none. */
function moreOf({ kind, object, before, now }: QuotaWrite): Amounts {
  const old = before ? usageOf(kind, before, now) : {};
  const more = Object.entries(usageOf(kind, object, now)).map(([name, amount]): [string, Amount] => [
    name,
    minus(amount, old[name] ?? NO_AMOUNT),
  ]);
  return Object.fromEntries(more.filter(([, { nano }]) => nano > 0n));
}

/** What every container has to say where a quota counts it. */
const MUST_SAY = ['cpu', 'memory', 'requests.cpu', 'requests.memory', 'limits.cpu', 'limits.memory'];

function unsaidAmounts({ spec }: Pod, counted: readonly string[]): string {
  const wanted = MUST_SAY.filter((name) => counted.includes(name)).sort();
  const silent = wanted.map((name) => [name, silentContainers(spec, name)] as const);
  return silent
    .filter(([, containers]) => containers.length > 0)
    .map(([name, containers]) => `${name} for: ${containers.join(',')}`)
    .join('; ');
}

function silentContainers({ containers, initContainers = [] }: Pod['spec'], name: string): string[] {
  const isSilent = ({ resources }: Container) =>
    !(name in computeUsage(amountsOf(resources?.requests), amountsOf(resources?.limits)));
  return [...new Set([...containers, ...initContainers].filter(isSilent).map((container) => container.name))].sort();
}
