// The request log: a line for each request to a revision, by a template. Where a revision has none, nothing here runs.

import type { Duplex } from 'node:stream';
import type { Clock, GoTemplate } from '#base/mod.ts';
import { GoFloat, goTemplate, GoMap } from '#base/mod.ts';
import type { Endpoint, RequestLogSettings, Target } from './control.ts';
import { ExchangeShell } from './exchange-shell.ts';
import { headerValue } from './headers.ts';
import { CLIENT_LEFT } from './meter.ts';
import type { TlsFacts } from './tls-state.ts';
import { connectionState } from './tls-state.ts';
import type { Exchange, RawHeaders, ResponseHead } from './transport.ts';

/** Takes a line without its end; `endpoint` is the one that had the request, if any had. */
export type RequestLogSink = (line: string, endpoint: Endpoint | undefined, target: Target) => void;

/** Who has the request now. */
export interface Holder {
  readonly endpoint: Endpoint | undefined;
  /** The trace that the application was told of, which may have begun here. */
  readonly traceparent?: string | undefined;
}

const MAX_TEMPLATES = 32;

export class RequestLogs {
  readonly #clock: Clock;
  readonly #sink: RequestLogSink;
  readonly #templates = new Map<string, Template>();

  constructor(clock: Clock, sink: RequestLogSink) {
    this.#clock = clock;
    this.#sink = sink;
  }

  /** The exchange through which the request is to pass so that it is logged at its end. */
  watch(exchange: Exchange, target: Target, settings: RequestLogSettings, holder: () => Holder | undefined): Exchange {
    const begunMs = this.#clock.monotonic();
    const template = this.#template(settings.template);
    // While the connection is open.
    const logged = new LoggedExchange(exchange, template.asksForTls ? exchange.tls : undefined);
    exchange.onClosed(() => {
      // To the nanosecond, as Go counts.
      const seconds = Math.round((this.#clock.monotonic() - begunMs) * 1e6) / 1e9;
      const held = holder();
      this.#sink(lineOf(template, new Facts(logged, target, held, seconds)), held?.endpoint, target);
    });
    return logged;
  }

  #template(source: string): Template {
    const known = this.#templates.get(source);
    if (known) return known;
    if (this.#templates.size >= MAX_TEMPLATES) this.#templates.clear();
    // A template asks for a field by its name alone.
    const template = { fill: parsed(source), asksForTls: source.includes('TLS') };
    this.#templates.set(source, template);
    return template;
  }
}

interface Template {
  /** Undefined: it is no template. */
  readonly fill: GoTemplate | undefined;
  readonly asksForTls: boolean;
}

function lineOf({ fill }: Template, facts: Facts): string {
  try {
    return fill?.(facts.values()) ?? facts.plainly();
  } catch {
    return facts.plainly();
  }
}

function parsed(source: string): GoTemplate | undefined {
  try {
    return goTemplate(source);
  } catch {
    return undefined;
  }
}

class LoggedExchange extends ExchangeShell {
  status = CLIENT_LEFT;
  size = 0;
  readonly cameBy: TlsFacts | undefined;

  constructor(inner: Exchange, cameBy: TlsFacts | undefined) {
    super(inner);
    this.cameBy = cameBy;
  }

  override respond(head: ResponseHead, ends: boolean): void {
    // Before it is said: an answer without a body may be over, and logged, within.
    if (!this.headSent) this.status = head.status;
    this.inner.respond(head, ends);
  }

  override write(chunk: Uint8Array): boolean {
    this.size += chunk.length;
    return this.inner.write(chunk);
  }

  override switchProtocols(headers: RawHeaders): Duplex {
    this.status = 101;
    return this.inner.switchProtocols(headers);
  }
}

/** What a template may ask for, as Knative's documentation lists it. */
class Facts {
  readonly #exchange: LoggedExchange;
  readonly #target: Target;
  readonly #holder: Holder | undefined;
  readonly #seconds: number;

  constructor(exchange: LoggedExchange, target: Target, holder: Holder | undefined, seconds: number) {
    this.#exchange = exchange;
    this.#target = target;
    this.#holder = holder;
    this.#seconds = seconds;
  }

  values(): object {
    const { headers, status, size } = this.#exchange;
    const { name, namespace, service = '', configuration = '' } = this.#target;
    const { endpoint, traceparent = headerValue(headers, 'traceparent') } = this.#holder ?? {};
    return {
      Request: requestOf(this.#exchange),
      Response: { Code: status, Size: size, Latency: new GoFloat(this.#seconds) },
      Revision: {
        Name: name,
        Namespace: namespace,
        Service: service,
        Configuration: configuration,
        PodName: endpoint?.name ?? '',
        PodIP: endpoint?.host ?? '',
      },
      TraceID: traceparent?.split('-')[1] ?? headerValue(headers, 'x-b3-traceid') ?? '',
    };
  }

  /** Where the template fails. */
  plainly(): string {
    const { method, status, target } = this.#exchange;
    const latency = new GoFloat(this.#seconds).toString();
    return `Invalid request log template: method: ${method}, response code: ${status}, latency: ${latency}, url: ${target}`;
  }
}

/** As much of Go's `*http.Request` as there is here. */
function requestOf({
  method,
  target,
  authority,
  version,
  headers,
  remoteAddress,
  bodyLength,
  cameBy,
}: LoggedExchange): object {
  const [major = 1, minor = 0] = version === '2' ? [2, 0] : version.split('.').map(Number);
  return {
    Method: method,
    RequestURI: target,
    Host: authority,
    Proto: `HTTP/${major}.${minor}`,
    ProtoMajor: major,
    ProtoMinor: minor,
    RemoteAddr: remoteAddress,
    ContentLength: bodyLength ?? -1,
    TLS: cameBy && connectionState(cameBy),
    get Header() {
      return headerMap(headers);
    },
    get URL() {
      return urlOf(target);
    },
    UserAgent: () => headerValue(headers, 'user-agent') ?? '',
    Referer: () => headerValue(headers, 'referer') ?? '',
  };
}

/** Names in Go's canonical spelling; Host is a field of the request instead. */
function headerMap(headers: RawHeaders): GoMap {
  const entries = new Map<string, string[]>();
  for (let i = 0; i < headers.length; i += 2) {
    const name = canonical(headers[i] ?? '');
    if (name === 'Host') continue;
    const there = entries.get(name);
    if (there) there.push(headers[i + 1] ?? '');
    else entries.set(name, [headers[i + 1] ?? '']);
  }
  return new GoMap(entries, [], {
    Get: (name) => entries.get(canonical(String(name)))?.[0] ?? '',
    Values: (name) => entries.get(canonical(String(name))) ?? [],
  });
}

function canonical(name: string): string {
  return name.toLowerCase().replaceAll(/(?:^|-)[a-z]/g, (start) => start.toUpperCase());
}

function urlOf(target: string): object {
  const query = target.indexOf('?');
  const path = query < 0 ? target : target.slice(0, query);
  const raw = query < 0 ? '' : target.slice(query + 1);
  return {
    Path: decoded(path),
    RawQuery: raw,
    RequestURI: () => target,
    String: () => target,
    Query: () => queryMap(raw),
  };
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function queryMap(raw: string): GoMap {
  const query = new URLSearchParams(raw);
  const entries = new Map([...new Set(query.keys())].map((name) => [name, query.getAll(name)]));
  return new GoMap(entries, [], { Get: (name) => query.get(String(name)) ?? '' });
}
