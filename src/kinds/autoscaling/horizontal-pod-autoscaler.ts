// A HorizontalPodAutoscaler: replicas by measured load.

import type { ObjectOf, TypeOf } from '#machinery/mod.ts';
import { age, computed, defineKind, int32, int64, list, object, quantity, text, time } from '#machinery/mod.ts';
import { LabelSelectorSchema, StandardConditionsSchema } from '../core/references.ts';
import type { Parts } from '../object-parts.ts';
import { checkHpa } from './check-hpa.ts';
import { targetsText } from './hpa-targets.ts';

const TargetRefSchema = object({ apiVersion: text(), kind: text().required(), name: text().required() });
const TargetSchema = object({
  type: text().required(),
  value: quantity(),
  averageValue: quantity(),
  averageUtilization: int32(),
});
const IdentifierSchema = object({ name: text().required(), selector: LabelSelectorSchema });
const MetricSpecSchema = object({
  type: text().required(),
  resource: object({ name: text().required(), target: TargetSchema.required() }),
  containerResource: object({ name: text().required(), container: text().required(), target: TargetSchema.required() }),
  pods: object({ metric: IdentifierSchema.required(), target: TargetSchema.required() }),
  object: object({
    describedObject: TargetRefSchema.required(),
    metric: IdentifierSchema.required(),
    target: TargetSchema.required(),
  }),
  external: object({ metric: IdentifierSchema.required(), target: TargetSchema.required() }),
});
export type HpaMetric = TypeOf<typeof MetricSpecSchema>;
export type HpaMetricTarget = TypeOf<typeof TargetSchema>;
export type HpaMetricIdentifier = TypeOf<typeof IdentifierSchema>;

const ScalingRulesSchema = object({
  stabilizationWindowSeconds: int32().doc('How far back recommendations are looked at before the scale changes.'),
  selectPolicy: text().doc('Max, Min or Disabled: which of the policies counts.'),
  policies: list(object({ type: text().required(), value: int32().required(), periodSeconds: int32().required() })),
});
export type HpaScalingRules = TypeOf<typeof ScalingRulesSchema>;
const BehaviorSchema = object({ scaleUp: ScalingRulesSchema, scaleDown: ScalingRulesSchema });
export type HpaBehavior = TypeOf<typeof BehaviorSchema>;

const HpaSpecSchema = object({
  scaleTargetRef: TargetRefSchema.required(),
  minReplicas: int32(),
  maxReplicas: int32().required(),
  metrics: list(MetricSpecSchema),
  behavior: BehaviorSchema,
});
export type HpaSpec = TypeOf<typeof HpaSpecSchema>;

const ValueSchema = object({ value: quantity(), averageValue: quantity(), averageUtilization: int32() });
const MetricStatusSchema = object({
  type: text().required(),
  resource: object({ name: text().required(), current: ValueSchema.required() }),
  containerResource: object({ name: text().required(), container: text().required(), current: ValueSchema.required() }),
  pods: object({ metric: IdentifierSchema.required(), current: ValueSchema.required() }),
  object: object({
    describedObject: TargetRefSchema.required(),
    metric: IdentifierSchema.required(),
    current: ValueSchema.required(),
  }),
  external: object({ metric: IdentifierSchema.required(), current: ValueSchema.required() }),
});
export type HpaMetricStatus = TypeOf<typeof MetricStatusSchema>;
export type HpaMetricValue = TypeOf<typeof ValueSchema>;

const HpaStatusSchema = object({
  observedGeneration: int64(),
  lastScaleTime: time(),
  currentReplicas: int32(),
  desiredReplicas: int32(),
  currentMetrics: list(MetricStatusSchema),
  conditions: StandardConditionsSchema,
});
export type HpaStatus = TypeOf<typeof HpaStatusSchema>;
type Whole = Parts<HpaSpec, HpaStatus>;

export const HorizontalPodAutoscaler = defineKind({
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  names: { plural: 'horizontalpodautoscalers', short: ['hpa'], categories: ['all'] },
  scope: 'Namespaced',
  doc: 'HorizontalPodAutoscaler is the configuration for a horizontal pod autoscaler.',
  spec: HpaSpecSchema,
  status: HpaStatusSchema,
  columns: {
    Reference: computed(({ spec }: Whole) => `${spec.scaleTargetRef.kind}/${spec.scaleTargetRef.name}`),
    Targets: computed(({ spec, status }: Whole) => targetsText(spec.metrics ?? [], status?.currentMetrics ?? [])),
    MinPods: computed(({ spec }: Whole) => String(spec.minReplicas ?? '<unset>')),
    MaxPods: computed(({ spec }: Whole) => spec.maxReplicas),
    Replicas: computed(({ status }: Whole) => status?.currentReplicas ?? 0),
    Age: age,
  },
  defaults({ spec }) {
    spec.minReplicas ??= 1;
    spec.metrics ??= [
      { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } },
    ];
    if (!spec.behavior) return;
    const { scaleUp, scaleDown } = spec.behavior;
    spec.behavior = { scaleUp: { ...usualUp(), ...scaleUp }, scaleDown: { ...usualDown(), ...scaleDown } };
  },
  validate({ spec }, problems) {
    checkHpa(spec, problems.under('spec'));
  },
});
export type HorizontalPodAutoscaler = ObjectOf<typeof HorizontalPodAutoscaler>;

/** How fast it goes up where a behaviour does not say. */
function usualUp(): HpaScalingRules {
  return {
    stabilizationWindowSeconds: 0,
    selectPolicy: 'Max',
    policies: [
      { type: 'Pods', value: 4, periodSeconds: 15 },
      { type: 'Percent', value: 100, periodSeconds: 15 },
    ],
  };
}

/** How fast it goes down; the window is left to the controller. */
function usualDown(): HpaScalingRules {
  return { selectPolicy: 'Max', policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }] };
}
