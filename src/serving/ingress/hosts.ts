// Who a host name belongs to, where several KIngresses ask for it.

import type { Reader } from '#engine/mod.ts';
import { index } from '#engine/mod.ts';
import { KIngress } from '#kinds/mod.ts';
import type { ObjectKey } from '#machinery/mod.ts';
import { keyOf } from '#machinery/mod.ts';

export const HOSTS_INDEX = 'serving/ingresses-by-host';
/** KIngresses by the hosts that they ask for. */
export const ingressesByHost = index(KIngress, HOSTS_INDEX, hostsOf);

/** All host names of a KIngress. */
export function hostsOf({ spec }: KIngress): readonly string[] {
  return [...new Set((spec.rules ?? []).flatMap(({ hosts = [] }) => hosts))];
}

/** The oldest of those who ask for a host has it. */
export function hostOwner(reader: Reader, host: string): ObjectKey | undefined {
  const asking = reader
    .byIndex(KIngress, HOSTS_INDEX, host)
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .map((ingress) => ({ key: keyOf(ingress), since: ingress.metadata.creationTimestamp ?? '' }));
  asking.sort((a, b) => (a.since === b.since ? (a.key < b.key ? -1 : 1) : a.since < b.since ? -1 : 1));
  return asking[0]?.key;
}
