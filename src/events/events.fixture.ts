// A data plane of events in memory and virtual time, with subscribers that are functions.

import type { CancelSignal } from '#base/mod.ts';
import { VirtualClock } from '#base/mod.ts';
import type { LogFields } from '#telemetry/mod.ts';
import { silentLog } from '#telemetry/mod.ts';
import type { Consumer, StreamAddress, StreamRule } from './control.ts';
import type { Attempt } from './deliver/ports.ts';
import type { SendRequest } from './deliver/transfer.ts';
import type { CloudEvent } from './event.ts';
import { Events } from './events.ts';
import type { IngressAnswer } from './ingress/refusals.ts';
import type { KeptLog } from './log/memory.ts';
import { keptLog, memoryLog } from './log/memory.ts';
import { httpCodec } from './message.ts';
import { filtering } from './filtering.ts';

export interface Told {
  readonly status: number;
  readonly headers?: readonly string[];
  readonly body?: string;
}

/** A request as a subscriber sees it. */
export interface Received {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly event: CloudEvent;
  /** Virtual milliseconds since the world began. */
  readonly at: number;
}

type Subscriber = (received: Received, nth: number) => Told | Promise<Told>;

export const BROKER_HOST = 'broker-ingress.knative-eventing.svc.cluster.local';
export const REQUEST_HOST = 'request-reply.knative-eventing.svc.cluster.local';

/** One run of a data plane; another over the same `kept` is what comes after a crash. */
export class EventsWorld {
  readonly clock: VirtualClock;
  readonly kept: KeptLog;
  readonly events: Events;
  readonly received: Received[] = [];
  readonly attempts: Attempt[] = [];
  /** What the log warns of. */
  readonly warnings: { readonly message: string; readonly fields: LogFields | undefined }[] = [];
  readonly #subscribers = new Map<string, Subscriber>();
  readonly #counts = new Map<string, number>();
  readonly #startedAt: number;

  constructor(kept: KeptLog = keptLog(), clock = new VirtualClock()) {
    this.kept = kept;
    this.clock = clock;
    this.#startedAt = clock.monotonic();
    let secrets = 0;
    this.events = new Events({
      clock,
      log: memoryLog({ clock, kept }),
      codec: httpCodec,
      filtering,
      send: (request, signal) => this.#send(request, signal),
      logger: { ...silentLog, warn: (message, fields) => this.warnings.push({ message, fields }) },
      brokerHosts: [BROKER_HOST],
      requestHosts: [REQUEST_HOST],
      secret: () => `secret-${++secrets}`,
      onAttempt: (attempt) => this.attempts.push(attempt),
    });
  }

  /** What answers at a URL; nothing does where nobody was told. */
  at(url: string, subscriber: Subscriber | Told): void {
    this.#subscribers.set(url, typeof subscriber === 'function' ? subscriber : () => subscriber);
  }

  /** Events that came to a URL, by id. */
  idsAt(url: string): string[] {
    return this.received.filter((one) => one.url === url).map(({ event }) => String(event.attributes.get('id')));
  }

  async post(path: string, headers: Readonly<Record<string, string>>, body = ''): Promise<IngressAnswer> {
    return this.request({ method: 'POST', target: path, headers, body });
  }

  async request(of: {
    readonly method?: string;
    readonly host?: string;
    readonly target: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
    readonly scheme?: 'http' | 'https';
  }): Promise<IngressAnswer> {
    const { method = 'POST', host = BROKER_HOST, target, headers = {}, body = '', scheme = 'http' } = of;
    const opened = this.events.ingress.open({ method, host, target, scheme, headers: Object.entries(headers).flat() });
    if (!opened) throw new Error(`${host} is no host of events`);
    if (opened.kind === 'answer') return opened.answer;
    const answering = opened.take(Buffer.from(body));
    await this.clock.advance(0);
    return answering;
  }

  /** Sends an event of a type to the broker, and says which status came. */
  async emit(type: string, id: string, more: Readonly<Record<string, string>> = {}): Promise<number> {
    return (await this.post('/ns/b', eventHeaders({ type, id, ...more }), `{"n":"${id}"}`)).status;
  }

  async #send({ url, headers, body }: SendRequest, signal: CancelSignal) {
    const subscriber = this.#subscribers.get(url.href);
    if (!subscriber) throw new Error(`connect ECONNREFUSED ${url.host}`);
    const decoded = httpCodec.decode(headers, body);
    if (decoded.kind !== 'event') throw new Error(`what was sent is no event: ${decoded.why}`);
    const received: Received = {
      url: url.href,
      headers: asRecord(headers),
      body: Buffer.from(body).toString(),
      event: decoded.event,
      at: this.clock.monotonic() - this.#startedAt,
    };
    this.received.push(received);
    const nth = (this.#counts.get(url.href) ?? 0) + 1;
    this.#counts.set(url.href, nth);
    const aborted = new Promise<never>((_, reject) =>
      signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
    );
    const told = await Promise.race([subscriber(received, nth), aborted]);
    return { status: told.status, headers: told.headers ?? [], body: Buffer.from(told.body ?? '') };
  }
}

/** Of an event in binary mode. */
export function eventHeaders(attributes: Readonly<Record<string, string>>): Record<string, string> {
  const all = { specversion: '1.0', source: '/here', type: 'test', id: '1', ...attributes };
  return {
    'Content-Type': 'application/json',
    ...Object.fromEntries(Object.entries(all).map(([name, value]) => [`Ce-${name}`, value])),
  };
}

/** The same as what a subscriber answers. */
export function replyOf(attributes: Readonly<Record<string, string>>, body = '{}'): Told {
  return { status: 200, headers: Object.entries(eventHeaders(attributes)).flat(), body };
}

export const broker: StreamAddress = {
  hosts: [BROKER_HOST],
  path: '/ns/b',
  kind: 'broker',
  namespace: 'ns',
  name: 'b',
};

/** A RequestReply of that broker. */
export const requestReply: StreamAddress = {
  hosts: [REQUEST_HOST],
  path: '/ns/rr',
  kind: 'requestreply',
  namespace: 'ns',
  name: 'rr',
  replies: { correlationAttribute: 'correlationid', replyAttribute: 'replyid', timeoutMs: 30_000 },
};

/** A Trigger of that broker: to `http://NAME.ns/`. */
export function trigger(name: string, more: Partial<Consumer> = {}): Consumer {
  return {
    namespace: 'ns',
    name,
    kind: 'trigger',
    filters: [],
    subscriber: { url: `http://${name}.ns/` },
    reply: { url: `http://${BROKER_HOST}/ns/b` },
    delivery: { retry: 0 },
    ...more,
  };
}

export function streamOf(consumers: Readonly<Record<string, Consumer>>, more: Partial<StreamRule> = {}): StreamRule {
  return { addresses: [broker], consumers, ...more };
}

function asRecord(headers: readonly string[]): Record<string, string> {
  const out: Record<string, string> = {};
  for (let i = 0; i < headers.length; i += 2) out[(headers[i] ?? '').toLowerCase()] = headers[i + 1] ?? '';
  return out;
}
