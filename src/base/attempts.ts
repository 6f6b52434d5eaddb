// What may be asked of attempts at something: how many, how far apart and for how long. Read alike wherever it can be said. Pure.

import { durationBetween, numberBetween } from './reading.ts';
import { DAY_MS, HOUR_MS, SECOND_MS } from './time-spans.ts';

/** With a wait that doubles from one second on, a twentieth retry comes after days already. */
const MAX_RETRIES = 20;

/** Attempts after the first. */
export const readRetries = numberBetween(0, MAX_RETRIES);
/** The wait before the second attempt. */
export const readBackoff = durationBetween(0, HOUR_MS);
/** How long one attempt may take. */
export const readAttemptTimeout = durationBetween(SECOND_MS, DAY_MS);
/** How long after the first word attempts may still begin. */
export const readMaxAge = durationBetween(SECOND_MS, DAY_MS);
