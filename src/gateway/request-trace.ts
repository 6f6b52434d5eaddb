// The spans of a request, under the names an activator gives them: the gateway's own, the wait for capacity, the attempts at
// endpoints. Made only where tracing is on.

import type { Span, SpanOptions, TraceContext, Tracer } from '#telemetry/mod.ts';
import { makeTraceparent, parseTraceparent } from '#telemetry/mod.ts';
import type { Endpoint, Target } from './control.ts';
import { headerValue } from './headers.ts';
import { revisionLabels } from './meter.ts';
import type { Exchange, RawHeaders } from './transport.ts';

/** Who is told of a request's stages. */
export interface RequestTrace {
  /** It asks for capacity. */
  waits(): void;
  /** It has its place at an endpoint, and is sent. */
  sends(endpoint: Endpoint): void;
  /** The attempt came to nothing, and there will be another. */
  failed(why: string): void;
  /** It is refused; `ends` follows. */
  refused(reason: string): void;
  /** It is over; status 0 where the client left before an answer. */
  ends(status: number): void;
}

/** What tracing makes of one request. */
export interface Traced {
  /** As the application gets them. */
  readonly headers: RawHeaders;
  /** Undefined where the request is not recorded. */
  readonly trace: RequestTrace | undefined;
}

export interface RequestFacts {
  readonly exchange: Exchange;
  readonly key: string;
  readonly target: Target;
  /** The prefix of the path's rule. */
  readonly route: string;
  /** The traffic tag by which it came. */
  readonly tag: string;
  /** As the application would get them without a trace. */
  readonly headers: RawHeaders;
}

/** All requests' traces in one gateway. */
export class RequestTraces {
  readonly #tracer: Tracer;
  /** By target, the request whose wait may have woken it. */
  readonly #wakers = new Map<string, TraceContext>();

  constructor(tracer: Tracer) {
    this.#tracer = tracer;
  }

  /** Look here first: off, nothing else may be done. */
  get on(): boolean {
    return this.#tracer.on;
  }

  /** The trace within which a target wakes, if any recorded request waits for it. */
  waker(key: string): string | undefined {
    const context = this.#wakers.get(key);
    return context && makeTraceparent(context);
  }

  /** A request that finds no way to an application has a span, too: it is short. */
  turnedAway(exchange: Exchange, reason: string, status: number): void {
    const parent = parseTraceparent(headerValue(exchange.headers, 'traceparent'));
    const span = this.#tracer.begin(exchange.method, {
      kind: 'server',
      parent,
      attributes: { ...requestAttributes(exchange), 'http.response.status_code': status, 'ebb.refusal': reason },
    });
    if (status >= 500) span?.fail(reason);
    span?.end();
  }

  /** Decides on a request, and tells the application of the decision by `traceparent`. */
  begin({ exchange, key, target, route, tag, headers }: RequestFacts): Traced {
    const parent = parseTraceparent(headerValue(exchange.headers, 'traceparent'));
    const context = this.#tracer.decide(parent);
    if (!context.sampled) {
      // Whoever comes after must not decide anew what was decided already.
      return { headers: parent ? headers : withTraceparent(headers, context, false), trace: undefined };
    }
    const traceState = parent ? headerValue(exchange.headers, 'tracestate') : undefined;
    const span = this.#tracer.record(`${exchange.method} ${route}`, context, {
      kind: 'server',
      parent,
      attributes: {
        ...revisionLabels(target),
        ...requestAttributes(exchange),
        'http.route': route,
        'kn.route.tag': tag,
      },
      ...(traceState === undefined ? {} : { traceState }),
    });
    // The context of the attempt that reaches the application is known before any is made.
    const onward = this.#tracer.decide(context);
    return {
      headers: withTraceparent(headers, onward, parent !== undefined),
      trace: new Recording(
        span,
        onward,
        { method: exchange.method, now: () => this.#tracer.now() },
        {
          waits: (waiting) => this.#wakers.has(key) || this.#wakers.set(key, waiting),
          over: (waiting) => this.#wakers.get(key) === waiting && this.#wakers.delete(key),
        },
      ),
    };
  }
}

interface WakerPlace {
  waits(context: TraceContext): void;
  over(context: TraceContext): void;
}

class Recording implements RequestTrace {
  readonly #span: Span;
  readonly #onward: TraceContext;
  readonly #method: string;
  readonly #place: WakerPlace;
  readonly #now: () => number;
  #wait: Span | undefined;
  #attempt: SpanOptions | undefined;
  #attempts = 0;
  #refusal: string | undefined;

  constructor(
    span: Span,
    onward: TraceContext,
    { method, now }: { method: string; now: () => number },
    place: WakerPlace,
  ) {
    this.#now = now;
    this.#span = span;
    this.#onward = onward;
    this.#method = method;
    this.#place = place;
  }

  waits(): void {
    this.#wait = this.#span.child('throttler_try');
    this.#place.waits(this.#wait.context);
  }

  sends({ id, host, port }: Endpoint): void {
    this.#waited();
    this.#attempt = {
      kind: 'client',
      at: this.#now(),
      attributes: {
        'server.address': host,
        'server.port': port,
        'k8s.pod.uid': id,
        'http.request.method': this.#method,
        ...(this.#attempts > 0 ? { 'http.request.resend_count': this.#attempts } : {}),
      },
    };
    this.#attempts++;
  }

  /** The application never heard of it, so its span is not the one that `traceparent` names. */
  failed(why: string): void {
    if (!this.#attempt) return;
    const span = this.#span.child('activator_proxy', this.#attempt);
    span.fail(why);
    span.end();
    this.#attempt = undefined;
  }

  refused(reason: string): void {
    this.#refusal = reason;
    this.#wait?.fail(reason);
    this.#span.set({ 'ebb.refusal': reason });
  }

  ends(status: number): void {
    this.#waited();
    const fault = this.#refusal ?? (status >= 500 ? String(status) : status === 0 ? 'the client left' : undefined);
    const attempt = this.#attempt && this.#span.child('activator_proxy', { ...this.#attempt, context: this.#onward });
    for (const span of [attempt, this.#span]) {
      if (status > 0) span?.set({ 'http.response.status_code': status });
      if (fault !== undefined) span?.fail(fault);
      span?.end();
    }
  }

  #waited(): void {
    if (!this.#wait) return;
    this.#place.over(this.#wait.context);
    this.#wait.end();
    this.#wait = undefined;
  }
}

function requestAttributes({ method, scheme, version, authority, target, remoteAddress, headers }: Exchange) {
  const query = target.indexOf('?');
  const agent = headerValue(headers, 'user-agent');
  return {
    'http.request.method': method,
    'url.scheme': scheme,
    'url.path': query < 0 ? target : target.slice(0, query),
    'server.address': authority,
    'network.protocol.version': version,
    'client.address': remoteAddress,
    ...(agent === undefined ? {} : { 'user_agent.original': agent }),
  };
}

/** A `tracestate` without the trace it belongs to says nothing (W3C trace context §3.3), so it goes with a bad `traceparent`. */
function withTraceparent(headers: RawHeaders, context: TraceContext, keepsState: boolean): string[] {
  const out: string[] = [];
  for (let i = 0; i < headers.length; i += 2) {
    const field = headers[i] as string;
    const name = field.length === 11 || field.length === 10 ? field.toLowerCase() : '';
    if (name === 'traceparent' || (name === 'tracestate' && !keepsState)) continue;
    out.push(field, headers[i + 1] as string);
  }
  out.push('traceparent', makeTraceparent(context));
  return out;
}
