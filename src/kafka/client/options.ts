// How the client is set up for a cluster.

import type { KafkaAccess } from '../kafka.ts';
import type { ClientOptions } from './library.ts';

/** Short, for somebody waits: a sender for its 202, a user for the condition that says what is wrong. */
const ANSWER_MS = 10_000;
const CONNECT_MS = 5000;
const RETRIES = 2;
const RETRY_MS = 250;

export function clientOptions({ servers, sasl, tls }: KafkaAccess): ClientOptions {
  return {
    clientId: 'ebb',
    bootstrapBrokers: [...servers],
    connectTimeout: CONNECT_MS,
    requestTimeout: ANSWER_MS,
    timeout: ANSWER_MS,
    retries: RETRIES,
    retryDelay: RETRY_MS,
    ...(sasl ? { sasl } : {}),
    ...(tls ? { tls } : {}),
  };
}
