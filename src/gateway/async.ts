// The port of asynchronous invocations: requests whose clients would rather not wait go through it, and so do all requests to the path
// under which invocations are asked for.

import type { AsyncRule } from './control.ts';
import type { RefusalReason } from './refusals.ts';
import type { Door } from './routes.ts';
import type { Exchange, RawHeaders } from './transport.ts';

/** Where every host of a service has its invocations, unless the service is told to have none. */
export const INVOCATIONS_PATH = '/.ebb/invocations/';

/** Which service a request that goes through the port is for, and how to refuse it. */
export interface AsyncSource {
  /** Key of the ingress whose rule it met. */
  readonly service: string;
  readonly rule: AsyncRule;
  readonly door: Door;
  /** Turns the request away, and counts it. `body` says more than the reason's own text. */
  readonly refuse: (reason: RefusalReason, body?: string, headers?: RawHeaders) => void;
}

export interface AsyncInvocations {
  /** Keeps a request and answers it; it is carried out after. */
  take(exchange: Exchange, from: AsyncSource): void;
  /** Serves what lies under the path. */
  serve(exchange: Exchange, from: AsyncSource): void;
}

const DOT = 46;

/** Compares the second letter first, which rules out nearly all other paths. */
export function isInvocationPath(target: string): boolean {
  return target.charCodeAt(1) === DOT && target.startsWith(INVOCATIONS_PATH);
}
