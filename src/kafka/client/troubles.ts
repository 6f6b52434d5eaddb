// What a failure of the client means.

import { isRecord, messageOf } from '#base/mod.ts';
import type { KafkaTrouble } from '../kafka.ts';
import { KafkaError } from '../kafka.ts';

/** By the client's own code, or by Kafka's name of the error. */
const TROUBLES: Readonly<Record<string, KafkaTrouble>> = {
  PLT_KFK_AUTHENTICATION: 'not-let-in',
  SASL_AUTHENTICATION_FAILED: 'not-let-in',
  UNSUPPORTED_SASL_MECHANISM: 'not-let-in',
  TOPIC_AUTHORIZATION_FAILED: 'not-let-in',
  GROUP_AUTHORIZATION_FAILED: 'not-let-in',
  CLUSTER_AUTHORIZATION_FAILED: 'not-let-in',
  UNKNOWN_TOPIC_OR_PARTITION: 'no-topic',
  UNKNOWN_TOPIC_ID: 'no-topic',
  MESSAGE_TOO_LARGE: 'too-large',
  RECORD_LIST_TOO_LARGE: 'too-large',
  PLT_KFK_NETWORK: 'unreachable',
  PLT_KFK_TIMEOUT: 'unreachable',
};

/** The client's own words, where it was told of no topic of that name. */
const UNKNOWN_TOPIC = /^Unknown topic /;

/** A failure in the port's words. What lies deepest says most: the client wraps what it was told. */
export function kafkaError(thrown: unknown): KafkaError {
  if (thrown instanceof KafkaError) return thrown;
  const all = [...causes(thrown)];
  const known = Object.entries(TROUBLES).find(([name]) => all.some((one) => namesOf(one).includes(name)));
  const message = messageOf(all.at(-1) ?? thrown);
  const trouble = known?.[1] ?? (UNKNOWN_TOPIC.test(message) ? 'no-topic' : 'other');
  return new KafkaError(trouble, message, { cause: thrown });
}

/** Whether Kafka's own error of this name is among the causes. */
export function hasError(thrown: unknown, name: string): boolean {
  return [...causes(thrown)].some((one) => namesOf(one).includes(name));
}

function namesOf(thrown: unknown): unknown[] {
  return isRecord(thrown) ? [thrown['code'], thrown['apiId']] : [];
}

function* causes(thrown: unknown, depth = 0): Generator {
  if (!isRecord(thrown) || depth > 8) return;
  yield thrown;
  const { errors, cause } = thrown;
  for (const one of Array.isArray(errors) ? (errors as unknown[]) : []) yield* causes(one, depth + 1);
  yield* causes(cause, depth + 1);
}
