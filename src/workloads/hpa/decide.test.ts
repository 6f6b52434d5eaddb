// What is said and done of the proposals, by table.

import { describe, expect, it } from 'vitest';
import type { HpaFacts } from './decide.ts';
import { decideHpa } from './decide.ts';
import type { Proposal } from './proposal.ts';
import { initialMemory } from './stabilize.ts';

const NOW = 1_000_000;
const spec: HpaFacts['spec'] = { scaleTargetRef: { kind: 'Deployment', name: 'a' }, minReplicas: 2, maxReplicas: 8 };
const wants = (replicas: number, name = 'cpu resource'): Proposal => ({
  replicas,
  name,
  status: { type: 'Resource', resource: { name: 'cpu', current: { averageValue: '1' } } },
});
const fails: Proposal = { reason: 'FailedGetResourceMetric', problem: 'failed to get memory utilization: none' };
const usual: HpaFacts = { nowMs: NOW, spec, current: 4, memory: undefined, proposals: [wants(4)] };

const said = ({ type, status, reason }: { type: string; status: string; reason: string }) =>
  `${type}=${status} ${reason}`;

describe('decideHpa', () => {
  it.each<[string, Partial<HpaFacts>, number, because: string, conditions: string[]]>([
    [
      'a target of zero',
      { current: 0 },
      0,
      '',
      ['AbleToScale=True SucceededGetScale', 'ScalingActive=False ScalingDisabled'],
    ],
    [
      'above the most',
      { current: 9 },
      8,
      'Current number of replicas above Spec.MaxReplicas',
      ['AbleToScale=True SucceededRescale'],
    ],
    [
      'below the least',
      { current: 1 },
      2,
      'Current number of replicas below Spec.MinReplicas',
      ['AbleToScale=True SucceededRescale'],
    ],
    [
      'as it is',
      {},
      4,
      '',
      [
        'AbleToScale=True ReadyForNewScale',
        'ScalingActive=True ValidMetricFound',
        'ScalingLimited=False DesiredWithinRange',
      ],
    ],
    [
      'the greatest of several',
      { proposals: [wants(5), wants(6, 'memory resource'), wants(3)] },
      6,
      'memory resource above target',
      [
        'AbleToScale=True SucceededRescale',
        'ScalingActive=True ValidMetricFound',
        'ScalingLimited=False DesiredWithinRange',
      ],
    ],
    [
      'down, at the first look no further than what was found',
      { proposals: [wants(3)] },
      4,
      '',
      [
        'AbleToScale=True ScaleDownStabilized',
        'ScalingActive=True ValidMetricFound',
        'ScalingLimited=False DesiredWithinRange',
      ],
    ],
    [
      'down, later',
      { proposals: [wants(3)], memory: initialMemory(NOW - 301_000, 4) },
      3,
      'All metrics below target',
      [
        'AbleToScale=True SucceededRescale',
        'ScalingActive=True ValidMetricFound',
        'ScalingLimited=False DesiredWithinRange',
      ],
    ],
    [
      'none to be had',
      { proposals: [fails] },
      4,
      '',
      ['AbleToScale=True SucceededGetScale', 'ScalingActive=False FailedGetResourceMetric'],
    ],
    [
      'some not to be had: never down',
      { proposals: [wants(3), fails], memory: initialMemory(NOW - 301_000, 4) },
      4,
      '',
      ['AbleToScale=True SucceededGetScale', 'ScalingActive=False FailedGetResourceMetric'],
    ],
    [
      'some not to be had: up all the same',
      { proposals: [wants(6), fails] },
      6,
      'cpu resource above target',
      [
        'AbleToScale=True SucceededRescale',
        'ScalingActive=True ValidMetricFound',
        'ScalingLimited=False DesiredWithinRange',
      ],
    ],
    [
      'more than the most',
      { proposals: [wants(20)] },
      8,
      'cpu resource above target',
      [
        'AbleToScale=True SucceededRescale',
        'ScalingActive=True ValidMetricFound',
        'ScalingLimited=True TooManyReplicas',
      ],
    ],
  ])('%s', (_, change, replicas, because, conditions) => {
    const decision = decideHpa({ ...usual, ...change });
    expect({ ...decision, conditions: decision.conditions.map(said) }).toMatchObject({ replicas, because, conditions });
  });

  it('keeps what is known of each metric in its place', () => {
    const known = { type: 'Resource', resource: { name: 'cpu', current: { averageValue: '1' } } };
    expect(decideHpa({ ...usual, proposals: [fails, wants(6)] }).metrics).toEqual([{ type: '' }, known]);
    expect(decideHpa({ ...usual, proposals: [fails] }).metrics).toBeUndefined();
  });

  it('tells of each metric that failed, and of the whole', () => {
    const { faults } = decideHpa({ ...usual, proposals: [fails] });
    expect(faults).toEqual([
      { reason: 'FailedGetResourceMetric', message: 'failed to get memory utilization: none' },
      {
        reason: 'FailedComputeMetricsReplicas',
        message: 'invalid metrics (1 invalid out of 1), first error is: failed to get memory utilization: none',
      },
    ]);
  });
});
