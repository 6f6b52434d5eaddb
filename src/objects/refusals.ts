// Refusals that only the store and the registry give, in the words of Kubernetes.

import { messageOf } from '#base/mod.ts';
import type { Kind, ResourceName, StatusCause } from '#machinery/mod.ts';
import { ApiError, internalError, outOfSpace } from '#machinery/mod.ts';
import { DatabaseClosedError, DiskFullError } from '#storage/mod.ts';

/** How a kind's resource is named in refusals. */
export function nameOf(kind: Kind): ResourceName {
  return { group: kind.group, plural: kind.names.plural };
}

/** 410: the watch window begins later. `oldest` is the first revision from which one may watch. */
export const tooOldResourceVersion = (asked: number, oldest: number): ApiError =>
  new ApiError(410, 'Expired', `too old resource version: ${asked} (${oldest})`);

/** 504: nobody was ever given this revision; clients answer it by listing anew. */
export function tooLargeResourceVersion(asked: number, current: number): ApiError {
  const cause: StatusCause = { reason: 'ResourceVersionTooLarge', message: 'Too large resource version' };
  return new ApiError(504, 'Timeout', `Too large resource version: ${asked}, current: ${current}`, {
    causes: [cause],
    retryAfterSeconds: 1,
  });
}

/** 429: more writes wait for the disk than the store takes on. */
export const tooManyWrites = (): ApiError =>
  new ApiError(429, 'TooManyRequests', 'too many writes are waiting for the disk, please try again later', {
    retryAfterSeconds: 1,
  });

/** 503: the platform is stopping. */
export const storeClosed = (): ApiError =>
  new ApiError(503, 'ServiceUnavailable', 'the server is shutting down, please try again later', {
    retryAfterSeconds: 1,
  });

/** What the database threw, as the API tells it: 507 where the disk is full, 503 where the database was closed, else 500. */
export function commitFailure(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown;
  if (thrown instanceof DatabaseClosedError) return storeClosed();
  return thrown instanceof DiskFullError ? outOfSpace(thrown.message) : internalError(messageOf(thrown));
}
