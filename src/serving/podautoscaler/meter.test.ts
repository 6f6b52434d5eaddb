import { expect, test } from 'vitest';
import type { PodAutoscaler } from '#kinds/mod.ts';
import { PodAutoscaler as Kind } from '#kinds/mod.ts';
import { createMetrics } from '#telemetry/mod.ts';
import { autoscalerConfig } from '#kinds/mod.ts';
import { autoscalerSpecOf } from './annotations.ts';
import type { LastOf } from './meter.ts';
import { PodAutoscalerMeter } from './meter.ts';

function paOf(metric: string): PodAutoscaler {
  return {
    apiVersion: Kind.apiVersion,
    kind: Kind.kind,
    metadata: {
      name: 'rev',
      namespace: 'ns',
      labels: { 'serving.knative.dev/service': 'svc', 'serving.knative.dev/configuration': 'cfg' },
      annotations: { 'autoscaling.knative.dev/metric': metric },
    },
    spec: { protocolType: 'http1', scaleTargetRef: {} },
  };
}
const counts = { ready: 2, notReady: 3, pending: 1, terminating: 4 };
const last = { desired: 5, excessBurstCapacity: -7, panicking: true, stable: 1.5, panic: 2.5, target: 70 };

function shown(metric: string, known: boolean) {
  const metrics = createMetrics();
  const spec = autoscalerSpecOf(paOf(metric), autoscalerConfig.parse({}));
  const lastOf: LastOf = () => (known ? { spec, last } : undefined);
  const meter = new PodAutoscalerMeter(metrics, lastOf);
  meter.note(paOf(metric), { want: 4, counts });
  const values = () =>
    Object.fromEntries(metrics.families().flatMap(({ name, samples }) => samples.map(({ value }) => [name, value])));
  return { meter, metrics, values };
}

const pods = {
  'kn.revision.pods.requested': 4,
  'kn.revision.pods.count': 2,
  'kn.revision.pods.not_ready.count': 3,
  'kn.revision.pods.pending.count': 1,
  'kn.revision.pods.terminating.count': 4,
};
const decided = { 'kn.revision.pods.desired': 5, 'kn.revision.capacity.excess': -7, 'kn.revision.panic.mode': 1 };

test.each([
  [
    'concurrency',
    {
      'kn.revision.concurrency.stable': 1.5,
      'kn.revision.concurrency.panic': 2.5,
      'kn.revision.concurrency.target': 70,
    },
  ],
  ['rps', { 'kn.revision.rps.stable': 1.5, 'kn.revision.rps.panic': 2.5, 'kn.revision.rps.target': 70 }],
])('a revision by %s', (metric, own) => expect(shown(metric, true).values()).toEqual({ ...pods, ...decided, ...own }));

test('labels are Knative’s, and a revision that is gone is shown no more', () => {
  const { meter, metrics, values } = shown('concurrency', false);
  expect(values()).toEqual(pods);
  expect(metrics.families().find(({ name }) => name === 'kn.revision.pods.count')?.samples[0]?.labels).toEqual({
    'k8s.namespace.name': 'ns',
    'kn.service.name': 'svc',
    'kn.configuration.name': 'cfg',
    'kn.revision.name': 'rev',
  });
  meter.forget('ns/rev');
  expect(values()).toEqual({});
});
