// Keeps the status of ResourceQuotas: how much there is, and how much of it is used. Admission does not go by it; people do.

import type { ControllerDefinition, Watch } from '#engine/mod.ts';
import { defineController, watch } from '#engine/mod.ts';
import type { Amounts } from '#kinds/mod.ts';
import { resourcesOf, ResourceQuota, usedOf } from '#kinds/mod.ts';
import { amountText, NO_AMOUNT } from '#base/mod.ts';
import type { Kind } from '#machinery/mod.ts';
import type { Scheme } from '#objects/mod.ts';

/** What no watch tells of, as objects of kinds that were defined at run time, is counted anew this often (Kubernetes' own figure). */
const RESYNC_MS = 300_000;
/** Pods come and go in bursts; one count does for all of a moment. */
const LINGER_MS = 50;

/** A change in a namespace is a look at its quotas; where there are none, nothing. */
export function quotaController(scheme: Pick<Scheme, 'kinds'>): ControllerDefinition<ResourceQuota> {
  const countable = () => scheme.kinds.filter(({ scope, verbs }) => scope === 'Namespaced' && !verbs);
  return defineController<ResourceQuota>({
    name: 'resource-quota-controller',
    of: ResourceQuota,
    lingerMs: LINGER_MS,
    watches: countable().map(quotasBeside),
    reconcile(turn) {
      const quota = turn.object;
      const { namespace = '' } = quota.metadata;
      const used: Amounts = Object.assign(
        {},
        ...countable()
          .filter((kind) => resourcesOf(quota, kind).length > 0)
          .map((kind) => usedOf(quota, kind, turn.list(kind, namespace), turn.now)),
      );
      const hard = quota.spec.hard ?? {};
      turn.status.hard = { ...hard };
      turn.status.used = Object.fromEntries(
        Object.keys(hard).map((name) => [name, amountText(used[name] ?? NO_AMOUNT)]),
      );
      turn.again(RESYNC_MS);
    },
  });
}

function quotasBeside(kind: Kind): Watch {
  return watch(kind, ({ metadata: { namespace = '' } }, reader) =>
    reader.list(ResourceQuota, namespace).map(({ metadata }) => `${namespace}/${metadata.name}`),
  );
}
