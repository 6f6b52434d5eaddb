// A HorizontalPodAutoscaler: what is refused, what is filled in, and what its column shows.

import { describe, expect, it } from 'vitest';
import type { KubeObject } from '#machinery/mod.ts';
import { tryWrite } from '../trial.ts';
import type { HpaMetric, HpaMetricStatus } from './horizontal-pod-autoscaler.ts';
import { HorizontalPodAutoscaler } from './horizontal-pod-autoscaler.ts';
import { targetsText } from './hpa-targets.ts';

const ref = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'a' };
function written(spec: object) {
  const object = { ...HorizontalPodAutoscaler, metadata: { name: 'a', namespace: 'ns' } };
  const { apiVersion, kind, metadata } = object;
  return tryWrite(HorizontalPodAutoscaler, {
    apiVersion,
    kind,
    metadata,
    spec: { scaleTargetRef: ref, maxReplicas: 3, ...spec },
  } as KubeObject);
}
const metric = (of: object) => ({ metrics: [of] });
const behavior = (scaleUp: object) => ({ behavior: { scaleUp } });

describe('refusals', () => {
  it.each<[object, string[]]>([
    [{}, []],
    [{ minReplicas: 0 }, ['spec.minReplicas: Invalid value: 0: must be greater than or equal to 1']],
    [
      { scaleTargetRef: { kind: '', name: '' } },
      ['spec.scaleTargetRef.kind: Required value', 'spec.scaleTargetRef.name: Required value'],
    ],
    [
      metric({ type: 'Moon' }),
      [
        'spec.metrics[0].type: Unsupported value: "Moon": supported values: "ContainerResource", "External", "Object", "Pods", "Resource"',
      ],
    ],
    [
      metric({ type: 'Resource' }),
      ['spec.metrics[0].resource: Required value: must populate information for the given metric source'],
    ],
    [
      metric({
        type: 'Resource',
        resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 5 } },
        external: { metric: { name: 'x' }, target: { type: 'Value', value: '1' } },
      }),
      ['spec.metrics[0].external: Forbidden: must populate the given metric source only'],
    ],
    [
      metric({ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization' } } }),
      [
        'spec.metrics[0].resource.target.averageUtilization: Required value: must set either a target raw value or a target utilization',
      ],
    ],
    [
      metric({
        type: 'Resource',
        resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 0, averageValue: '1' } },
      }),
      [
        'spec.metrics[0].resource.target.averageUtilization: Invalid value: 0: must be greater than 0',
        'spec.metrics[0].resource.target.averageValue: Forbidden: may not set both a target raw value and a target utilization',
      ],
    ],
    [
      metric({ type: 'Pods', pods: { metric: { name: '' }, target: { type: 'Much', averageValue: '-1' } } }),
      [
        'spec.metrics[0].pods.metric.name: Required value: must specify a metric name',
        'spec.metrics[0].pods.target.type: Invalid value: "Much": must be either Utilization, Value, or AverageValue',
        'spec.metrics[0].pods.target.averageValue: Invalid value: "-1": must be positive',
        'spec.metrics[0].pods.target.averageValue: Required value: must specify a positive target averageValue',
      ],
    ],
    [
      metric({ type: 'External', external: { metric: { name: 'x' }, target: { type: 'Value' } } }),
      [
        'spec.metrics[0].external.target.averageValue: Required value: must set either a target value for metric or a per-pod target',
      ],
    ],
    [behavior({ policies: [] }), ['spec.behavior.scaleUp.policies: Required value: must specify at least one Policy']],
    [
      behavior({ stabilizationWindowSeconds: 4000, selectPolicy: 'Best' }),
      [
        'spec.behavior.scaleUp.stabilizationWindowSeconds: Invalid value: 4000: must be less than or equal to 3600',
        'spec.behavior.scaleUp.selectPolicy: Unsupported value: "Best": supported values: "Disabled", "Max", "Min"',
      ],
    ],
    [
      behavior({ policies: [{ type: 'Lots', value: 0, periodSeconds: 2000 }] }),
      [
        'spec.behavior.scaleUp.policies[0].type: Unsupported value: "Lots": supported values: "Percent", "Pods"',
        'spec.behavior.scaleUp.policies[0].value: Invalid value: 0: must be greater than zero',
        'spec.behavior.scaleUp.policies[0].periodSeconds: Invalid value: 2000: must be less than or equal to 1800',
      ],
    ],
  ])('%j', (spec, problems) => expect(written(spec).problems).toEqual(problems));
});

const cpu: HpaMetric = {
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } },
};
const memory: HpaMetric = {
  type: 'Resource',
  resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '100Mi' } },
};
const queue: HpaMetric = {
  type: 'Pods',
  pods: { metric: { name: 'q' }, target: { type: 'AverageValue', averageValue: '10' } },
};
const lag: HpaMetric = {
  type: 'External',
  external: { metric: { name: 'l' }, target: { type: 'Value', value: '30' } },
};
const share: HpaMetric = {
  type: 'External',
  external: { metric: { name: 'l' }, target: { type: 'AverageValue', averageValue: '5' } },
};

it.each<[string, HpaMetric[], HpaMetricStatus[]]>([
  ['<none>', [], []],
  ['cpu: <unknown>/80%', [cpu], []],
  ['cpu: 12%/80%', [cpu], [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 12 } } }]],
  [
    'memory: 52428800/100Mi',
    [memory],
    [{ type: 'Resource', resource: { name: 'memory', current: { averageValue: '52428800' } } }],
  ],
  ['1500m/10', [queue], [{ type: 'Pods', pods: { metric: { name: 'q' }, current: { averageValue: '1500m' } } }]],
  ['7/30', [lag], [{ type: 'External', external: { metric: { name: 'l' }, current: { value: '7' } } }]],
  ['2/5 (avg)', [share], [{ type: 'External', external: { metric: { name: 'l' }, current: { averageValue: '2' } } }]],
  ['cpu: <unknown>/80%, memory: <unknown>/100Mi + 1 more...', [cpu, memory, queue], []],
])('%s', (text, metrics, statuses) => expect(targetsText(metrics, statuses)).toBe(text));
