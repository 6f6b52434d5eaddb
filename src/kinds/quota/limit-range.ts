// What a LimitRange gives and forbids, in Kubernetes' words (plugin/pkg/admission/limitranger). Pure.

import type { Amount } from '#base/mod.ts';
import { amountText, compareAmounts } from '#base/mod.ts';
import type { Container, ResourceList } from '../core/container.ts';
import type { PersistentVolumeClaim } from '../core/persistent-volume-claim.ts';
import type { Pod } from '../core/pod.ts';
import type { LimitRange, LimitRangeItem } from '../core/quota.ts';
import { qosClass } from '../core/pod-defaults.ts';
import type { Amounts } from './pod-amounts.ts';
import { amountsOf, podAmounts } from './pod-amounts.ts';

const ANNOTATION = 'kubernetes.io/limit-ranger';

/** Gives the containers of a new Pod what they do not say themselves, and notes it in an annotation. */
export function giveLimits(pod: Pod, { spec: { limits } }: LimitRange): void {
  const items = limits.filter(({ type }) => type === 'Container');
  const given = Object.assign({}, ...items.map((item) => item.default)) as ResourceList;
  const asked = Object.assign({}, ...items.map((item) => item.defaultRequest)) as ResourceList;
  const { containers, initContainers = [] } = pod.spec;
  const notes = [
    ...containers.flatMap((container) => giveContainer(container, 'container', asked, given)),
    ...initContainers.flatMap((container) => giveContainer(container, 'init container', asked, given)),
  ];
  if (notes.length === 0) return;
  pod.metadata.annotations = {
    ...pod.metadata.annotations,
    [ANNOTATION]: `LimitRanger plugin set: ${notes.join('; ')}`,
  };
  pod.status = { ...pod.status, qosClass: qosClass(pod.spec) };
}

function giveContainer(container: Container, word: string, asked: ResourceList, given: ResourceList): string[] {
  const resources = (container.resources ??= {});
  const missing = (list: ResourceList | undefined, from: ResourceList) =>
    Object.keys(from)
      .filter((name) => list?.[name] === undefined)
      .sort();
  const [requests, limits] = [missing(resources.requests, asked), missing(resources.limits, given)];
  for (const name of requests) resources.requests = { ...resources.requests, [name]: asked[name] ?? '0' };
  for (const name of limits) resources.limits = { ...resources.limits, [name]: given[name] ?? '0' };
  return [
    ...(requests.length > 0 ? [`${requests.join(', ')} request for ${word} ${container.name}`] : []),
    ...(limits.length > 0 ? [`${limits.join(', ')} limit for ${word} ${container.name}`] : []),
  ];
}

/** What a LimitRange says against a Pod; empty where nothing. */
export function podFaults({ spec }: Pod, range: LimitRange): string[] {
  return range.spec.limits.flatMap((item) => {
    if (item.type === 'Container')
      return [...spec.containers, ...(spec.initContainers ?? [])].flatMap(({ resources }) =>
        boundFaults(item, amountsOf(resources?.requests), amountsOf(resources?.limits)),
      );
    return item.type === 'Pod' ? boundFaults(item, podAmounts(spec, 'requests'), podAmounts(spec, 'limits')) : [];
  });
}

/** What a LimitRange says against a claim for storage. */
export function claimFaults({ spec }: PersistentVolumeClaim, range: LimitRange): string[] {
  const requests = amountsOf(spec.resources?.requests);
  return range.spec.limits
    .filter(({ type }) => type === 'PersistentVolumeClaim')
    .flatMap((item) => [...minimumFaults(item, requests, {}), ...mostRequestFaults(item, requests)]);
}

function boundFaults(item: LimitRangeItem, requests: Amounts, limits: Amounts): string[] {
  return [
    ...minimumFaults(item, requests, limits),
    ...maximumFaults(item, requests, limits),
    ...ratioFaults(item, requests, limits),
  ];
}

/** One fault at most for each resource that the bound names. */
function each(bound: ResourceList | undefined, fault: (name: string, amount: Amount) => string | undefined): string[] {
  return Object.entries(amountsOf(bound))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, amount]) => fault(name, amount) ?? []);
}

const isLess = (a: Amount | undefined, b: Amount): a is Amount => a !== undefined && compareAmounts(a, b) < 0;
const isMore = (a: Amount | undefined, b: Amount): a is Amount => a !== undefined && compareAmounts(a, b) > 0;

function minimumFaults({ type, min }: LimitRangeItem, requests: Amounts, limits: Amounts): string[] {
  return each(min, (name, least) => {
    const rule = `minimum ${name} usage per ${type} is ${amountText(least)}`;
    const [request, limit] = [requests[name], limits[name]];
    if (!request) return `${rule}.  No request is specified`;
    if (isLess(request, least)) return `${rule}, but request is ${amountText(request)}`;
    return isLess(limit, least) ? `${rule}, but limit is ${amountText(limit)}` : undefined;
  });
}

function maximumFaults({ type, max }: LimitRangeItem, requests: Amounts, limits: Amounts): string[] {
  return each(max, (name, most) => {
    const rule = `maximum ${name} usage per ${type} is ${amountText(most)}`;
    const [request, limit] = [requests[name], limits[name]];
    if (!limit) return `${rule}.  No limit is specified`;
    if (isMore(limit, most)) return `${rule}, but limit is ${amountText(limit)}`;
    return isMore(request, most) ? `${rule}, but request is ${amountText(request)}` : undefined;
  });
}

function mostRequestFaults({ type, max }: LimitRangeItem, requests: Amounts): string[] {
  return each(max, (name, most) => {
    const rule = `maximum ${name} usage per ${type} is ${amountText(most)}`;
    const request = requests[name];
    if (!request) return `${rule}.  No request is specified`;
    return isMore(request, most) ? `${rule}, but request is ${amountText(request)}` : undefined;
  });
}

function ratioFaults({ type, maxLimitRequestRatio }: LimitRangeItem, requests: Amounts, limits: Amounts): string[] {
  return each(maxLimitRequestRatio, (name, most) => {
    const rule = `${name} max limit to request ratio per ${type} is ${amountText(most)}`;
    const [request, limit] = [requests[name], limits[name]];
    if (!request?.nano) return `${rule}, but no request is specified or request is 0`;
    if (!limit?.nano) return `${rule}, but no limit is specified or limit is 0`;
    const ratio = Number(limit.nano) / Number(request.nano);
    return ratio > Number(most.nano) / 1e9 ? `${rule}, but provided ratio is ${ratio.toFixed(6)}` : undefined;
  });
}
