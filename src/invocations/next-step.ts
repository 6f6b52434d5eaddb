// What follows from an attempt: it is over, or it is tried again. Pure.

import { formatDuration, headerValue } from '#base/mod.ts';
import { nextAttempt, retryAfterMs } from '#events/mod.ts';
import { REFUSAL_HEADER } from '#gateway/mod.ts';
import type { Invocation } from './ledger.ts';
import type { Outcome, Settings } from './words.ts';

export type Step =
  | { readonly kind: 'over'; readonly ending: 'succeeded' | 'failed'; readonly why?: string }
  | { readonly kind: 'again'; readonly ms: number };

export interface StepFacts {
  readonly settings: Pick<Settings, 'retries' | 'backoffMs' | 'maxAgeMs'>;
  /** Milliseconds since the acceptance. */
  readonly ageMs: number;
  /** Wall time in milliseconds, for dates of Retry-After. */
  readonly now: number;
  /** Attempts that were made, this one included. */
  readonly attempts: number;
  readonly outcome: Outcome;
}

/** Statuses of 4xx that pass by themselves: too slow, too early, too many. */
const RETRYABLE_4XX = new Set([408, 425, 429]);
/** Statuses of 5xx that the next attempt would get, too: not implemented, version not supported, loop detected. */
const FINAL_5XX = new Set([501, 505, 508]);
/** Neither back-off nor Retry-After makes it wait longer. */
const LONGEST_WAIT_MS = 3_600_000;

export function nextStep({ settings, ageMs, now, attempts, outcome }: StepFacts): Step {
  const isAnswer = 'status' in outcome;
  if (isAnswer && outcome.status < 400) return { kind: 'over', ending: 'succeeded' };
  if (!isRetryable(outcome)) return failed(isAnswer ? `status ${outcome.status} is not tried again` : outcome.error);
  const asked = isAnswer ? retryAfterMs(outcome.headers, now) : undefined;
  const { retries, backoffMs, maxAgeMs } = settings;
  const ms = nextAttempt(
    { retry: retries, backoffPolicy: 'exponential', backoffDelayMs: backoffMs, retryAfterMaxMs: LONGEST_WAIT_MS },
    attempts,
    {
      status: isAnswer ? outcome.status : 0,
      data: '',
      isRetryable: true,
      ...(asked === undefined ? {} : { retryAfterMs: asked }),
    },
  );
  if (ms === undefined) return failed(`${attempts === 1 ? 'the only attempt' : `all ${attempts} attempts`} failed`);
  const wait = Math.min(ms, LONGEST_WAIT_MS);
  return isTooOld(settings, ageMs + wait) ? tooOld(maxAgeMs) : { kind: 'again', ms: wait };
}

/** Whether it failed, and another try may bring something else. */
function isRetryable(outcome: Outcome): boolean {
  return 'status' in outcome ? mayMend(outcome.status, refusalIn(outcome.headers)) : outcome.isFinal !== true;
}

/** Whether a platform that stops may be why it failed: its function goes, and its routes. */
export function mayBeOfStop(outcome: Outcome): boolean {
  return isRetryable(outcome) || ('status' in outcome && outcome.status === 404);
}

/** Whether no attempt may begin any more. */
export function isTooOld({ maxAgeMs }: Pick<Settings, 'maxAgeMs'>, ageMs: number): boolean {
  return ageMs > maxAgeMs;
}

/**
 * How long the next attempt is still to wait after a restart, at the wall time `now`: no longer than was meant when the last one
 * had failed, for the clock may have been set back since.
 */
export function waitLeft({ attempts, nextAt }: Pick<Invocation, 'attempts' | 'nextAt'>, now: number): number {
  const last = attempts.at(-1);
  if (nextAt === undefined || !last) return 0;
  const meant = Math.min(LONGEST_WAIT_MS, nextAt - last.startedAt - last.tookMs);
  return Math.max(0, Math.min(meant, nextAt - now));
}

export function tooOld(maxAgeMs: number): Step & { readonly kind: 'over' } {
  return failed(`no attempt may begin more than ${formatDuration(maxAgeMs)} after the acceptance`);
}

function failed(why: string): Step & { readonly kind: 'over' } {
  return { kind: 'over', ending: 'failed', why };
}

/** Why the gateway itself said no, where it was that which answered. */
export function refusalIn(headers: readonly string[]): string | undefined {
  return headerValue(headers, REFUSAL_HEADER);
}

/** A service that is being made anew has no route for a moment. */
function mayMend(status: number, refusal: string | undefined): boolean {
  return refusal === 'no-route' || RETRYABLE_4XX.has(status) || (status >= 500 && !FINAL_5XX.has(status));
}
