// Serves the addresses of WebhookSources and GitHubSources. A call is answered 2xx once the sink has the event; 5xx where calling again
// may help.

import type { CloudEvent } from '#events/mod.ts';
import type { Delivered, Parcel } from '../outbox.ts';
import type { WebhookAnswer, WebhookCall } from './call.ts';

/** A source that is called, as far as it is known. */
export interface CalledSource {
  /** What a call is: an event, or an answer at once. */
  read(call: WebhookCall): CallVerdict;
  /** Where its events go; undefined where nobody knows. */
  readonly route: Omit<Parcel, 'event'> | undefined;
}

export type CallVerdict = { readonly event: CloudEvent } | { readonly answer: WebhookAnswer };

export interface WebhookFront {
  serves(host: string): boolean;
  handle(call: WebhookCall): Promise<WebhookAnswer>;
}

export interface WebhookFrontPorts {
  /** The source that has a host, if any. */
  readonly find: (host: string) => CalledSource | undefined;
  readonly post: (parcel: Parcel) => Promise<Delivered>;
}

/** Calls that wait for their sinks; beyond this many, callers are asked to come again. */
const MAX_UNDER_WAY = 1000;
const AGAIN = { 'Retry-After': '5' };

export function webhookFront({ find, post }: WebhookFrontPorts): WebhookFront {
  let underWay = 0;

  async function send(route: Omit<Parcel, 'event'>, event: CloudEvent): Promise<WebhookAnswer> {
    underWay++;
    try {
      const delivered = await post({ ...route, event });
      if (delivered.outcome === 'accepted') return { status: 202 };
      return { status: 502, headers: AGAIN, text: 'the event was not delivered: its sink did not take it' };
    } finally {
      underWay--;
    }
  }

  return {
    serves: (host) => find(host) !== undefined,
    async handle(call) {
      const source = find(call.host);
      if (!source) return { status: 404, text: `no source has the host ${JSON.stringify(call.host)}` };
      if (call.method !== 'POST')
        return { status: 405, headers: { Allow: 'POST' }, text: `expected POST, but the method is ${call.method}` };
      const verdict = source.read(call);
      if ('answer' in verdict) return verdict.answer;
      if (!source.route) return { status: 503, headers: AGAIN, text: 'the source has no sink at the moment' };
      if (underWay >= MAX_UNDER_WAY)
        return { status: 503, headers: AGAIN, text: `${MAX_UNDER_WAY} calls wait for their sinks already` };
      return send(source.route, verdict.event);
    },
  };
}
