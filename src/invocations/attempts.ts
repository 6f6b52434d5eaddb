// One attempt at an invocation after the other, and what follows from each.

import type { CancelSignal, Clock } from '#base/mod.ts';
import { messageOf, within } from '#base/mod.ts';
import type { Logger } from '#telemetry/mod.ts';
import type { Finished } from './entry.ts';
import type { Invocation } from './ledger.ts';
import { isTooOld, mayBeOfStop, nextStep, refusalIn, tooOld } from './next-step.ts';
import type { Records } from './records.ts';
import { TROUBLE_MS } from './records.ts';
import type { Attempt, KeptRequest, Outcome } from './words.ts';

/** Headers by which a function knows an invocation, and which attempt it is. */
export const ID_HEADER = 'Ebb-Invocation-Id';
export const ATTEMPT_HEADER = 'Ebb-Attempt';

/** How an invocation ends, and by which attempt, where it was one. */
export interface End {
  readonly ending: Finished['ending'];
  readonly why?: string;
  readonly attempt?: Attempt;
  readonly outcome?: Outcome;
}

export interface AttemptsPorts {
  readonly clock: Clock;
  readonly records: Pick<Records, 'accepted' | 'write'>;
  /** Carries a request out. Never rejects. */
  readonly send: (request: KeptRequest, signal: CancelSignal) => Promise<Outcome>;
  readonly finish: (invocation: Invocation, end: End) => Promise<void>;
  /** Whether the platform stops: what fails then may be no attempt. */
  readonly isResting: () => boolean;
  readonly logger: Logger;
  /** Aborted once everything is over. */
  readonly over: AbortSignal;
}

export class Attempts {
  readonly #ports: AttemptsPorts;

  constructor(ports: AttemptsPorts) {
    this.#ports = ports;
  }

  /** One attempt. Gives after how long the next one is. Never rejects. */
  async work(invocation: Invocation, signal: AbortSignal): Promise<number | undefined> {
    if (invocation.isEnding) return undefined;
    try {
      return await this.#attempt(invocation, signal);
    } catch (error) {
      const { over, logger } = this.#ports;
      if (over.aborted) return undefined;
      logger.warn('an invocation failed in the platform itself and is tried again', {
        error: messageOf(error),
        invocation: invocation.id,
      });
      return queued(invocation, TROUBLE_MS);
    }
  }

  async #attempt(invocation: Invocation, signal: AbortSignal): Promise<number | undefined> {
    const { clock, finish, isResting } = this.#ports;
    const { settings, acceptedMs } = invocation;
    if (isTooOld(settings, clock.monotonic() - acceptedMs)) {
      await finish(invocation, tooOld(settings.maxAgeMs));
      return undefined;
    }
    const [startedAt, began] = [clock.now(), clock.monotonic()];
    invocation.state = 'running';
    invocation.startedAt = startedAt;
    const outcome = await this.#send(invocation, signal);
    if (invocation.isEnding) return undefined;
    // Broken off because the platform stops: it is carried out anew by the next run.
    if (signal.aborted || !outcome) return queued(invocation, undefined);
    // Its function was stopped under it, for all one knows.
    if (isResting() && mayBeOfStop(outcome)) return queued(invocation, TROUBLE_MS);
    return this.#conclude(invocation, outcome, attemptOf(outcome, startedAt, clock.monotonic() - began));
  }

  /** What follows from an attempt that counts. */
  async #conclude(invocation: Invocation, outcome: Outcome, attempt: Attempt): Promise<number | undefined> {
    const { clock, records, finish } = this.#ports;
    const { settings, acceptedMs } = invocation;
    const now = clock.now();
    const ageMs = clock.monotonic() - acceptedMs;
    const attempts = invocation.attempts.length + 1;
    const step = nextStep({ settings, ageMs, now, attempts, outcome });
    if (step.kind === 'over') {
      await finish(invocation, { ...step, attempt, outcome });
      return undefined;
    }
    await records.write({ kind: 'tried', id: invocation.id, attempt, nextAt: now + step.ms });
    return invocation.isEnding ? undefined : queued(invocation, step.ms);
  }

  /** Undefined where the request is not on the log any more. */
  async #send(invocation: Invocation, signal: AbortSignal): Promise<Outcome | undefined> {
    const { clock, records, send } = this.#ports;
    const found = await records.accepted(invocation);
    if (!found || signal.aborted) return undefined;
    const { request } = found.entry;
    const headers = [
      ...request.headers,
      ID_HEADER,
      invocation.id,
      ATTEMPT_HEADER,
      String(invocation.attempts.length + 1),
    ];
    return within(clock, invocation.settings.timeoutMs, signal, (late) =>
      send({ ...request, headers, body: found.body }, late),
    );
  }
}

/** It waits again, for so long. */
function queued(invocation: Invocation, ms: number | undefined): number | undefined {
  invocation.state = 'queued';
  return ms;
}

function attemptOf(outcome: Outcome, startedAt: number, tookMs: number): Attempt {
  const took = { startedAt, tookMs: Math.round(tookMs) };
  if (!('status' in outcome)) return { ...took, error: outcome.error };
  const refusal = refusalIn(outcome.headers);
  return { ...took, status: outcome.status, ...(refusal === undefined ? {} : { refusal }) };
}
