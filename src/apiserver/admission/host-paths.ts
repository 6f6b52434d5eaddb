// Admission of Pods that mount folders of this machine: theirs is what belongs to the machine, keys of the platform among it, and the
// roles of Kubernetes do not tell such Pods from others. So the namespace says whether it may have them.

import type { Namespace, Pod } from '#kinds/mod.ts';
import { HOST_PATH_LABEL } from '#kinds/mod.ts';
import { forbidden } from '#machinery/mod.ts';
import type { AdmissionPlugin, AdmissionRequest, Store } from '#objects/mod.ts';
import { MASTERS } from '../authz/rbac.ts';

/** Parts of the platform make Pods for whoever made a Deployment, a Job or a Service, who need not be a master. */
const PARTS = 'system:ebb:';

/** Refuses new Pods with `hostPath` volumes where neither the namespace nor who asks is trusted with the machine. */
export function hostPathAdmission(store: Pick<Store, 'get'>): AdmissionPlugin {
  return {
    validate(request) {
      const { kind, operation, subresource, object, namespace, user } = request;
      if (kind.resource !== 'pods' || operation !== 'CREATE' || subresource || !object) return;
      const volumes = (object as Pod).spec.volumes?.filter(({ hostPath }) => hostPath) ?? [];
      if (volumes.length === 0 || isMaster(user)) return;
      const labels = (store.get('namespaces', '', namespace) as Namespace | undefined)?.metadata.labels;
      if (labels?.[HOST_PATH_LABEL] === 'allowed') return;
      const names = volumes.map(({ name }) => JSON.stringify(name)).join(', ');
      throw forbidden(
        { group: '', plural: 'pods' },
        request.name || object.metadata.name,
        `hostPath volumes (${names}) give Pods folders of the machine, which namespace ${namespace} may not have; an administrator can allow it: kubectl label namespace ${namespace} ${HOST_PATH_LABEL}=allowed`,
      );
    },
  };
}

/** Administrators who make a Pod themselves; not the parts of the platform, which have the same group. */
function isMaster({ name, groups }: AdmissionRequest['user']): boolean {
  return groups.includes(MASTERS) && !name.startsWith(PARTS);
}
