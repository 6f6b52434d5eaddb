// What a Pod asks for and may have, exactly (k8s.io/component-helpers/resource): its containers together, or its hungriest
// init container where that is more.

import type { Amount } from '#base/mod.ts';
import { amountOf, compareAmounts, NO_AMOUNT, plus } from '#base/mod.ts';
import type { Container, ResourceList } from '../core/container.ts';
import type { PodSpec } from '../core/pod-spec.ts';

/** Amounts by resource name. */
export type Amounts = Readonly<Record<string, Amount>>;

export function amountsOf(list: ResourceList | undefined): Amounts {
  return Object.fromEntries(Object.entries(list ?? {}).map(([name, value]) => [name, amountOf(value) ?? NO_AMOUNT]));
}

/** The sum of all, resource by resource. */
export function sumOf(...lists: readonly Amounts[]): Amounts {
  const total: Record<string, Amount> = {};
  for (const list of lists)
    for (const [name, amount] of Object.entries(list)) total[name] = plus(total[name] ?? NO_AMOUNT, amount);
  return total;
}

function most(a: Amounts, b: Amounts): Amounts {
  const out: Record<string, Amount> = { ...a };
  for (const [name, amount] of Object.entries(b)) {
    const other = out[name];
    if (!other || compareAmounts(other, amount) < 0) out[name] = amount;
  }
  return out;
}

/** Requests or limits of a whole Pod. An init container that goes on running counts beside those that come after it. */
export function podAmounts(spec: PodSpec, which: 'requests' | 'limits'): Amounts {
  const of = ({ resources }: Container): Amounts => amountsOf(resources?.[which]);
  let running: Amounts = {};
  let starting: Amounts = {};
  for (const init of spec.initContainers ?? []) {
    if (init.restartPolicy === 'Always') running = sumOf(running, of(init));
    starting = most(starting, init.restartPolicy === 'Always' ? running : sumOf(running, of(init)));
  }
  const total = most(sumOf(...spec.containers.map(of), running), starting);
  const overhead = Object.entries(amountsOf(spec.overhead)).filter(([name]) => which === 'requests' || name in total);
  return sumOf(total, Object.fromEntries(overhead));
}
