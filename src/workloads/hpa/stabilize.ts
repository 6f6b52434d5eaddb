// From what the metrics call for to what is done: no faster than the behavior allows, no sooner than its windows are over. Pure.

import type { HpaBehavior, HpaScalingRules } from '#kinds/mod.ts';

/** What one look leaves to the next. All lists are bounded by the windows and periods that look at them. */
export interface HpaMemory {
  readonly recommendations: readonly { readonly atMs: number; readonly replicas: number }[];
  readonly ups: readonly ScaleEvent[];
  readonly downs: readonly ScaleEvent[];
}

interface ScaleEvent {
  readonly atMs: number;
  /** How many replicas were added or taken away. */
  readonly change: number;
}

export interface StabilizeFacts {
  readonly nowMs: number;
  readonly current: number;
  /** What the metrics call for. */
  readonly wanted: number;
  readonly min: number;
  readonly max: number;
  readonly behavior: HpaBehavior | undefined;
  readonly memory: HpaMemory;
}

export interface Verdict {
  readonly reason: string;
  readonly message: string;
}

export interface Stabilized {
  readonly replicas: number;
  readonly able: Verdict;
  readonly limited: Verdict & { readonly isLimited: boolean };
  /** With the present recommendation. */
  readonly memory: HpaMemory;
}

/** Where no behavior says how long. */
const DOWNSCALE_WINDOW_S = 300;
/** Without a behavior, at most doubled at once, or up to this many. */
const LEAST_LIMIT = 4;

const READY: Verdict = { reason: 'ReadyForNewScale', message: 'recommended size matches current size' };
const UP_STABILIZED: Verdict = {
  reason: 'ScaleUpStabilized',
  message: 'recent recommendations were lower than current one, applying the lowest recent recommendation',
};
const DOWN_STABILIZED: Verdict = {
  reason: 'ScaleDownStabilized',
  message: 'recent recommendations were higher than current one, applying the highest recent recommendation',
};
const WITHIN: Verdict = {
  reason: 'DesiredWithinRange',
  message: 'the desired count is within the acceptable range',
};
const UP_LIMIT: Verdict = {
  reason: 'ScaleUpLimit',
  message: 'the desired replica count is increasing faster than the maximum scale rate',
};
const DOWN_LIMIT: Verdict = {
  reason: 'ScaleDownLimit',
  message: 'the desired replica count is decreasing faster than the maximum scale rate',
};
const TOO_MANY: Verdict = {
  reason: 'TooManyReplicas',
  message: 'the desired replica count is more than the maximum replica count',
};
const TOO_FEW: Verdict = {
  reason: 'TooFewReplicas',
  message: 'the desired replica count is less than the minimum replica count',
};

/** A memory of nothing but the scale that is found. */
export function initialMemory(nowMs: number, replicas: number): HpaMemory {
  return { recommendations: [{ atMs: nowMs, replicas }], ups: [], downs: [] };
}

export function stabilize(facts: StabilizeFacts): Stabilized {
  const { nowMs, wanted, behavior, memory } = facts;
  const [upMs, downMs] = [windowMs(behavior?.scaleUp, 0), windowMs(behavior?.scaleDown, DOWNSCALE_WINDOW_S)];
  const { calm, why } = behavior ? calmBoth(facts, upMs, downMs) : calmDown(facts, downMs);
  const { replicas, why: limit } = behavior ? withinPolicies(facts, calm, behavior) : withinRules(facts, calm);
  const oldestMs = nowMs - Math.max(upMs, downMs);
  const kept = memory.recommendations.filter(({ atMs }) => atMs >= oldestMs);
  return {
    replicas,
    able: calm === wanted ? READY : why,
    limited: { ...limit, isLimited: replicas !== calm },
    memory: {
      recommendations: [...kept, { atMs: nowMs, replicas: wanted }],
      ups: recent(memory.ups, nowMs, behavior),
      downs: recent(memory.downs, nowMs, behavior),
    },
  };
}

/** Notes that the scale has changed; only policies of a behavior look at that. */
export function noteRescale(
  memory: HpaMemory,
  { nowMs, behavior, from, to }: { nowMs: number; behavior: HpaBehavior | undefined; from: number; to: number },
): HpaMemory {
  if (!behavior || from === to) return memory;
  const event = { atMs: nowMs, change: Math.abs(to - from) };
  return to > from ? { ...memory, ups: [...memory.ups, event] } : { ...memory, downs: [...memory.downs, event] };
}

