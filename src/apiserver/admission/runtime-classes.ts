// Admission of Pods that ask for a runtime class: there are none, for every container here is run in the one way of its node.

import type { Pod } from '#kinds/mod.ts';
import { forbidden } from '#machinery/mod.ts';
import type { AdmissionPlugin } from '#objects/mod.ts';

/** Refuses new Pods with a `runtimeClassName`, as a cluster does that has no such RuntimeClass. */
export const runtimeClassAdmission: AdmissionPlugin = {
  validate({ kind, operation, subresource, object, name }) {
    if (kind.resource !== 'pods' || operation !== 'CREATE' || subresource || !object) return;
    const { metadata, spec } = object as Pod;
    const asked = spec.runtimeClassName;
    if (!asked) return;
    const why = `pod rejected: RuntimeClass ${JSON.stringify(asked)} not found`;
    throw forbidden({ group: '', plural: 'pods' }, name || metadata.name, why);
  },
};
