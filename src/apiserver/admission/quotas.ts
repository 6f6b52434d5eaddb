// Admission by ResourceQuotas: what does not fit any more is refused. What is under way counts already, so that many writes at
// once take no more than there is.

import type { ResourceQuota } from '#kinds/mod.ts';
import { quotaRefusal, usedOf } from '#kinds/mod.ts';
import type { Kind, KubeObject } from '#machinery/mod.ts';
import { forbidden } from '#machinery/mod.ts';
import type { AdmissionPlugin, AdmissionRequest, Store } from '#objects/mod.ts';

/** Checks creations and changes of objects in namespaces that have quotas. Ask it last: what passed here is taken to be written. */
export function quotaAdmission(store: Pick<Store, 'list'>): AdmissionPlugin {
  /** Writes that passed and are not through yet. */
  const underWay = new Map<string, Set<AdmissionRequest>>();
  return {
    validate(request) {
      const { kind, namespace, object, operation, subresource, dryRun, now } = request;
      if (operation === 'DELETE' || subresource || !namespace || !object) return;
      const quotas = store.list('resourcequotas', namespace) as readonly ResourceQuota[];
      if (quotas.length === 0) return;
      const place = `${kind.resource} ${namespace}`;
      const pending = underWay.get(place) ?? new Set();
      const others = withPending(store.list(kind.resource, namespace), pending);
      for (const quota of quotas) {
        const used = usedOf(quota, kind, others, now);
        const refusal = quotaRefusal(quota, used, { kind, object, before: request.before, now });
        if (refusal) throw forbidden(resourceName(kind), request.name || object.metadata.name, refusal);
      }
      if (dryRun) return;
      pending.add(request);
      underWay.set(place, pending);
    },
    done(request) {
      const place = `${request.kind.resource} ${request.namespace}`;
      const pending = underWay.get(place);
      pending?.delete(request);
      if (pending?.size === 0) underWay.delete(place);
    },
  };
}

const resourceName = ({ group, names }: Kind) => ({ group, plural: names.plural });

/** The objects of a namespace as they will be when all that is under way is written. */
function withPending(stored: readonly KubeObject[], pending: ReadonlySet<AdmissionRequest>): readonly KubeObject[] {
  if (pending.size === 0) return stored;
  const byName = new Map(stored.map((object) => [object.metadata.name, object]));
  for (const { object } of pending) if (object) byName.set(object.metadata.name, object);
  return [...byName.values()];
}
