// Rolls a Deployment's template out: one ReplicaSet for each template, scaled up and down within the strategy's bounds.

import { copy } from '#base/mod.ts';
import type { ControllerDefinition, Turn } from '#engine/mod.ts';
import { defineController } from '#engine/mod.ts';
import {
  CARRIED_OUT_ANNOTATION,
  DEPLOYMENT_REVISION_ANNOTATION,
  Deployment,
  POD_TEMPLATE_HASH_LABEL,
  ReplicaSet,
} from '#kinds/mod.ts';
import { controllerRef } from '#machinery/mod.ts';
import type { Scaling } from './rollout.ts';
import { boundsOf, planRollout, replicasOf, specOf, wantedBy, stampOf } from './rollout.ts';
import { deploymentStatus, isComplete, untilDeadline } from './status.ts';
import { sameTemplate, templateHash } from './template-hash.ts';

const DESIRED_REPLICAS = 'deployment.kubernetes.io/desired-replicas';
const MAX_REPLICAS = 'deployment.kubernetes.io/max-replicas';
const USUAL_HISTORY = 10;
/** Annotations that stay with the object they were written on. */
const OWN_ANNOTATIONS = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  DEPLOYMENT_REVISION_ANNOTATION,
  DESIRED_REPLICAS,
  MAX_REPLICAS,
  'deprecated.deployment.rollback.to',
]);

export function deploymentController(): ControllerDefinition<Deployment> {
  return defineController<Deployment>({
    name: 'deployment-controller',
    childLingerMs: 5,
    statusGivesWay: true,
    of: Deployment,
    owns: [ReplicaSet],
    selects: ({ metadata }) => metadata.annotations?.[CARRIED_OUT_ANNOTATION] !== 'platform',
    reconcile,
  });
}

async function reconcile(turn: Turn<Deployment>): Promise<void> {
  const deployment = turn.object;
  const found = currentSet(turn);
  const made = found || deployment.spec.paused ? undefined : await makeSet(turn);
  const current = found ?? made;
  const old = turn.owned(ReplicaSet).filter((set) => set.metadata.uid !== current?.metadata.uid);
  if (current) {
    await noteRevision(turn, current, old);
    await scale(turn, planRollout(deployment, current, old));
  }
  const after = turn.owned(ReplicaSet);
  const isCurrent = (set: ReplicaSet) => set.metadata.uid === current?.metadata.uid;
  const facts = {
    deployment,
    current: after.find(isCurrent),
    old: after.filter((set) => !isCurrent(set)),
    isNew: made !== undefined,
    now: turn.now,
    elapsedWhileUp: (stamp: string) => turn.elapsedWhileUp(stamp),
  };
  const status = deploymentStatus(facts);
  if (isComplete(deployment, status)) await tidyHistory(turn, facts.old);
  Object.assign(
    turn.status,
    {
      replicas: undefined,
      updatedReplicas: undefined,
      readyReplicas: undefined,
      availableReplicas: undefined,
      unavailableReplicas: undefined,
    },
    status,
  );
  const left = untilDeadline({ ...deployment, status }, facts.elapsedWhileUp);
  if (left !== undefined && left > 0) turn.again(left + 1000);
}

/** The oldest of the sets with the present template. */
function currentSet(turn: Turn<Deployment>): ReplicaSet | undefined {
  const { template } = turn.object.spec;
  const same = turn.owned(ReplicaSet).filter((set) => sameTemplate(set.spec.template, template));
  return same.sort((a, b) => stampOf(a) - stampOf(b))[0];
}

async function makeSet(turn: Turn<Deployment>): Promise<ReplicaSet | undefined> {
  const deployment = turn.object;
  const set = newSet(deployment, nextRevision(turn.owned(ReplicaSet)), firstSize(deployment, turn.owned(ReplicaSet)));
  const claim = await turn.claim(ReplicaSet, set);
  if (claim.outcome === 'taken') {
    // Another template with the same hash, or another owner's set: the next turn tries another word.
    turn.status.collisionCount = (turn.status.collisionCount ?? 0) + 1;
    throw new Error(`the name ${set.metadata.name} is taken by another ReplicaSet`);
  }
  if (specOf(set) > 0)
    turn.event('Normal', 'ScalingReplicaSet', `Scaled up replica set ${set.metadata.name} from 0 to ${specOf(set)}`);
  return claim.object;
}