function windowMs(rules: HpaScalingRules | undefined, usual: number): number {
  return (rules?.stabilizationWindowSeconds ?? usual) * 1000;
}

/** What the longest period of either direction still looks at. */
function recent(events: readonly ScaleEvent[], nowMs: number, behavior: HpaBehavior = {}): ScaleEvent[] {
  const policies = [...(behavior.scaleUp?.policies ?? []), ...(behavior.scaleDown?.policies ?? [])];
  const longest = Math.max(0, ...policies.map(({ periodSeconds }) => periodSeconds));
  return events.filter(({ atMs }) => atMs > nowMs - longest * 1000);
}

/** The highest recommendation of the window counts. */
function calmDown({ nowMs, wanted, memory }: StabilizeFacts, ms: number): { calm: number; why: Verdict } {
  const within = memory.recommendations.filter(({ atMs }) => atMs >= nowMs - ms);
  return { calm: Math.max(wanted, ...within.map(({ replicas }) => replicas)), why: DOWN_STABILIZED };
}

/** Up to the lowest recommendation of the one window, down to the highest of the other, and never past the present scale. */
function calmBoth(
  { nowMs, current, wanted, memory }: StabilizeFacts,
  upMs: number,
  downMs: number,
): { calm: number; why: Verdict } {
  const within = (ms: number) =>
    memory.recommendations.filter(({ atMs }) => atMs > nowMs - ms).map(({ replicas }) => replicas);
  const lowest = Math.min(wanted, ...within(upMs));
  const highest = Math.max(wanted, ...within(downMs));
  const calm = Math.min(Math.max(current, lowest), highest);
  return { calm, why: wanted >= current ? UP_STABILIZED : DOWN_STABILIZED };
}

function withinRules({ current, min, max }: StabilizeFacts, wanted: number): { replicas: number; why: Verdict } {
  const limit = Math.max(2 * current, LEAST_LIMIT);
  const most = Math.min(max, limit);
  if (wanted < min) return { replicas: min, why: TOO_FEW };
  if (wanted > most) return { replicas: most, why: max > limit ? UP_LIMIT : TOO_MANY };
  return { replicas: wanted, why: WITHIN };
}

function withinPolicies(facts: StabilizeFacts, wanted: number, behavior: HpaBehavior) {
  const { current, min, max } = facts;
  if (wanted > current) {
    const limit = Math.max(current, upLimit(facts, behavior.scaleUp ?? {}));
    const most = Math.min(max, limit);
    if (wanted > most) return { replicas: most, why: max > limit ? UP_LIMIT : TOO_MANY };
  } else if (wanted < current) {
    const limit = Math.min(current, downLimit(facts, behavior.scaleDown ?? {}));
    const least = Math.max(min, limit);
    if (wanted < least) return { replicas: least, why: min < limit ? DOWN_LIMIT : TOO_FEW };
  }
  return { replicas: wanted, why: WITHIN };
}

/** The most replicas that the policies allow now, counting what was added and taken away in their periods. */
function upLimit({ nowMs, current, memory }: StabilizeFacts, { selectPolicy, policies = [] }: HpaScalingRules): number {
  if (selectPolicy === 'Disabled') return current;
  const limits = policies.map(({ type, value, periodSeconds }) => {
    const start = startOf(current, nowMs - periodSeconds * 1000, memory);
    return type === 'Pods' ? start + value : Math.ceil(start * (1 + value / 100));
  });
  return selectPolicy === 'Min' ? Math.min(...limits) : Math.max(...limits);
}

function downLimit(
  { nowMs, current, memory }: StabilizeFacts,
  { selectPolicy, policies = [] }: HpaScalingRules,
): number {
  if (selectPolicy === 'Disabled') return current;
  const limits = policies.map(({ type, value, periodSeconds }) => {
    const start = startOf(current, nowMs - periodSeconds * 1000, memory);
    return type === 'Pods' ? start - value : Math.floor(start * (1 - value / 100));
  });
  return selectPolicy === 'Min' ? Math.max(...limits) : Math.min(...limits);
}

/** How many replicas there were when a period began. */
function startOf(current: number, sinceMs: number, { ups, downs }: HpaMemory): number {
  const changes = (events: readonly ScaleEvent[]) =>
    events.reduce((sum, { atMs, change }) => sum + (atMs > sinceMs ? change : 0), 0);
  return current - changes(ups) + changes(downs);
}
