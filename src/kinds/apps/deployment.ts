// A Deployment: Pods from one template, replaced step by step when it changes.

import type { ObjectOf, Problems, TypeOf } from '#machinery/mod.ts';
import { age, computed, defineKind, flag, int32, int64, intOrString, object, text } from '#machinery/mod.ts';
import { defaultPodTemplate } from '../core/pod-defaults.ts';
import { PodTemplateSpecSchema } from '../core/pod-spec.ts';
import { LabelSelectorSchema, StandardConditionsSchema } from '../core/references.ts';
import { checkFromZero, checkSelectorKept, checkShare, checkStamping, shareValue } from './check-workload.ts';
import { workloadColumns } from './columns.ts';
import { replicasScale } from './scale.ts';
import type { Parts } from '../object-parts.ts';

export const DeploymentStrategySchema = object({
  type: text(),
  rollingUpdate: object({ maxUnavailable: intOrString(), maxSurge: intOrString() }),
});

export const DeploymentSpecSchema = object({
  replicas: int32(),
  selector: LabelSelectorSchema.required(),
  template: PodTemplateSpecSchema.required(),
  strategy: DeploymentStrategySchema,
  minReadySeconds: int32(),
  revisionHistoryLimit: int32(),
  paused: flag(),
  progressDeadlineSeconds: int32(),
});
export type DeploymentSpec = TypeOf<typeof DeploymentSpecSchema>;

const DeploymentStatusSchema = object({
  observedGeneration: int64(),
  replicas: int32(),
  updatedReplicas: int32(),
  readyReplicas: int32(),
  availableReplicas: int32(),
  unavailableReplicas: int32(),
  terminatingReplicas: int32(),
  conditions: StandardConditionsSchema,
  collisionCount: int32(),
});
export type DeploymentStatus = TypeOf<typeof DeploymentStatusSchema>;
type Whole = Parts<DeploymentSpec, DeploymentStatus>;

type Strategy = NonNullable<DeploymentSpec['strategy']>;

function defaultStrategy(strategy: Strategy): Strategy {
  const type = strategy.type || 'RollingUpdate';
  if (type !== 'RollingUpdate') return { ...strategy, type };
  return { type, rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%', ...strategy.rollingUpdate } };
}

function checkStrategy(problems: Problems, { type, rollingUpdate }: Strategy): void {
  if (type === 'Recreate') {
    const why = "may not be specified when strategy `type` is 'Recreate'";
    if (rollingUpdate) problems.forbidden('rollingUpdate', why);
  } else if (type === 'RollingUpdate') {
    checkRolling(problems.under('rollingUpdate'), rollingUpdate ?? {});
  } else {
    problems.notSupported('', { type }, ['Recreate', 'RollingUpdate']);
  }
}

function checkRolling(
  problems: Problems,
  { maxUnavailable = 0, maxSurge = 0 }: NonNullable<Strategy['rollingUpdate']>,
): void {
  checkShare(problems, 'maxUnavailable', maxUnavailable);
  checkShare(problems, 'maxSurge', maxSurge);
  if (shareValue(maxUnavailable) === 0 && shareValue(maxSurge) === 0) {
    problems.invalid('maxUnavailable', maxUnavailable, 'may not be 0 when `maxSurge` is 0');
  }
  if (typeof maxUnavailable === 'string' && shareValue(maxUnavailable) > 100) {
    problems.invalid('maxUnavailable', maxUnavailable, 'must not be greater than 100%');
  }
}

export const Deployment = defineKind({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  names: { plural: 'deployments', short: ['deploy'], categories: ['all'] },
  scope: 'Namespaced',
  doc: 'Deployment enables declarative updates for Pods and ReplicaSets.',
  spec: DeploymentSpecSchema,
  status: DeploymentStatusSchema,
  columns: {
    Ready: computed(({ spec, status }: Whole) => `${status?.readyReplicas ?? 0}/${spec.replicas ?? 1}`),
    'Up-to-date': computed(({ status }: Whole) => status?.updatedReplicas ?? 0),
    Available: computed(({ status }: Whole) => status?.availableReplicas ?? 0),
    Age: age,
    ...workloadColumns,
  },
  defaults({ spec }) {
    spec.replicas ??= 1;
    spec.strategy = defaultStrategy(spec.strategy ?? {});
    spec.revisionHistoryLimit ??= 10;
    spec.progressDeadlineSeconds ??= 600;
    defaultPodTemplate(spec.template);
  },
  validate({ spec }, problems, { subresource }, before) {
    if (subresource === 'status') return;
    const place = problems.under('spec');
    const { replicas, minReadySeconds, revisionHistoryLimit, progressDeadlineSeconds } = spec;
    checkFromZero(place, { replicas });
    const isSame = spec.template === before?.spec.template && spec.selector === before.spec.selector;
    if (!isSame) checkStamping(place, spec, 'deployment', 'ReplicaSet');
    checkStrategy(place.under('strategy'), spec.strategy ?? {});
    checkFromZero(place, { minReadySeconds, revisionHistoryLimit, progressDeadlineSeconds });
    if (progressDeadlineSeconds !== undefined && progressDeadlineSeconds <= (minReadySeconds ?? 0)) {
      place.invalid('progressDeadlineSeconds', progressDeadlineSeconds, 'must be greater than minReadySeconds');
    }
    checkSelectorKept(place, spec, before?.spec);
  },
  scale: replicasScale,
});
export type Deployment = ObjectOf<typeof Deployment>;
