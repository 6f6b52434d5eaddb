// Every way the ingress says no, and yes: status and text of each, as data. The statuses are those that Knative's ingress and
// channels give; 413, 429, 503 and 507 are of a log that has bounds.

export interface IngressAnswer {
  readonly status: number;
  /** Names and values by turns, without framing. */
  readonly headers: readonly string[];
  /** Ends with a line break, or is empty. */
  readonly text: string;
  /** In place of a text: the data of an event. */
  readonly body?: Uint8Array;
}

export const REFUSALS = {
  'method-not-allowed': { status: 405, text: 'events are sent by POST' },
  'no-path': { status: 404, text: 'a broker has the path /NAMESPACE/NAME' },
  'bad-path': { status: 400, text: 'expected the path /NAMESPACE/NAME of a broker' },
  'bad-channel-path': { status: 400, text: 'a channel takes events at the path / only' },
  'body-broken-off': { status: 400, text: 'the body was broken off' },
  'too-large': { status: 413, text: 'the event is larger than is taken' },
  'no-event': { status: 400, text: 'the request is no CloudEvent' },
  'no-broker': { status: 404, text: 'there is no such broker' },
  'no-request-reply': { status: 404, text: 'there is no such RequestReply' },
  'not-told': { status: 503, text: 'which brokers there are is not known yet' },
  'no-token': { status: 401, text: 'a bearer token is asked for' },
  'bad-token': { status: 401, text: 'the token is not valid here' },
  forbidden: { status: 403, text: 'the sender is not let in' },
  'ttl-used-up': { status: 400, text: 'the event has passed brokers too often (knativebrokerttl)' },
  'backlog-full': { status: 429, text: 'too many events wait already' },
  busy: { status: 429, text: 'more comes in than can be written at the moment' },
  'too-many-wait': { status: 429, text: 'too many requests wait for their replies already' },
  'no-reply': { status: 504, text: 'no reply came in time' },
  'disk-full': { status: 507, text: 'there is no room left on the disk' },
  closing: { status: 503, text: 'shutting down' },
  failed: { status: 500, text: 'the event could not be kept' },
} as const satisfies Record<string, { readonly status: number; readonly text: string }>;

export type Refusal = keyof typeof REFUSALS;

const METHODS = ['Allow', 'POST, OPTIONS'] as const;
/** When to come again: of what passes soon, and of what somebody has to mend. */
const RETRY_AFTER_SECONDS: Partial<Record<Refusal, number>> = {
  'backlog-full': 1,
  busy: 1,
  'too-many-wait': 1,
  'not-told': 1,
  closing: 5,
  'disk-full': 30,
};

/** The event is on the log. */
export const ACCEPTED: IngressAnswer = { status: 202, headers: METHODS, text: '' };
/** Answers of the WebHook handshake: whoever asks may send, as often as they like. */
export const MAY_SEND: IngressAnswer = {
  status: 200,
  headers: [...METHODS, 'WebHook-Allowed-Origin', '*', 'WebHook-Allowed-Rate', '*'],
  text: '',
};
export const IS_WELL: IngressAnswer = { status: 200, headers: METHODS, text: '' };

/** `detail` says what was met. */
export function refused(refusal: Refusal, detail?: string): IngressAnswer {
  const { status, text } = REFUSALS[refusal];
  const after = RETRY_AFTER_SECONDS[refusal];
  const headers = [
    ...METHODS,
    'Content-Type',
    'text/plain; charset=utf-8',
    ...(after === undefined ? [] : ['Retry-After', String(after)]),
    ...(refusal === 'no-token' || refusal === 'bad-token' ? ['WWW-Authenticate', 'Bearer'] : []),
  ];
  return { status, headers, text: detail === undefined ? `${text}\n` : `${text}: ${detail}\n` };
}
