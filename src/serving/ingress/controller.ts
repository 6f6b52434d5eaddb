// Carries a KIngress out at the gateway, and calls it ready only when requests are really answered by its rules.

import { equal } from '#base/mod.ts';
import type { Reader, Turn } from '#engine/mod.ts';
import { defineController, index, watch } from '#engine/mod.ts';
import type { GatewayControl, IngressRules } from '#gateway/mod.ts';
import type { NamedPort } from '#kinds/mod.ts';
import { EBB_INGRESS_CLASS, INGRESS_CLASS_KEYS, instanceSettings, KIngress, Revision, Secret } from '#kinds/mod.ts';
import type { ObjectKey } from '#machinery/mod.ts';
import { isReady, keyOf, splitKey } from '#machinery/mod.ts';
import { firstOf } from '../metadata.ts';
import type { TargetBoard } from '../target/board.ts';
import { certificatesOf } from './certificates.ts';
import { hostOwner, HOSTS_INDEX, hostsOf, ingressesByHost } from './hosts.ts';
import { rulesOf, targetsOfRules } from './rules.ts';
import { BY_REWRITE, BY_TARGET, ingressesByRewrite, ingressesByTarget, rewrittenHosts } from './targets.ts';

const BY_SECRET = 'serving/ingresses-by-secret';

/** Where the gateway is found inside the cluster. */
export const GATEWAY_HOST = 'gateway.ebb-system.svc.cluster.local';

export interface IngressParts {
  readonly gateway: GatewayControl;
  readonly board: TargetBoard;
}

export function ingressController({ gateway, board }: IngressParts) {
  /** What the gateway has taken in. */
  const carried = new Map<ObjectKey, IngressRules>();

  return defineController({
    name: 'ingress-controller',
    of: KIngress,
    watches: [
      watch(Secret, ({ metadata }, reader) =>
        reader.byIndex(KIngress, BY_SECRET, `${metadata.namespace}/${metadata.name}`).map(keyOf),
      ),
      // A host that became free may be waited for, and one that others lead to may have become ready.
      watch(KIngress, (ingress, reader) => [...sharers(reader, ingress), ...leading(reader, ingress)]),
    ],
    indexes: [
      ingressesByTarget,
      ingressesByRewrite,
      index(KIngress, BY_SECRET, ({ spec }) =>
        (spec.tls ?? []).map((tls) => `${tls.secretNamespace}/${tls.secretName}`),
      ),
      ingressesByHost,
    ],
    selects: ({ metadata }) => firstOf(metadata.annotations, INGRESS_CLASS_KEYS) === EBB_INGRESS_CLASS,
    listen: (poke, reader) =>
      board.onNew((target) => reader.byIndex(KIngress, BY_TARGET, target).map(keyOf).forEach(poke)),
    reads: [Revision],

    async forget(key) {
      if (!carried.delete(key)) return;
      await gateway.setIngress(key, undefined);
    },

    async reconcile(turn) {
      const { mark } = turn;
      if (hostsOf(turn.object).some((host) => hostOwner(turn, host) !== turn.key)) {
        const why = 'Ingress rejected: ingress has a conflicting domain with another ingress';
        return mark.false('LoadBalancerReady', 'DomainConflict', why);
      }
      const { certificates, faults } = certificatesOf(turn.object, turn);
      const rules = rulesOf(turn.object, {
        certificates,
        isServed: (host) => hostOwner(turn, host) !== undefined,
        portsOf: (target) => portsOf(turn, target),
      });
      const missing = targetsOfRules(rules).filter((target) => !board.has(target));
      // The old rules stay in force until the gateway knows every target of the new ones; what has no Revision will not come.
      if (missing.some((target) => isRevision(turn, target))) return waiting(turn);
      if (!equal(carried.get(turn.key), rules)) {
        await gateway.setIngress(turn.key, rules);
        carried.set(turn.key, rules);
      }
      if (missing.length > 0 || !rewrittenHosts(turn.object).every((host) => isServing(turn, host)))
        return waiting(turn);
      if (faults.length > 0) return mark.false('NetworkConfigured', 'CertificateNotServed', faults.join('; '));
      mark.true('NetworkConfigured');
      mark.true('LoadBalancerReady');
      const balancer = { ingress: [{ domainInternal: GATEWAY_HOST }] };
      turn.status.publicLoadBalancer = balancer;
      turn.status.privateLoadBalancer = balancer;
    },
  });
}

/** A Revision never changes, so what it says of its ports need not be watched. */
function portsOf(turn: Turn<KIngress>, target: string): readonly NamedPort[] {
  const { namespace, name } = splitKey(target);
  return instanceSettings(turn.get(Revision, namespace, name)?.metadata.annotations).ports ?? [];
}

function isRevision(turn: Turn<KIngress>, target: string): boolean {
  const { namespace, name } = splitKey(target);
  return turn.get(Revision, namespace, name) !== undefined;
}

/** After a restart an ingress that was ready stays so while the gateway learns its targets again. */
function waiting({ object, mark }: Turn<KIngress>): void {
  if (isReady(object)) return;
  mark.unknown('NetworkConfigured');
  mark.unknown('LoadBalancerReady', 'Uninitialized', 'Waiting for load balancer to be ready');
}

/** A host that no KIngress serves is a plain Service's, which the targets speak for. */
function isServing(turn: Turn<KIngress>, host: string): boolean {
  const owner = hostOwner(turn, host);
  if (owner === undefined) return true;
  const { namespace, name } = splitKey(owner);
  const ingress = turn.get(KIngress, namespace, name);
  return ingress !== undefined && isReady(ingress);
}

/** Those that lead to the hosts of this one by rewriting their own. */
function leading(reader: Reader, ingress: KIngress): ObjectKey[] {
  return hostsOf(ingress).flatMap((host) => reader.byIndex(KIngress, BY_REWRITE, host).map(keyOf));
}

function sharers(reader: Reader, ingress: KIngress): ObjectKey[] {
  return hostsOf(ingress)
    .flatMap((host) => reader.byIndex(KIngress, HOSTS_INDEX, host).map(keyOf))
    .filter((key) => key !== keyOf(ingress));
}
