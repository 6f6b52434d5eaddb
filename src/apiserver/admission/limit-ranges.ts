// Admission by LimitRanges: new Pods get what they do not say, and keep to the bounds of their namespace; so do claims for storage.

import type { LimitRange, PersistentVolumeClaim, Pod } from '#kinds/mod.ts';
import { claimFaults, giveLimits, podFaults } from '#kinds/mod.ts';
import { forbidden } from '#machinery/mod.ts';
import type { AdmissionPlugin, AdmissionRequest, Store } from '#objects/mod.ts';

/** Containers cannot be changed later, so Pods are looked at when they are made; claims may grow. */
export function limitRangeAdmission(store: Pick<Store, 'list'>): AdmissionPlugin {
  const rangesOf = ({ namespace }: AdmissionRequest) => store.list('limitranges', namespace) as readonly LimitRange[];
  return {
    admit(request) {
      if (!isNewPod(request)) return;
      for (const range of rangesOf(request)) giveLimits(request.object as Pod, range);
    },
    validate(request) {
      const { kind, object, subresource, operation } = request;
      if (!object || subresource || operation === 'DELETE') return;
      const faultsOf = isNewPod(request)
        ? (range: LimitRange) => podFaults(object as Pod, range)
        : kind.resource === 'persistentvolumeclaims'
          ? (range: LimitRange) => claimFaults(object as PersistentVolumeClaim, range)
          : undefined;
      if (!faultsOf) return;
      for (const range of rangesOf(request)) {
        const faults = [...new Set(faultsOf(range))];
        if (faults.length === 0) continue;
        const told = faults.length === 1 ? (faults[0] ?? '') : `[${faults.join(', ')}]`;
        throw forbidden({ group: '', plural: kind.names.plural }, object.metadata.name, told);
      }
    },
  };
}

function isNewPod({ kind, operation, subresource, object }: AdmissionRequest): boolean {
  return kind.resource === 'pods' && operation === 'CREATE' && !subresource && object !== undefined;
}
