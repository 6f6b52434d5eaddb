// The state of an invocation as clients see it. Pure.

import { INVOCATIONS_PATH } from '#gateway/mod.ts';
import type { Finished } from './entry.ts';
import type { Invocation } from './ledger.ts';
import type { Attempt, Callback, State } from './words.ts';

/** As it is told in JSON. Times are RFC 3339 with milliseconds. */
export interface Status {
  readonly id: string;
  readonly state: State;
  readonly request: { readonly method: string; readonly path: string };
  readonly acceptedAt: string;
  readonly finishedAt?: string;
  /** The last may be under way: it has a start and nothing else. */
  readonly attempts: readonly (Partial<Omit<Attempt, 'startedAt'>> & { readonly startedAt: string })[];
  /** Of the next one, where one has failed. */
  readonly nextAttemptAt?: string;
  /** Status of the last answer. */
  readonly status?: number;
  /** Why it failed. */
  readonly error?: string;
  /** Where the last answer is. */
  readonly result?: string;
  readonly callback?: Callback & { readonly url: string };
}

export const locationOf = (id: string): string => `${INVOCATIONS_PATH}${id}`;
export const resultOf = (id: string): string => `${locationOf(id)}/result`;

/** Of one that is not over. */
export function statusOfOpen(invocation: Invocation): Status {
  const { id, state, method, path, acceptedAt, startedAt, attempts, nextAt, settings } = invocation;
  const underWay = startedAt !== undefined && state === 'running' ? [{ startedAt: timeOf(startedAt) }] : [];
  return {
    id,
    state,
    request: { method, path },
    acceptedAt: timeOf(acceptedAt),
    attempts: [...attempts.map(told), ...underWay],
    ...(nextAt === undefined || state !== 'queued' ? {} : { nextAttemptAt: timeOf(nextAt) }),
    ...(settings.callback === undefined ? {} : { callback: { url: settings.callback, state: 'pending', attempts: 0 } }),
  };
}

/** Of one that is over, from its record. */
export function statusOfOver(invocation: Invocation, finished: Finished): Status {
  const { id, ending, method, path, acceptedAt, at, attempts, answer, why, callback } = finished;
  return {
    id,
    state: ending,
    request: { method, path },
    acceptedAt: timeOf(acceptedAt),
    finishedAt: timeOf(at),
    attempts: attempts.map(told),
    ...(answer ? { status: answer.status, result: resultOf(id) } : {}),
    ...(why === undefined ? {} : { error: why }),
    ...(callback && invocation.callback ? { callback: { url: callback.url, ...invocation.callback } } : {}),
  };
}

function told({ startedAt, ...attempt }: Attempt) {
  return { startedAt: timeOf(startedAt), ...attempt };
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}