/** How many Pods a new set begins with: as many as there is room for beside the old ones. */
function firstSize(deployment: Deployment, old: readonly ReplicaSet[]): number {
  const there = old.reduce((sum, set) => sum + specOf(set), 0);
  const wanted = wantedBy(deployment);
  if (there === 0 && old.every((set) => replicasOf(set) === 0)) return wanted;
  if (deployment.spec.strategy?.type === 'Recreate') return 0;
  return Math.max(0, Math.min(wanted, wanted + boundsOf(deployment).surge - there));
}

function newSet(deployment: Deployment, revision: number, replicas: number): ReplicaSet {
  const { metadata, spec, status } = deployment;
  const hash = templateHash(spec.template, status?.collisionCount);
  const template = copy(spec.template);
  const labels = { ...template.metadata?.labels, [POD_TEMPLATE_HASH_LABEL]: hash };
  template.metadata = { ...template.metadata, labels };
  const selector = { ...spec.selector, matchLabels: { ...spec.selector.matchLabels, [POD_TEMPLATE_HASH_LABEL]: hash } };
  return {
    apiVersion: ReplicaSet.apiVersion,
    kind: ReplicaSet.kind,
    metadata: {
      name: `${metadata.name}-${hash}`,
      namespace: metadata.namespace,
      labels,
      annotations: {
        ...inherited(deployment),
        ...sizes(deployment),
        [DEPLOYMENT_REVISION_ANNOTATION]: String(revision),
      },
      ownerReferences: [controllerRef(deployment)],
    },
    spec: { replicas, ...(spec.minReadySeconds ? { minReadySeconds: spec.minReadySeconds } : {}), selector, template },
  };
}

function inherited({ metadata }: Deployment): Record<string, string> {
  return Object.fromEntries(Object.entries(metadata.annotations ?? {}).filter(([key]) => !OWN_ANNOTATIONS.has(key)));
}

/** What a ReplicaSet tells of the Deployment's size when it was scaled last. */
function sizes(deployment: Deployment): Record<string, string> {
  const wanted = wantedBy(deployment);
  return { [DESIRED_REPLICAS]: String(wanted), [MAX_REPLICAS]: String(wanted + boundsOf(deployment).surge) };
}

function revisionOf({ metadata }: Pick<ReplicaSet, 'metadata'>): number {
  return Number(metadata.annotations?.[DEPLOYMENT_REVISION_ANNOTATION] ?? 0);
}

function nextRevision(sets: readonly ReplicaSet[]): number {
  return Math.max(0, ...sets.map(revisionOf)) + 1;
}

/** An older template that is wanted again becomes the newest revision; the Deployment carries its number. */
async function noteRevision(turn: Turn<Deployment>, current: ReplicaSet, old: readonly ReplicaSet[]): Promise<void> {
  const revision = Math.max(revisionOf(current), nextRevision(old));
  const { namespace = '', name } = turn.object.metadata;
  const body = { metadata: { annotations: { [DEPLOYMENT_REVISION_ANNOTATION]: String(revision) } } };
  if (revisionOf(current) !== revision)
    await turn.client.patch(ReplicaSet, namespace, current.metadata.name, 'merge', body);
  if (revisionOf(turn.object) !== revision) await turn.client.patch(Deployment, namespace, name, 'merge', body);
}

async function scale(turn: Turn<Deployment>, scalings: readonly Scaling[]): Promise<void> {
  const { namespace = '' } = turn.object.metadata;
  for (const { set, replicas } of scalings) {
    const { name } = set.metadata;
    const body = { metadata: { annotations: sizes(turn.object) }, spec: { replicas } };
    await turn.client.patch(ReplicaSet, namespace, name, 'merge', body);
    const way = replicas > specOf(set) ? 'up' : 'down';
    turn.event('Normal', 'ScalingReplicaSet', `Scaled ${way} replica set ${name} from ${specOf(set)} to ${replicas}`);
  }
}

/** Keeps the newest idle sets, so that one can go back to them. */
async function tidyHistory(turn: Turn<Deployment>, old: readonly ReplicaSet[]): Promise<void> {
  const idle = old.filter((set) => specOf(set) === 0 && replicasOf(set) === 0 && !set.metadata.deletionTimestamp);
  const kept = turn.object.spec.revisionHistoryLimit ?? USUAL_HISTORY;
  const surplus = idle.sort((a, b) => revisionOf(b) - revisionOf(a)).slice(kept);
  for (const set of surplus) await turn.remove(ReplicaSet, set);
}
