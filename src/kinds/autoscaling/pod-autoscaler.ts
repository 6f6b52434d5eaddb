// A PodAutoscaler: what an autoscaler should keep in step with its traffic.

import type { ObjectOf } from '#machinery/mod.ts';
import {
  condition,
  defineKind,
  field,
  int32,
  int64,
  living,
  livingStatus,
  object,
  reason,
  text,
} from '#machinery/mod.ts';
import { AUTOSCALING_KEYS } from '../annotation.ts';
import { autoscalerConfig, HPA_CLASS, KPA_CLASS } from '../config/autoscaler.ts';
import { configOf } from '../config/of-context.ts';
import { SERVING_WEBHOOK, servingLabels } from '../labels.ts';
import { checkProtocol, checkReference } from '../networking/check-reference.ts';
import { checkScaledMetadata } from '../serving/check-metadata.ts';
import { checkConcurrency } from '../serving/check-template.ts';

const [CLASS = ''] = AUTOSCALING_KEYS.class;
const [METRIC = ''] = AUTOSCALING_KEYS.metric;
const DEFAULT_METRIC: Readonly<Record<string, string>> = { [KPA_CLASS]: 'concurrency', [HPA_CLASS]: 'cpu' };

export const PodAutoscaler = defineKind({
  apiVersion: 'autoscaling.internal.knative.dev/v1alpha1',
  kind: 'PodAutoscaler',
  names: { plural: 'podautoscalers', short: ['kpa', 'pa'], categories: ['knative-internal', 'autoscaling'] },
  scope: 'Namespaced',
  doc: 'PodAutoscaler is an abstraction of the mechanism by which a scalable resource is kept in step with its traffic.',
  spec: object({
    containerConcurrency: int64(),
    protocolType: text().required(),
    reachability: text().doc('Reachable, Unreachable, or empty where it is not known.'),
    scaleTargetRef: object({ apiVersion: text(), kind: text(), name: text() }).with({ atomic: true }).required(),
  }),
  status: livingStatus({
    serviceName: text().required(),
    metricsServiceName: text().required(),
    desiredScale: int32(),
    actualScale: int32(),
  }),
  conditions: living('Active', 'ScaleTargetInitialized', 'SKSReady'),
  columns: {
    DesiredScale: field('status.desiredScale', 'integer'),
    ActualScale: field('status.actualScale', 'integer'),
    Ready: condition('Ready'),
    Reason: reason('Ready'),
  },
  custom: true,
  crdLabels: servingLabels,
  webhook: SERVING_WEBHOOK,
  defaults({ metadata }, context) {
    const annotations = (metadata.annotations ??= {});
    const scaler = (annotations[CLASS] ??= configOf(context, autoscalerConfig).podAutoscalerClass);
    annotations[METRIC] ??= DEFAULT_METRIC[scaler] ?? '';
  },
  check({ metadata, spec }, errors, context) {
    if (context.subresource === 'status') return;
    errors.merge(checkScaledMetadata(metadata, context), 'metadata');
    const inner = checkReference(spec.scaleTargetRef);
    errors.merge(inner, 'spec.scaleTargetRef');
    errors.merge(checkConcurrency(spec.containerConcurrency ?? 0, context), 'spec.containerConcurrency');
    errors.merge(checkProtocol(spec.protocolType), 'spec');
  },
});
export type PodAutoscaler = ObjectOf<typeof PodAutoscaler>;
