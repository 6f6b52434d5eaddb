// How many copies a revision should have: a pure function of what was seen and what was decided before.

import type { AutoscalerSpec } from './spec.ts';
import { targetOf, totalOf } from './spec.ts';

/** How often a decision is due. */
export const TICK_MS = 2000;

/** What is so. */
export interface DecisionFacts {
  readonly nowMs: number;
  /** Copies that take traffic. */
  readonly ready: number;
  /** Averages over the stable and the panic window; undefined where nothing is known. */
  readonly stable: number | undefined;
  readonly panic: number | undefined;
}

/** What one decision leaves to the next. */
export interface DecisionState {
  /** When the load last was over the panic threshold; undefined: not panicking. */
  readonly panicMs: number | undefined;
  readonly maxPanicPods: number;
  /** Wanted scales of the scale-down delay, falling: only those that a later one has not topped. */
  readonly delayed: readonly { readonly tick: number; readonly desired: number }[];
}

export interface Decision {
  /** -1 where nothing is known. */
  readonly desired: number;
  /** Room above the target burst capacity; -1 where that is unlimited. Below 0 the gateway buffers. */
  readonly excessBurstCapacity: number;
  readonly panicking: boolean;
  readonly stable: number;
  readonly panic: number;
  readonly target: number;
}

/** A fresh state. An autoscaler that comes to several ready copies starts in panic, for it must not shrink what it does not know. */
export function initialState(nowMs: number, ready: number): DecisionState {
  const panics = ready > 1;
  return { panicMs: panics ? nowMs : undefined, maxPanicPods: panics ? ready : 0, delayed: [] };
}

/** What is said before the first decision. */
export function initialDecision(spec: AutoscalerSpec): Decision {
  return {
    desired: -1,
    excessBurstCapacity: excess(spec, spec.initialScale, 0),
    panicking: false,
    stable: 0,
    panic: 0,
    target: targetOf(spec),
  };
}

/** Invariant: while panicking the wanted scale never falls. */
export function decide(
  spec: AutoscalerSpec,
  state: DecisionState,
  facts: DecisionFacts,
): { decision: Decision; state: DecisionState } {
  const { stable, panic, nowMs } = facts;
  if (stable === undefined || panic === undefined) return { decision: initialDecision(spec), state };

  const wanted = wantedPods(spec, facts.ready, stable, panic);
  const panicMs = panicAfter(spec, state, nowMs, wanted.over);
  const panicking = panicMs !== undefined;
  const maxPanicPods = panicking ? Math.max(state.maxPanicPods, wanted.stable, wanted.panic) : 0;
  const now = panicking ? maxPanicPods : wanted.stable;

  const delayed = delays(spec) ? delay(spec, state.delayed, nowMs, now) : [];
  const desired = delayed[0]?.desired ?? now;
  return {
    decision: {
      desired,
      excessBurstCapacity: excess(spec, facts.ready, panic),
      panicking,
      stable,
      panic,
      target: targetOf(spec),
    },
    state: { panicMs, maxPanicPods, delayed },
  };
}

function wantedPods(spec: AutoscalerSpec, readyPods: number, stable: number, panic: number) {
  const ready = Math.max(1, readyPods);
  const most = Math.ceil(spec.maxScaleUpRate * ready);
  const least = spec.reachability === 'unreachable' ? 0 : Math.floor(ready / spec.maxScaleDownRate);
  const within = (pods: number) => {
    const bounded = Math.min(Math.max(pods, least), most);
    return pods > 0 ? Math.max(bounded, spec.activationScale > 1 ? spec.activationScale : 0) : bounded;
  };
  const target = targetOf(spec);
  const panicPods = Math.ceil(panic / target);
  return {
    stable: within(Math.ceil(stable / target)),
    panic: within(panicPods),
    over: panicPods / ready >= spec.panicThresholdPercentage / 100,
  };
}

function panicAfter(
  spec: AutoscalerSpec,
  { panicMs }: DecisionState,
  nowMs: number,
  over: boolean,
): number | undefined {
  if (over) return nowMs;
  return panicMs !== undefined && panicMs + spec.stableWindowMs < nowMs ? undefined : panicMs;
}

function delays({ reachability, scaleDownDelayMs }: AutoscalerSpec): boolean {
  return reachability !== 'unreachable' && scaleDownDelayMs > 0;
}

/** The greatest of the delay window stands first; what a later, greater one tops can never win again. */
function delay(
  spec: AutoscalerSpec,
  before: DecisionState['delayed'],
  nowMs: number,
  desired: number,
): DecisionState['delayed'] {
  const tick = Math.floor(nowMs / TICK_MS);
  const oldest = tick - Math.ceil(spec.scaleDownDelayMs / TICK_MS);
  const kept = before.filter((entry) => entry.tick > oldest && entry.desired > desired);
  return [...kept, { tick, desired }];
}

function excess(spec: AutoscalerSpec, ready: number, panic: number): number {
  const burst = spec.targetBurstCapacity;
  return burst > 0 ? Math.floor(ready * totalOf(spec) - burst - panic) : burst;
}
