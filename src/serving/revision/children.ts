// What a Revision makes: a Deployment, cached Images and a PodAutoscaler.

import { canonicalJson, fnv32a } from '#base/mod.ts';
import type { Revision } from '#kinds/mod.ts';
import {
  APP_LABEL,
  DEFAULT_CONTAINER_ANNOTATION,
  DEPLOYMENT_HASH_LABEL,
  Deployment,
  Image,
  isAutoscalingKey,
  LAST_PINNED_ANNOTATION,
  NO_GC_ANNOTATION,
  PodAutoscaler,
  REVISION_LABEL,
  REVISION_UID_LABEL,
  ROUTE_LABEL,
  ROUTES_ANNOTATION,
  ROUTING_STATE_LABEL,
  ROUTING_STATE_MODIFIED_ANNOTATION,
} from '#kinds/mod.ts';
import { filtered, without } from '../metadata.ts';
import { deploymentName, imageName } from './names.ts';
import type { PodSettings } from './pod.ts';
import { podSpecOf, protocolOf, servingContainer } from './pod.ts';

export interface DeploymentSettings extends PodSettings {
  /** How many Pods a new Deployment begins with; afterwards the autoscaler says. */
  readonly replicas: number;
  readonly progressDeadlineSeconds: number;
}

/** The Deployment of a Revision; an existing one keeps its number of replicas. */
export function deploymentOf(
  revision: Revision,
  settings: DeploymentSettings,
  existing: Deployment | undefined,
): Deployment {
  const { name, namespace, uid = '' } = revision.metadata;
  const labels = labelsOf(revision);
  const annotations = podAnnotationsOf(revision);
  const container = servingContainer(revision)?.name;
  const spec = {
    selector: existing?.spec.selector ?? { matchLabels: { [REVISION_UID_LABEL]: uid } },
    progressDeadlineSeconds: settings.progressDeadlineSeconds,
    strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0 } },
    template: {
      metadata: {
        labels,
        annotations: { ...(container ? { [DEFAULT_CONTAINER_ANNOTATION]: container } : {}), ...annotations },
      },
      spec: podSpecOf(revision, settings),
    },
  };
  return {
    apiVersion: Deployment.apiVersion,
    kind: Deployment.kind,
    metadata: {
      name: deploymentName(name),
      namespace,
      labels: { ...labels, [DEPLOYMENT_HASH_LABEL]: fnv32a(canonicalJson(spec)).toString(36) },
      annotations,
    },
    spec: { ...spec, replicas: existing?.spec.replicas ?? settings.replicas },
  };
}

/** Whether a Deployment was made of the same settings: told by its hash, for the API fills in defaults. */
export function sameHash(a: Deployment, b: Deployment): boolean {
  return a.metadata.labels?.[DEPLOYMENT_HASH_LABEL] === b.metadata.labels?.[DEPLOYMENT_HASH_LABEL];
}

/** One Image for each container, so that it is near before it is needed. */
export function imagesOf(revision: Revision): Image[] {
  const { spec, status, metadata } = revision;
  const digests = new Map(
    [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])].map((one) => [
      one.name,
      one.imageDigest,
    ]),
  );
  return [...(spec.initContainers ?? []), ...spec.containers].map(({ name, image = '' }) => ({
    apiVersion: Image.apiVersion,
    kind: Image.kind,
    metadata: {
      name: imageName(metadata.name, name),
      namespace: metadata.namespace,
      labels: labelsOf(revision),
      annotations: podAnnotationsOf(revision),
    },
    spec: {
      image: digests.get(name) || image,
      ...(spec.serviceAccountName ? { serviceAccountName: spec.serviceAccountName } : {}),
      ...(spec.imagePullSecrets ? { imagePullSecrets: spec.imagePullSecrets } : {}),
    },
  }));
}

export type Reach = 'Reachable' | 'Unreachable' | '';

/** The PodAutoscaler of a Revision. */
export function podAutoscalerOf(revision: Revision, reachability: Reach): PodAutoscaler {
  const { name, namespace, annotations } = revision.metadata;
  return {
    apiVersion: PodAutoscaler.apiVersion,
    kind: PodAutoscaler.kind,
    metadata: {
      name,
      namespace,
      labels: labelsOf(revision),
      annotations: without(annotations, OWN_ANNOTATIONS),
    },
    spec: {
      containerConcurrency: revision.spec.containerConcurrency ?? 0,
      protocolType: protocolOf(revision),
      ...(reachability ? { reachability } : {}),
      scaleTargetRef: { apiVersion: Deployment.apiVersion, kind: Deployment.kind, name: deploymentName(name) },
    },
  };
}

/** Who can reach a Revision, as its routing state says (§4.5). One that fails without a single ready Pod counts as unreachable. */
export function reachabilityOf(revision: Revision, failing: boolean): Reach {
  const state = revision.metadata.labels?.[ROUTING_STATE_LABEL];
  if (failing || state === 'reserve') return 'Unreachable';
  return state === 'active' ? 'Reachable' : '';
}

function labelsOf({ metadata }: Revision): Record<string, string> {
  const { name, uid = '', labels } = metadata;
  return {
    [APP_LABEL]: name,
    ...without(labels, [ROUTE_LABEL, ROUTING_STATE_LABEL]),
    [REVISION_LABEL]: name,
    [REVISION_UID_LABEL]: uid,
  };
}

const OWN_ANNOTATIONS: readonly string[] = [
  LAST_PINNED_ANNOTATION,
  NO_GC_ANNOTATION,
  ROUTING_STATE_MODIFIED_ANNOTATION,
  ROUTES_ANNOTATION,
];

function podAnnotationsOf({ metadata }: Revision): Record<string, string> {
  return filtered(metadata.annotations, (key) => isAutoscalingKey(key) || OWN_ANNOTATIONS.includes(key));
}
