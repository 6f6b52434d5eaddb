// Keeps the rules of aggregating ClusterRoles in step with those they gather.

import type { Clock } from '#base/mod.ts';
import { copy, equal } from '#base/mod.ts';
import { ClusterRole } from '#kinds/mod.ts';
import type { UserInfo } from '#machinery/mod.ts';
import { isReason } from '#machinery/mod.ts';
import type { Registry } from '#objects/mod.ts';
import type { Logger } from '#telemetry/mod.ts';
import { TurnLoop } from '../turn-loop.ts';
import { aggregatedRules } from './aggregation.ts';
import { MASTERS } from './rbac.ts';

const USER: UserInfo = {
  name: 'system:serviceaccount:kube-system:clusterrole-aggregation-controller',
  groups: [MASTERS],
};

export interface Upkeep {
  /** Resolves when what is known is done. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts at once; whoever changes a ClusterRole sees the aggregated ones follow. */
export function startAggregator({ registry, clock, log }: { registry: Registry; clock: Clock; log: Logger }): Upkeep {
  const loop = new TurnLoop(() => aggregateAll(registry), clock, log.with({ upkeep: 'cluster-role-aggregation' }));
  const stopListening = registry.store.onChange(ClusterRole.resource, () => loop.poke());
  loop.poke();
  return {
    settled: () => loop.settled(),
    stop: async () => {
      stopListening();
      await loop.stop();
    },
  };
}

/** Roles gather from roles that gather themselves, so a change may take as many turns as they stand in a row. */
async function aggregateAll(registry: Registry): Promise<void> {
  const { items } = registry.list(ClusterRole);
  for (const role of items.filter(({ aggregationRule }) => aggregationRule)) {
    const rules = aggregatedRules(role, items);
    if (!equal(rules, role.rules ?? []))
      await write(registry, { ...copy(role), rules: rules.map((rule) => copy(rule)) });
  }
}

async function write(registry: Registry, role: ClusterRole): Promise<void> {
  try {
    await registry.update(ClusterRole, { namespace: '', name: role.metadata.name }, role, {
      user: USER,
      fieldManager: 'clusterrole-aggregation-controller',
    });
  } catch (thrown) {
    if (!isReason(thrown, 'NotFound')) throw thrown;
  }
}
