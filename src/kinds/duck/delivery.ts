// How events are delivered (duck/v1 DeliverySpec): retries, back-off, time limits, and where what cannot be delivered goes.

import { parsePeriod } from '#base/mod.ts';
import type { TypeOf } from '#machinery/mod.ts';
import { FieldErrors, int32, object, text } from '#machinery/mod.ts';
import type { EventingFeatures } from '../config/eventing-features.ts';
import { checkDestination, defaultDestination, DestinationSchema } from './destination.ts';
import { referenceRules } from './rules.ts';

export const DeliverySchema = object({
  deadLetterSink: DestinationSchema.doc('Where events go that could not be delivered.'),
  retry: int32().doc('How often delivery is tried again.'),
  timeout: text().doc('How long each attempt may take, as an ISO 8601 period.'),
  backoffPolicy: text().doc('How the wait between attempts grows: linear or exponential.'),
  backoffDelay: text().doc('The wait that the others are made of, as an ISO 8601 period.'),
  retryAfterMax: text().doc('The longest wait that a receiver may ask for by Retry-After, as an ISO 8601 period.'),
  format: text().doc('How events are written on delivery: json or binary.'),
});
/** duck/v1 DeliverySpec. */
export type Delivery = TypeOf<typeof DeliverySchema>;

/** A delivery in plain words: times in milliseconds. */
export interface PlainDelivery {
  readonly retry: number;
  readonly backoffPolicy?: 'linear' | 'exponential';
  readonly backoffDelayMs?: number;
  readonly timeoutMs?: number;
  readonly retryAfterMaxMs?: number;
  readonly format?: 'json' | 'binary';
}

/** Reads a delivery. What cannot be read is left out: admission refuses it. */
export function plainDelivery(spec: Omit<Delivery, 'deadLetterSink'> | undefined): PlainDelivery {
  const { retry = 0, backoffPolicy, backoffDelay, timeout, retryAfterMax, format } = spec ?? {};
  const periods = { backoffDelayMs: backoffDelay, timeoutMs: timeout, retryAfterMaxMs: retryAfterMax };
  const times = Object.entries(periods).flatMap(([field, text]) => {
    const ms = text === undefined ? undefined : parsePeriod(text);
    return ms === undefined ? [] : [[field, ms] as const];
  });
  return {
    retry,
    ...(backoffPolicy === 'linear' || backoffPolicy === 'exponential' ? { backoffPolicy } : {}),
    ...Object.fromEntries(times),
    ...(format === 'json' || format === 'binary' ? { format } : {}),
  };
}

/** Fields of a status that tell where events go that could not be delivered. */
export const deadLetterFields = {
  deadLetterSinkUri: text(),
  deadLetterSinkCACerts: text(),
  deadLetterSinkAudience: text(),
};

/** Fills in what a delivery leaves out. */
export function defaultDelivery(delivery: Delivery | undefined, namespace: string | undefined): void {
  defaultDestination(delivery?.deadLetterSink, namespace);
}

/** Checks a delivery; paths are relative to it. */
export function checkDelivery(
  delivery: Delivery | undefined,
  features: EventingFeatures,
  within?: string,
): FieldErrors {
  const errors = new FieldErrors();
  if (!delivery) return errors;
  const { deadLetterSink, retry, timeout, backoffPolicy, backoffDelay, format, retryAfterMax } = delivery;
  const rules = referenceRules(features, within);
  errors.merge(checkDestination(deadLetterSink, rules), 'deadLetterSink');
  if (retry !== undefined && retry < 0) errors.invalid(retry, 'retry');
  if (timeout !== undefined && !features.isEnabled('delivery-timeout')) errors.disallowed('timeout');
  else if (timeout !== undefined && !parsePeriod(timeout)) errors.invalid(timeout, 'timeout');
  checkWord(errors, 'backoffPolicy', backoffPolicy, ['linear', 'exponential']);
  if (backoffDelay !== undefined && parsePeriod(backoffDelay) === undefined)
    errors.invalid(backoffDelay, 'backoffDelay');
  checkWord(errors, 'format', format, ['json', 'binary']);
  if (retryAfterMax !== undefined && !features.isEnabled('delivery-retryafter')) errors.disallowed('retryAfterMax');
  else if (retryAfterMax !== undefined && (parsePeriod(retryAfterMax) ?? -1) < 0)
    errors.invalid(retryAfterMax, 'retryAfterMax');
  return errors;
}

function checkWord(errors: FieldErrors, path: string, value: string | undefined, allowed: readonly string[]): void {
  if (value !== undefined && !allowed.includes(value)) errors.invalid(value, path);
}
