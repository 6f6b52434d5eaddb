// One look of a HorizontalPodAutoscaler: from the proposals of its metrics to a scale and what is said of it. Pure.

import type { HpaMetricStatus, HpaSpec } from '#kinds/mod.ts';
import type { Proposal } from './proposal.ts';
import type { HpaMemory, Verdict } from './stabilize.ts';
import { initialMemory, noteRescale, stabilize } from './stabilize.ts';

export interface HpaFacts {
  readonly nowMs: number;
  readonly spec: HpaSpec;
  /** The replicas that the scale target asks for. */
  readonly current: number;
  /** Of the looks before; undefined at the first. */
  readonly memory: HpaMemory | undefined;
  /** One for each metric of the spec. */
  readonly proposals: readonly Proposal[];
}

/** A condition; the time it turned is the writer's business. */
export interface HpaCondition extends Verdict {
  readonly type: 'AbleToScale' | 'ScalingActive' | 'ScalingLimited';
  readonly status: 'True' | 'False';
}

export interface HpaDecision {
  /** What the scale target should ask for; `current` where nothing is to be done. */
  readonly replicas: number;
  /** Why it changes, for the Event. */
  readonly because: string;
  readonly conditions: readonly HpaCondition[];
  /** In the order of the spec; undefined where nothing is known of any. */
  readonly metrics: readonly HpaMetricStatus[] | undefined;
  /** What could not be computed; each is an Event. */
  readonly faults: readonly { readonly reason: string; readonly message: string }[];
  readonly memory: HpaMemory;
}

const GOT_SCALE: HpaCondition = {
  type: 'AbleToScale',
  status: 'True',
  reason: 'SucceededGetScale',
  message: "the HPA controller was able to get the target's current scale",
};

/** The conditions where the scale target itself is not to be had. */
export function noScale(problem: string): HpaCondition {
  return {
    type: 'AbleToScale',
    status: 'False',
    reason: 'FailedGetScale',
    message: `the HPA controller was unable to get the target's current scale: ${problem}`,
  };
}

/** The condition where the scale target refused its new scale. */
export function notRescaled(problem: string): HpaCondition {
  return {
    type: 'AbleToScale',
    status: 'False',
    reason: 'FailedUpdateScale',
    message: `the HPA controller was unable to update the target scale: ${problem}`,
  };
}

export function decideHpa(facts: HpaFacts): HpaDecision {
  const { spec, current, nowMs } = facts;
  const { minReplicas: min = 1, maxReplicas: max } = spec;
  const memory = facts.memory ?? initialMemory(nowMs, current);
  const plain: Rest = { metrics: undefined, faults: [], memory };
  if (current === 0 && min !== 0) return { ...plain, replicas: 0, because: '', conditions: [GOT_SCALE, DISABLED] };
  if (current > max) return rescaled(facts, plain, max, 'Current number of replicas above Spec.MaxReplicas');
  if (current < min) return rescaled(facts, plain, min, 'Current number of replicas below Spec.MinReplicas');
  return byMetrics(facts, memory, { min, max });
}

const DISABLED: HpaCondition = {
  type: 'ScalingActive',
  status: 'False',
  reason: 'ScalingDisabled',
  message: 'scaling is disabled since the replica count of the target is zero',
};

type Rest = Pick<HpaDecision, 'metrics' | 'faults' | 'memory'>;

/** The scale changes, and that it could is what counts as able. */
function rescaled(
  { nowMs, spec: { behavior }, current }: HpaFacts,
  { memory, ...rest }: Rest,
  replicas: number,
  because: string,
  conditions: readonly HpaCondition[] = [],
): HpaDecision {
  const able: HpaCondition = {
    type: 'AbleToScale',
    status: 'True',
    reason: 'SucceededRescale',
    message: `the HPA controller was able to update the target scale to ${replicas}`,
  };
  const noted = noteRescale(memory, { nowMs, behavior, from: current, to: replicas });
  return { ...rest, replicas, because, conditions: [able, ...conditions], memory: noted };
}

function byMetrics(facts: HpaFacts, memory: HpaMemory, { min, max }: { min: number; max: number }): HpaDecision {
  const { nowMs, current, spec } = facts;
  const { best, failures, statuses } = weighed(facts.proposals);
  const faults = failures.map(({ reason, problem }) => ({ reason, message: problem }));
  const [first] = failures;
  // Where some metrics are not to be had, the others may raise the scale and never lower it.
  if (!best || (first && best.replicas < current)) {
    const summary = `invalid metrics (${failures.length} invalid out of ${facts.proposals.length}), first error is: ${first?.problem}`;
    return {
      replicas: current,
      because: '',
      conditions: first ? [GOT_SCALE, inactive(first)] : [GOT_SCALE],
      metrics: statuses,
      faults: first ? [...faults, { reason: 'FailedComputeMetricsReplicas', message: summary }] : faults,
      memory,
    };
  }
  const active: HpaCondition = {
    type: 'ScalingActive',
    status: 'True',
    reason: 'ValidMetricFound',
    message: `the HPA was able to successfully calculate a replica count from ${best.name}`,
  };
  const wanted = best.replicas;
  const calm = stabilize({ nowMs, current, wanted, min, max, behavior: spec.behavior, memory });
  const { isLimited, ...limit } = calm.limited;
  const limited: HpaCondition = { type: 'ScalingLimited', status: isLimited ? 'True' : 'False', ...limit };
  const rest: Rest = { metrics: statuses, faults, memory: calm.memory };
  if (calm.replicas !== current) {
    const because = wanted > current ? `${best.name} above target` : 'All metrics below target';
    return rescaled(facts, rest, calm.replicas, because, [active, limited]);
  }
  const able: HpaCondition = { type: 'AbleToScale', status: 'True', ...calm.able };
  return { ...rest, replicas: current, because: '', conditions: [able, active, limited] };
}

type Failure = Extract<Proposal, { readonly problem: string }>;
type Success = Exclude<Proposal, Failure>;

/** The proposal of the most replicas counts. */
function weighed(proposals: readonly Proposal[]) {
  const isFailure = (one: Proposal): one is Failure => 'problem' in one;
  const failures = proposals.filter(isFailure);
  const successes = proposals.filter((one): one is Success => !isFailure(one));
  const best = successes.reduce<Success | undefined>(
    (most, one) => (most && most.replicas >= one.replicas ? most : one),
    undefined,
  );
  // Each in the place of its metric; where there are none at all, that is what is said.
  const statuses = proposals.map((one): HpaMetricStatus => (isFailure(one) ? { type: '' } : one.status));
  return { best, failures, statuses: best ? statuses : undefined };
}

function inactive({ reason, problem }: Failure): HpaCondition {
  return {
    type: 'ScalingActive',
    status: 'False',
    reason,
    message: `the HPA was unable to compute the replica count: ${problem}`,
  };
}
