// Pods made from the template of the object that controls them.

import type { Random } from '#base/mod.ts';
import { copy, nameSuffix } from '#base/mod.ts';
import type { Pod, PodTemplateSpec } from '#kinds/mod.ts';
import type { KubeObject } from '#machinery/mod.ts';
import { controllerRef } from '#machinery/mod.ts';

/** Room for a suffix of five within a name of 63 characters. */
const LONGEST_BASE = 58;

/** A Pod of this owner, as Kubernetes names and labels it. */
export function stampPod(owner: KubeObject, template: PodTemplateSpec, random: Random): Pod {
  const { labels, annotations, finalizers } = template.metadata ?? {};
  const base = `${owner.metadata.name}-`;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: base.slice(0, LONGEST_BASE) + nameSuffix(random),
      generateName: base,
      namespace: owner.metadata.namespace,
      ...(labels ? { labels: { ...labels } } : {}),
      ...(annotations ? { annotations: { ...annotations } } : {}),
      ...(finalizers ? { finalizers: [...finalizers] } : {}),
      ownerReferences: [controllerRef(owner)],
    },
    spec: copy(template.spec),
  };
}
