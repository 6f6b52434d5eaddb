// What the console's first page shows, from objects to rows. Pure.

import { isTrue, findCondition } from '#machinery/mod.ts';
import type { Pod, Revision, Service } from '#kinds/mod.ts';

/** One service as the console lists it. */
export interface ServiceRow {
  readonly namespace: string;
  readonly name: string;
  readonly url: string;
  readonly state: 'ready' | 'waiting' | 'failed';
  readonly reason: string;
  readonly revision: string;
  readonly revisions: number;
  readonly instances: number;
}

/** Rows in the order of namespace and name. */
export function overview(
  services: readonly Service[],
  revisions: readonly Revision[],
  pods: readonly Pod[],
): ServiceRow[] {
  return services
    .map((service) => {
      const { name, namespace = '' } = service.metadata;
      const ready = findCondition(service.status, 'Ready');
      const own = (labels: Record<string, string> | undefined) => labels?.['serving.knative.dev/service'] === name;
      const state =
        ready?.status === 'True'
          ? ('ready' as const)
          : ready?.status === 'False'
            ? ('failed' as const)
            : ('waiting' as const);
      return {
        namespace,
        name,
        url: service.status?.url ?? '',
        state,
        reason: [ready?.reason, ready?.message].filter(Boolean).join(': '),
        revision: service.status?.latestReadyRevisionName ?? '',
        revisions: revisions.filter(({ metadata }) => metadata.namespace === namespace && own(metadata.labels)).length,
        instances: pods.filter(
          (pod) => pod.metadata.namespace === namespace && own(pod.metadata.labels) && isTrue(pod.status, 'Ready'),
        ).length,
      };
    })
    .sort((a, b) => `${a.namespace}/${a.name}`.localeCompare(`${b.namespace}/${b.name}`));
}
