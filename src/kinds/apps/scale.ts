// The scale subresource of the workload kinds.

import type { ScaleSubresource } from '#machinery/mod.ts';

/** Of kinds whose `replicas` say how many Pods there are. */
export const replicasScale: ScaleSubresource = {
  specReplicasPath: '.spec.replicas',
  statusReplicasPath: '.status.replicas',
  labelSelectorPath: '.spec.selector',
};
