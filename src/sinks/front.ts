// What sinks of the platform's own are asked by HTTP, and which of them is asked.

import type { RawHeaders } from '#events/mod.ts';
import { EVENTING_NAMESPACE, serviceOfHost } from '#kinds/mod.ts';

/** A request with its whole body. */
export interface SinkRequest {
  readonly method: string;
  /** The path as it came, with its query. */
  readonly target: string;
  readonly scheme: 'http' | 'https';
  /** Lower case, without port. */
  readonly host: string;
  /** Names and values by turns. */
  readonly headers: RawHeaders;
  readonly body: Uint8Array;
}

export interface SinkAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** A sentence for people; empty where nothing is wrong. */
  readonly text?: string;
  /** In place of a text; its type is in the headers. */
  readonly body?: Uint8Array;
}

/** A sink that answers for some hosts. */
export interface SinkFront {
  serves(host: string): boolean;
  handle(request: SinkRequest): Promise<SinkAnswer> | SinkAnswer;
}

/** Whether a host is that of a Service of the platform's own, behind which all sinks of a kind are. */
export function isSinkService(host: string, name: string): boolean {
  const service = serviceOfHost(host);
  return service?.name === name && service.namespace === EVENTING_NAMESPACE;
}

/** What a request hears that is none with an event. */
export function notPosted(method: string): SinkAnswer {
  return {
    status: 405,
    headers: { Allow: 'POST' },
    text: `expected POST with an event, but the method is ${method}`,
  };
}

/** Asks the first that serves the host. */
export function frontOf(fronts: readonly SinkFront[]): (request: SinkRequest) => Promise<SinkAnswer> {
  return async (request) => {
    const front = fronts.find((one) => one.serves(request.host));
    return front?.handle(request) ?? { status: 404, text: `no sink has the host ${JSON.stringify(request.host)}` };
  };
}
