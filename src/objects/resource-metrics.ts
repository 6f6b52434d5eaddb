// The port by which the API and the autoscaler learn what Pods and nodes use. The node agent fills it.

import type { NodeMetrics, PodMetrics } from '#kinds/mod.ts';

export interface ResourceMetrics {
  /** Of the Pods of a namespace, or of all; those that were not looked at for long enough are left out. */
  pods(namespace?: string): readonly PodMetrics[];
  nodes(): readonly NodeMetrics[];
}
