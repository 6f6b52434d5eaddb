// A Revision pins its images, then keeps a Deployment, cached Images and a PodAutoscaler.

import type { Turn } from '#engine/mod.ts';
import { defineController, watch } from '#engine/mod.ts';
import {
  Deployment,
  Image,
  Pod,
  PodAutoscaler,
  Revision,
  REVISION_LABEL,
  autoscalerConfig,
  deploymentConfig,
  featuresConfig,
  observabilityConfig,
} from '#kinds/mod.ts';
import { findCondition, isTrue } from '#machinery/mod.ts';
import { initialScaleOf, progressDeadlineMsOf } from '../podautoscaler/annotations.ts';
import { PODS_BY_REVISION, podsByRevision } from '../pods.ts';
import { deploymentOf, imagesOf, podAutoscalerOf, reachabilityOf, sameHash } from './children.ts';
import type { Digests } from './digests.ts';
import { deploymentName } from './names.ts';
import { propagateAutoscaler, propagateDeployment, propagatePod } from './status.ts';

type RevisionTurn = Turn<Revision>;

export function revisionController(digests: Digests) {
  return defineController({
    name: 'revision-controller',
    childLingerMs: 5,
    of: Revision,
    owns: [Deployment, Image, PodAutoscaler],
    watches: [watch(Pod, ({ metadata }) => keyOfRevision(metadata))],
    indexes: [podsByRevision],
    configs: [autoscalerConfig, deploymentConfig, featuresConfig, observabilityConfig],
    listen: (poke) => digests.onNews(poke),
    forget: (key) => digests.forget(key),

    async reconcile(turn) {
      const wasReady = isTrue(turn.object.status, 'Ready');
      setLogUrl(turn);
      if (!pinned(turn, digests)) return;

      const { deployment, isNew } = await reconcileDeployment(turn);
      await reconcileImages(turn);
      tellDeployment(turn, deployment, isNew);
      await reconcilePodAutoscaler(turn, deployment);
      if (!wasReady && isTrue(turn.status, 'Ready'))
        turn.event('Normal', 'RevisionReady', 'Revision becomes ready upon all resources being ready');
    },
  });
}

function keyOfRevision({ namespace, labels }: Pod['metadata']): string[] {
  const revision = labels?.[REVISION_LABEL];
  return revision ? [`${namespace}/${revision}`] : [];
}

function setLogUrl(turn: RevisionTurn): void {
  const { loggingRevisionUrlTemplate: template } = turn.config(observabilityConfig);
  turn.status.logUrl = template ? template.replaceAll('${REVISION_UID}', turn.object.metadata.uid ?? '') : undefined;
}

/** Whether every image has its digest in the status. */
function pinned(turn: RevisionTurn, digests: Digests): boolean {
  const { object, status, mark } = turn;
  const { containers, initContainers = [] } = object.spec;
  const known = (status.containerStatuses ?? []).length + (status.initContainerStatuses ?? []).length;
  if (known === containers.length + initContainers.length) return true;

  const { registriesSkippingTagResolving, digestResolutionTimeout } = turn.config(deploymentConfig);
  const found = digests.of(object, {
    skip: new Set(registriesSkippingTagResolving),
    timeoutMs: digestResolutionTimeout,
  });
  if (found.state === 'resolved') {
    status.containerStatuses = found.containers;
    if (initContainers.length > 0) status.initContainerStatuses = found.initContainers;
    digests.forget(turn.key);
    return true;
  }
  if (found.state === 'resolving') {
    mark.unknown('ResourcesAvailable', 'ResolvingDigests');
    return false;
  }
  mark.false('ContainerHealthy', 'ContainerMissing', found.message);
  turn.event('Warning', 'InternalError', found.message);
  turn.again(found.again);
  return false;
}

async function reconcileDeployment(turn: RevisionTurn): Promise<{ deployment: Deployment; isNew: boolean }> {
  const revision = { ...turn.object, status: turn.status };
  const { defaultAffinityType, progressDeadline, runtimeClassName } = turn.config(deploymentConfig);
  const settings = {
    replicas: initialScaleOf(revision.metadata.annotations, turn.config(autoscalerConfig)),
    progressDeadlineSeconds: Math.round(progressDeadlineMsOf(revision.metadata.annotations, progressDeadline) / 1000),
    spread: defaultAffinityType === 'prefer-spread-revision-over-nodes',
    freeLivenessPort: turn.config(featuresConfig).multiContainerProbing === 'enabled',
    runtimeClasses: runtimeClassName,
  };
  const { namespace = '', name } = revision.metadata;
  const desired = deploymentOf(revision, settings, turn.get(Deployment, namespace, deploymentName(name)));
  const { outcome, object: deployment } = await turn.apply(Deployment, desired, {
    metadata: 'merge',
    unchanged: (there) => sameHash(there as Deployment, desired),
  });
  if (outcome === 'taken') return notOwned(turn, 'Deployment', desired.metadata.name);
  return { deployment, isNew: outcome === 'created' };
}

function tellDeployment(turn: RevisionTurn, deployment: Deployment, isNew: boolean): void {
  const { mark } = turn;
  if (isNew) {
    mark.unknown('ResourcesAvailable', 'Deploying');
    mark.unknown('ContainerHealthy', 'Deploying');
    return;
  }
  const { podIsAlwaysSchedulable } = turn.config(deploymentConfig);
  propagateDeployment(mark, deployment);
  const { availableReplicas = 0, readyReplicas = 0 } = deployment.status ?? {};
  const [pod] = turn.byIndex(Pod, PODS_BY_REVISION, turn.key);
  if ((deployment.spec.replicas ?? 1) > 0 && availableReplicas === 0 && pod)
    propagatePod(mark, pod, deployment, { minds: !podIsAlwaysSchedulable });
  if (readyReplicas > 0) mark.true('ContainerHealthy');
}

async function reconcileImages(turn: RevisionTurn): Promise<void> {
  for (const image of imagesOf({ ...turn.object, status: turn.status })) await turn.claim(Image, image);
}

async function reconcilePodAutoscaler(turn: RevisionTurn, deployment: Deployment): Promise<void> {
  const failing =
    (deployment.spec.replicas ?? 1) > 0 &&
    (deployment.status?.readyReplicas ?? 0) === 0 &&
    ['ResourcesAvailable', 'ContainerHealthy'].some((type) => findCondition(turn.status, type)?.status === 'False');
  const desired = podAutoscalerOf(turn.object, reachabilityOf(turn.object, failing));
  // The Deployment may be content long before the Revision is: it must not count as ready where the next write fails.
  const known = turn.get(PodAutoscaler, turn.object.metadata.namespace ?? '', desired.metadata.name);
  propagateAutoscaler(turn.mark, known ?? desired);
  const { outcome, object } = await turn.apply(PodAutoscaler, desired);
  if (outcome === 'taken') return notOwned(turn, 'PodAutoscaler', desired.metadata.name);
  turn.status.actualReplicas = positive(object.status?.actualScale);
  turn.status.desiredReplicas = positive(object.status?.desiredScale);
  propagateAutoscaler(turn.mark, object);
}

function positive(count: number | undefined): number | undefined {
  return count !== undefined && count >= 0 ? count : undefined;
}

function notOwned(turn: RevisionTurn, kind: string, name: string): never {
  const message = `There is an existing ${kind} ${JSON.stringify(name)} that we do not own.`;
  turn.mark.false('ResourcesAvailable', 'NotOwned', message);
  throw new Error(
    `revision: ${JSON.stringify(turn.object.metadata.name)} does not own ${kind}: ${JSON.stringify(name)}`,
  );
}
