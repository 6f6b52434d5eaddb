// What a ContainerSource makes: a Deployment of its program, and a SinkBinding that tells it where to send.

import type { ContainerSource, PodTemplateSpec } from '#kinds/mod.ts';
import { Deployment, SinkBinding } from '#kinds/mod.ts';
import { childName } from '#machinery/mod.ts';
import { INJECTED_VARIABLES, INJECTED_VOLUMES } from '../binding/inject.ts';

/** Labels by which the Deployment knows its Pods. */
export function labelsOf({ metadata: { name } }: ContainerSource): Record<string, string> {
  return {
    'sources.knative.dev/source': 'container-source-controller',
    'sources.knative.dev/containerSource': name,
  };
}

export function deploymentName({ metadata: { name } }: ContainerSource): string {
  return childName(name, '-deployment');
}

/** `there` is the Deployment as it is: what was put into its containers by a SinkBinding stays. */
export function deploymentOf(source: ContainerSource, there: Deployment | undefined): Deployment {
  const labels = labelsOf(source);
  const { metadata, spec } = source.spec.template ?? { spec: { containers: [] } };
  const template: PodTemplateSpec = {
    metadata: {
      ...(metadata?.annotations ? { annotations: metadata.annotations } : {}),
      labels: { ...metadata?.labels, ...labels },
    },
    spec: there ? withInjected(spec, there.spec.template.spec) : spec,
  };
  return {
    apiVersion: Deployment.apiVersion,
    kind: Deployment.kind,
    metadata: { name: deploymentName(source), namespace: source.metadata.namespace ?? '', labels },
    spec: { selector: { matchLabels: labels }, template },
  };
}

type Pod = PodTemplateSpec['spec'];
type Named = { readonly name: string };

function withInjected(wanted: Pod, there: Pod): Pod {
  const keep = <C extends Pod['containers'][number]>(container: C): C => {
    const old = [...there.containers, ...(there.initContainers ?? [])].find(({ name }) => name === container.name);
    const env = merged(container.env, old?.env, INJECTED_VARIABLES);
    const volumeMounts = merged(container.volumeMounts, old?.volumeMounts, INJECTED_VOLUMES);
    return { ...container, ...(env ? { env } : {}), ...(volumeMounts ? { volumeMounts } : {}) };
  };
  const volumes = merged(wanted.volumes, there.volumes, INJECTED_VOLUMES);
  return {
    ...wanted,
    ...(volumes ? { volumes } : {}),
    containers: wanted.containers.map(keep),
    ...(wanted.initContainers ? { initContainers: wanted.initContainers.map(keep) } : {}),
  };
}

/** A list with what was injected into the one that is there; undefined where that is nothing. */
function merged<T extends Named>(
  wanted: readonly T[] = [],
  there: readonly T[] = [],
  injected: ReadonlySet<string>,
): T[] | undefined {
  const kept = there.filter(({ name }) => injected.has(name));
  return kept.length > 0 ? [...wanted.filter(({ name }) => !injected.has(name)), ...kept] : undefined;
}

export function bindingOf(source: ContainerSource): SinkBinding {
  const { namespace = '', name } = source.metadata;
  const { sink, ceOverrides } = source.spec;
  return {
    apiVersion: SinkBinding.apiVersion,
    kind: SinkBinding.kind,
    metadata: { name: childName(name, '-sinkbinding'), namespace },
    spec: {
      ...(sink ? { sink } : {}),
      ...(ceOverrides ? { ceOverrides } : {}),
      subject: {
        apiVersion: Deployment.apiVersion,
        kind: Deployment.kind,
        namespace,
        name: deploymentName(source),
      },
    },
  };
}
