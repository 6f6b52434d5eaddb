// Asynchronous invocations of the data process: on its log, carried out through its gateway.

import { lookup } from 'node:dns/promises';
import type { CancelSignal } from '#base/mod.ts';
import { messageOf, secureRandom, systemClock } from '#base/mod.ts';
import type { EventLog, SendRequest } from '#events/mod.ts';
import type { AsyncInvocations, Door, Gateway } from '#gateway/mod.ts';
import { AnswerTooLong, askInMemory } from '#gateway/mod.ts';
import type { KeptRequest, Outcome } from '#invocations/mod.ts';
import { Invocations, serveInvocations } from '#invocations/mod.ts';
import type { Logger, Metrics } from '#telemetry/mod.ts';
import { callFault, resultCalls } from './result-calls.ts';
import type { Place, WireAnswer } from './wire.ts';
import { MAX_ANSWER_BYTES } from './wire.ts';

export interface DataInvocationsOptions {
  readonly log: EventLog;
  readonly logger: Logger;
  readonly metrics?: Metrics | undefined;
  readonly send: (request: SendRequest, place: Place, signal: CancelSignal) => Promise<WireAnswer>;
  readonly sendAnywhere: (request: SendRequest, signal: CancelSignal) => Promise<WireAnswer>;
}

export interface DataInvocations {
  /** Fills the gateway's port. */
  readonly async: AsyncInvocations;
  /** From here on they are carried out through this gateway, once its routes are told. */
  begin(gateway: Gateway): void;
  /** The gateway has been told all its routes. */
  told(): void;
  /** The platform stops: none begins until all routes are told anew. */
  rest(): void;
  close(graceMs: number): Promise<void>;
}

export function openDataInvocations(options: DataInvocationsOptions): DataInvocations {
  const { log, logger, metrics, send, sendAnywhere } = options;
  let gateway: Gateway | undefined;
  let isTold = false;
  const hasRoute = (door: Door, { host, pathname, search }: URL) =>
    gateway?.hasRoute(door, host, `${pathname}${search}`) ?? false;
  const invocations = new Invocations({
    clock: systemClock,
    random: secureRandom,
    log,
    send: (request, signal) => carryOut(gateway, request, signal),
    post: resultCalls({
      through: (door, request, signal) =>
        gateway && hasRoute(door, request.url) ? throughGateway(gateway, door, request, signal) : undefined,
      lookUp: (host) => lookup(host, { all: true }),
      send,
      sendAnywhere,
    }),
    logger,
    metrics,
  });
  const beginIfMay = () => {
    if (gateway && isTold) invocations.begin();
  };
  return {
    async: serveInvocations(invocations, {
      callbackFault: (url, { callbacks = 'public' }, door) =>
        hasRoute(callbacks === 'any' ? 'internal' : door, url) ? undefined : callFault(url, callbacks),
    }),
    begin(through) {
      gateway = through;
      beginIfMay();
    },
    told() {
      isTold = true;
      beginIfMay();
    },
    rest: () => invocations.rest(),
    close: (graceMs) => invocations.close(graceMs),
  };
}

/** As the request would have been served when it came. */
async function carryOut(gateway: Gateway | undefined, request: KeptRequest, signal: CancelSignal): Promise<Outcome> {
  if (!gateway) return { error: 'the gateway has not begun yet' };
  try {
    return await askInMemory((exchange) => gateway.serve(exchange, request.door), request, {
      signal,
      maxBytes: MAX_ANSWER_BYTES,
    });
  } catch (error) {
    return { error: messageOf(error), isFinal: error instanceof AnswerTooLong };
  }
}

/** A POST to a service of this platform. */
export function throughGateway(
  gateway: Gateway,
  door: Door,
  { url, headers, body }: SendRequest,
  signal: CancelSignal,
): Promise<WireAnswer> {
  const request = {
    method: 'POST',
    target: `${url.pathname}${url.search}`,
    authority: url.host,
    scheme: url.protocol === 'https:' ? ('https' as const) : ('http' as const),
    headers,
    body,
  };
  return askInMemory((exchange) => gateway.serve(exchange, door), request, { signal, maxBytes: MAX_ANSWER_BYTES });
}
