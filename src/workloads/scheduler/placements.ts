// Which Pods are where, which of them wait, and who looks again when one changes.

import { equal } from '#base/mod.ts';
import type { Index, Reader } from '#engine/mod.ts';
import { index } from '#engine/mod.ts';
import type { Node } from '#kinds/mod.ts';
import { Namespace, Pod } from '#kinds/mod.ts';
import type { ObjectKey } from '#machinery/mod.ts';
import { keyOf } from '#machinery/mod.ts';
import { isOver } from '../pods/readiness.ts';
import type { Placed } from './company.ts';
import type { Neighbours } from './company-problem.ts';
import { keepsAway, minds } from './rules.ts';

const BY_NODE = 'scheduled on';
/** Pods that wait, under the empty name. */
const NOWHERE = '';
const BY_RULE = 'rules about others';
/** Pods that wait and mind where others are, and placed ones that keep others away: few, so that all others go by quickly. */
const MINDFUL = 'minds';
const GUARD = 'keeps away';
const NONE: readonly string[] = [];

/** What is found by more than its name here. */
export const PLACEMENT_INDEXES: readonly Index[] = [
  index(Pod, BY_NODE, ({ spec }) => [spec.nodeName ?? NOWHERE]),
  index(Pod, BY_RULE, rulesOf),
];

function rulesOf(pod: Pod): readonly string[] {
  if (pod.spec.nodeName) return keepsAway(pod) && !isOver(pod) ? [GUARD] : NONE;
  return minds(pod) ? [MINDFUL] : NONE;
}

/** Pods on nodes. Those being written onto one count as there already, so several turns at once never fill one gap twice. */
export class Placements {
  readonly #assumed = new Map<ObjectKey, Pod>();

  /** Counts a Pod as placed for as long as it is written. */
  async assume(pod: Pod, write: () => Promise<void>): Promise<void> {
    const key = keyOf(pod);
    this.#assumed.set(key, pod);
    try {
      await write();
    } finally {
      this.#assumed.delete(key);
    }
  }

  /** Those on a node, and those about to be. */
  on({ metadata: { name } }: Node, reader: Reader): readonly Pod[] {
    return this.#withAssumed(reader.byIndex(Pod, BY_NODE, name), (pod) => pod.spec.nodeName === name);
  }

  /** Whom a Pod's rules may mean, and whose rules may mean it. Most Pods have none, and none is looked for. */
  around(pod: Pod, nodes: readonly Node[], reader: Reader): Neighbours {
    const guards = this.#withAssumed(reader.byIndex(Pod, BY_RULE, GUARD), keepsAway);
    const others = minds(pod) ? nodes.flatMap((node) => this.on(node, reader)) : [];
    const labelsOfNamespace = (name: string) => reader.get(Namespace, '', name)?.metadata.labels;
    return {
      company: { nodes, placed: placedAmong(nodes, others), labelsOfNamespace },
      guards: placedAmong(nodes, guards),
    };
  }

  #withAssumed(there: readonly Pod[], fits: (pod: Pod) => boolean): readonly Pod[] {
    const isThere = (key: ObjectKey) => there.some((one) => keyOf(one) === key);
    const soon = [...this.#assumed].flatMap(([key, pod]) => (fits(pod) && !isThere(key) ? [pod] : []));
    return soon.length === 0 ? there : [...there, ...soon];
  }
}

function placedAmong(nodes: readonly Node[], pods: readonly Pod[]): readonly Placed[] {
  return pods.flatMap((pod) => {
    const node = isOver(pod) ? undefined : nodes.find(({ metadata }) => metadata.name === pod.spec.nodeName);
    return node ? [{ pod, node }] : [];
  });
}

/** Whether a Pod is for this scheduler to place. */
export function isWaiting({ metadata, spec }: Pod): boolean {
  if (spec.nodeName || metadata.deletionTimestamp || spec.schedulingGates?.length) return false;
  return (spec.schedulerName ?? 'default-scheduler') === 'default-scheduler';
}

export function waiting(reader: Reader): readonly Pod[] {
  return reader.byIndex(Pod, BY_NODE, NOWHERE).filter(isWaiting);
}

/** Who looks again when a Pod changes, asked of it as it was and as it is: all where room is made, else those that mind. */
export function wokenBy(pod: Pod, reader: Reader): readonly Pod[] {
  if (!pod.spec.nodeName) return [];
  const { namespace = '', name } = pod.metadata;
  if (makesRoom(pod, reader.get(Pod, namespace, name))) return waiting(reader);
  return reader.byIndex(Pod, BY_RULE, MINDFUL).filter(isWaiting);
}

/** Whether a Pod has left its node since, or may keep others away than it did: its own labels have a part in that. */
function makesRoom(before: Pod, now: Pod | undefined): boolean {
  if (isOver(before)) return false;
  if (!now || now.metadata.uid !== before.metadata.uid || isOver(now)) return true;
  return keepsAway(before) && !equal(before.metadata.labels, now.metadata.labels);
}
