// A Metric: what is measured of a revision, and over which windows (nanoseconds).

import type { ObjectOf } from '#machinery/mod.ts';
import { condition, defineKind, int64, living, livingStatus, object, reason, text } from '#machinery/mod.ts';
import { SERVING_WEBHOOK, servingLabels } from '../labels.ts';
import { checkScaledMetadata } from '../serving/check-metadata.ts';

export const Metric = defineKind({
  apiVersion: 'autoscaling.internal.knative.dev/v1alpha1',
  kind: 'Metric',
  names: { plural: 'metrics', categories: ['knative-internal', 'autoscaling'] },
  scope: 'Namespaced',
  doc: 'Metric represents a resource to configure the metric collector with.',
  spec: object({
    panicWindow: int64().required(),
    scrapeTarget: text().required(),
    stableWindow: int64().required(),
  }),
  status: livingStatus({}),
  conditions: living(),
  columns: { Ready: condition('Ready'), Reason: reason('Ready') },
  custom: true,
  crdLabels: servingLabels,
  webhook: SERVING_WEBHOOK,
  check({ metadata }, errors, context) {
    if (context.subresource !== 'status') errors.merge(checkScaledMetadata(metadata, context), 'metadata');
  },
});
export type Metric = ObjectOf<typeof Metric>;
