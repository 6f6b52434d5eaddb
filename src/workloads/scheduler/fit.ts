// Whether a Pod fits onto a node, in kube-scheduler's words. Pure.

import { parseQuantity } from '#base/mod.ts';
import type { Container, Node, Pod } from '#kinds/mod.ts';
import { isOver } from '../pods/readiness.ts';
import { NOT_NEAR, UNEVEN_WITHOUT_LABEL } from './company.ts';
import { isWantedNode } from './node-affinity.ts';

const UNSCHEDULABLE = 'node(s) were unschedulable';
const UNTOLERATED = 'node(s) had untolerated taint';
const NOT_WANTED = "node(s) didn't match Pod's node affinity/selector";
const NO_HELP = 'Preemption is not helpful for scheduling';

/** Amounts by resource name; `pods` counts Pods. */
export type Amounts = Readonly<Record<string, number>>;

/** What a Pod asks for: all its containers together, or its hungriest init container where that is more. */
export function requestsOf({ spec }: Pod): Amounts {
  const total: Record<string, number> = { pods: 1 };
  const add = (amounts: Amounts) => {
    for (const [name, amount] of Object.entries(amounts)) total[name] = (total[name] ?? 0) + amount;
  };
  for (const container of spec.containers) add(asked(container));
  for (const container of spec.initContainers ?? []) {
    const amounts = asked(container);
    if (container.restartPolicy === 'Always') add(amounts);
    else for (const [name, amount] of Object.entries(amounts)) total[name] = Math.max(total[name] ?? 0, amount);
  }
  add(parsed(spec.overhead ?? {}));
  return total;
}

function asked({ resources }: Container): Amounts {
  return parsed(resources?.requests ?? {});
}

function parsed(list: Readonly<Record<string, string | number>>): Amounts {
  return Object.fromEntries(Object.entries(list).map(([name, amount]) => [name, parseQuantity(amount) ?? 0]));
}

/** Why a Pod cannot be on this node beside those that are there; empty where it can. */
export function unfitReasons(pod: Pod, node: Node, there: readonly Pod[]): string[] {
  const reasons: string[] = [];
  if (node.spec.unschedulable) reasons.push(UNSCHEDULABLE);
  const taint = repellingTaint(pod, node);
  if (taint) reasons.push(`${UNTOLERATED} {${taint.key}: ${taint.value ?? ''}}`);
  if (!isWantedNode(pod, node)) reasons.push(NOT_WANTED);
  return reasons.length > 0 ? reasons : shortages(pod, node, there);
}

function shortages(pod: Pod, node: Node, there: readonly Pod[]): string[] {
  const room = parsed(node.status?.allocatable ?? {});
  const used: Record<string, number> = {};
  for (const other of there.filter((one) => !isOver(one))) {
    for (const [name, amount] of Object.entries(requestsOf(other))) used[name] = (used[name] ?? 0) + amount;
  }
  const isShort = ([name, amount]: [string, number]) => amount > 0 && (used[name] ?? 0) + amount > (room[name] ?? 0);
  const short = Object.entries(requestsOf(pod)).filter(isShort);
  return short.map(([name]) => (name === 'pods' ? 'Too many pods' : `Insufficient ${name}`));
}

type Taint = NonNullable<Node['spec']['taints']>[number];

/** The first taint of a node that keeps the Pod off. */
export function repellingTaint(pod: Pod, { spec }: Node): Taint | undefined {
  return spec.taints?.find((one) => one.effect !== 'PreferNoSchedule' && !tolerates(pod, one));
}

function tolerates({ spec }: Pod, taint: Taint): boolean {
  return (spec.tolerations ?? []).some(({ key, operator = 'Equal', value = '', effect }) => {
    if (effect && effect !== taint.effect) return false;
    if (!key) return operator === 'Exists';
    return key === taint.key && (operator === 'Exists' || value === (taint.value ?? ''));
  });
}

/** Reasons that stay where other Pods leave; so does an untolerated taint. */
const LASTING: ReadonlySet<string> = new Set([UNSCHEDULABLE, NOT_WANTED, NOT_NEAR, UNEVEN_WITHOUT_LABEL]);

/** The message of an Unschedulable Pod: how many nodes there are, what keeps it from each, and that nobody is sent away for it. */
export function unschedulableMessage(unfit: readonly (readonly string[])[]): string {
  const nodes = unfit.length;
  if (nodes === 0) return 'no nodes available to schedule pods';
  const lasts = (reason: string) => LASTING.has(reason) || reason.startsWith(UNTOLERATED);
  const help = unfit.map((reasons) => (reasons.some(lasts) ? NO_HELP : 'No preemption victims found for incoming pod'));
  const none = `0/${nodes} nodes are available:`;
  return `${none} ${counted(unfit.flat())}. preemption: ${none} ${counted(help)}.`;
}

function counted(reasons: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [...counts]
    .map(([reason, count]) => `${count} ${reason}`)
    .sort()
    .join(', ');
}

/** The same where no node can help, as while a claim is not bound. */
export function unplaceableMessage(nodes: number, reason: string): string {
  const none = `0/${nodes} nodes are available:`;
  return `${none} ${reason}. preemption: ${none} ${nodes} ${NO_HELP}.`;
}
