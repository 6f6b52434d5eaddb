// From a wanted scale to the one that is applied: bounds, and the careful way down to zero. Pure.

import type { Reachability } from './spec.ts';
import { minScaleOf } from './spec.ts';

/** What stands behind a verdict. */
export type ScaleReason =
  | 'Undecided'
  | 'Wanted'
  | 'BelowMin'
  | 'AboveMax'
  | 'InitialScale'
  | 'ScaleToZeroDisabled'
  | 'ActivationTimedOut'
  | 'Activating'
  | 'IdleNotLongEnough'
  | 'TurnInactive'
  | 'GatewayNotProven'
  | 'GraceElapsed'
  | 'RetentionRuns'
  | 'ProxiedLongEnough'
  | 'GraceRuns';

export interface ScaleFacts {
  readonly nowMs: number;
  /** The autoscaler's decision; below 0: none. */
  readonly desired: number;
  readonly minScale: number;
  /** 0 = unlimited. */
  readonly maxScale: number;
  readonly initialScale: number;
  /** Whether the initial scale was ever reached. */
  readonly initialized: boolean;
  readonly reachability: Reachability;
  readonly enableScaleToZero: boolean;
  /** The condition Active, and since when it has its status; while Unknown, since when an activation is tried by a platform that is up. */
  readonly active: { readonly status: 'True' | 'False' | 'Unknown'; readonly sinceMs: number };
  readonly stableWindowMs: number;
  readonly graceMs: number;
  readonly retentionMs: number;
  readonly progressDeadlineMs: number;
  /** Since when requests are held by the gateway where no copy is left; undefined: not yet. */
  readonly proxiedSinceMs: number | undefined;
  /** Whether the gateway has proven that it would hold a request. */
  readonly proven: boolean;
}

/** `apply` false: the scale is what is wanted and shown, and the copies stay as they are for now. */
export interface ScaleVerdict {
  readonly scale: number;
  readonly apply: boolean;
  readonly reason: ScaleReason;
  /** Look again after so many milliseconds. */
  readonly again?: number;
}

/** How much longer than the progress deadline an activation may take before it is given up. */
const ACTIVATION_BUFFER_MS = 30_000;
const LOOK_AGAIN_MS = 3000;
const PROVE_AGAIN_MS = 1000;

export function scaleVerdict(facts: ScaleFacts): ScaleVerdict {
  const { desired, active } = facts;
  if (desired < 0 && active.status !== 'Unknown') return { scale: desired, apply: false, reason: 'Undecided' };
  const bounded = withinBounds(facts);
  if (bounded.scale > 0) return { ...bounded, apply: true };
  // An activation without a decision is held to its deadline like one whose decision is zero.
  return towardsZero(facts);
}

/** The bounds in force: an unreachable revision has no minimum, and one that has never reached its initial scale has that. */
export function boundsOf({
  minScale,
  maxScale,
  initialScale,
  initialized,
  reachability,
}: Pick<ScaleFacts, 'minScale' | 'maxScale' | 'initialScale' | 'initialized' | 'reachability'>) {
  const unreachable = reachability === 'unreachable';
  const floor = minScaleOf({ minScale, reachability });
  const initial = initialScale > 1 && !initialized && !unreachable ? initialScale : 0;
  return { min: Math.max(floor, initial), max: maxScale > 0 ? maxScale : Infinity, initial: initial > floor };
}

function withinBounds(facts: ScaleFacts): { scale: number; reason: ScaleReason } {
  const { min, max, initial } = boundsOf(facts);
  if (facts.desired < min) return { scale: min, reason: initial ? 'InitialScale' : 'BelowMin' };
  if (facts.desired > max) return { scale: max, reason: 'AboveMax' };
  return { scale: facts.desired, reason: 'Wanted' };
}

function towardsZero(facts: ScaleFacts): ScaleVerdict {
  if (!facts.enableScaleToZero) return { scale: 1, apply: true, reason: 'ScaleToZeroDisabled' };
  const forMs = facts.nowMs - facts.active.sinceMs;
  if (facts.active.status === 'Unknown') return whileActivating(facts, forMs);
  if (facts.active.status === 'True') return whileActive(facts, forMs);
  return whileInactive(facts, forMs);
}

function whileActivating({ progressDeadlineMs }: ScaleFacts, forMs: number): ScaleVerdict {
  const limit = progressDeadlineMs + ACTIVATION_BUFFER_MS;
  if (forMs >= limit) return { scale: 0, apply: true, reason: 'ActivationTimedOut' };
  return { scale: -1, apply: false, reason: 'Activating', again: limit - forMs };
}

function whileActive({ stableWindowMs, proxiedSinceMs }: ScaleFacts, forMs: number): ScaleVerdict {
  if (forMs < stableWindowMs)
    return { scale: 1, apply: true, reason: 'IdleNotLongEnough', again: stableWindowMs - forMs };
  const verdict: ScaleVerdict = { scale: 0, apply: false, reason: 'TurnInactive' };
  // Where the gateway holds already, nothing else will happen that calls for another look.
  return proxiedSinceMs === undefined ? verdict : { ...verdict, again: LOOK_AGAIN_MS };
}

function whileInactive(
  { nowMs, graceMs, retentionMs, proxiedSinceMs, proven }: ScaleFacts,
  forMs: number,
): ScaleVerdict {
  if (!proven) return { scale: 0, apply: false, reason: 'GatewayNotProven', again: PROVE_AGAIN_MS };
  if (forMs >= Math.max(graceMs, retentionMs)) return { scale: 0, apply: true, reason: 'GraceElapsed' };
  if (forMs < retentionMs) return { scale: 0, apply: false, reason: 'RetentionRuns', again: retentionMs - forMs };
  const proxiedMs = proxiedSinceMs === undefined ? 0 : nowMs - proxiedSinceMs;
  if (proxiedMs >= graceMs) return { scale: 0, apply: true, reason: 'ProxiedLongEnough' };
  return { scale: 0, apply: false, reason: 'GraceRuns', again: graceMs - Math.max(forMs, proxiedMs) };
}
