// Requests to endpoints by HTTP/2 without TLS: one session an endpoint, many streams.

import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';
import { connect, constants } from 'node:http2';
import type { Clock } from '#base/mod.ts';
import { messageOf } from '#base/mod.ts';
import { backwardHeaders } from '../headers.ts';
import type { RawHeaders, UpstreamEvents, UpstreamFailure, UpstreamRequest, UpstreamStream } from '../transport.ts';
import { CONNECT_TIMEOUT_MS } from './client-http1.ts';
import { END_STREAM } from './exchange-http2.ts';
import { lowerNames, trailerFields } from './http2-fields.ts';

const IDLE_MS = 60_000;
/** A server of HTTP/1 refuses the preface at once, or says nothing. */
const ANSWER_MS = 1000;
const SETTINGS = { enablePush: false, initialWindowSize: 1 << 20 };

export class Http2Client {
  readonly #clock: Clock;
  readonly #sessions = new Map<string, ClientHttp2Session>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  send(request: UpstreamRequest, events: UpstreamEvents): UpstreamStream {
    const key = `${request.host}:${request.port}`;
    const kept = request.fresh ? undefined : this.#sessions.get(key);
    const usable = kept && !kept.closed && !kept.destroyed;
    const session = usable ? kept : this.#open(key, request);
    return new Http2Sending(session, usable === true, request, events);
  }

  /** Asks by a session of its own, which goes again. */
  answers(host: string, port: number): Promise<boolean> {
    const session = connect(originOf(host, port));
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = this.#clock.after(ANSWER_MS, () => resolve(false));
    session.once('remoteSettings', () => resolve(true));
    session.on('error', () => resolve(false));
    session.once('close', () => resolve(false));
    return promise.finally(() => {
      timer.cancel();
      session.destroy();
    });
  }

  forget(host: string, port: number): void {
    const key = `${host}:${port}`;
    this.#sessions.get(key)?.close();
    this.#sessions.delete(key);
  }

  close(): void {
    for (const session of this.#sessions.values()) session.destroy();
    this.#sessions.clear();
  }

  #open(key: string, { host, port }: UpstreamRequest): ClientHttp2Session {
    const session = connect(originOf(host, port), { settings: SETTINGS });
    const timer = this.#clock.after(CONNECT_TIMEOUT_MS, () =>
      session.destroy(new Error(`no connection within ${CONNECT_TIMEOUT_MS} ms`)),
    );
    session.once('connect', () => timer.cancel());
    session.on('error', () => {});
    session.setTimeout(IDLE_MS, () => session.close());
    session.once('close', () => {
      timer.cancel();
      if (this.#sessions.get(key) === session) this.#sessions.delete(key);
    });
    this.#sessions.get(key)?.close();
    this.#sessions.set(key, session);
    return session;
  }
}

function originOf(host: string, port: number): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

class Http2Sending implements UpstreamStream {
  readonly #events: UpstreamEvents;
  readonly #session: ClientHttp2Session;
  readonly #reused: boolean;
  #stream: ClientHttp2Stream | undefined;
  #answered = false;
  #connected: boolean;
  #over = false;
  #ended = false;
  #trailersOut: RawHeaders = [];
  #trailersIn: RawHeaders = [];

  constructor(session: ClientHttp2Session, reused: boolean, facts: UpstreamRequest, events: UpstreamEvents) {
    this.#session = session;
    this.#events = events;
    this.#connected = !session.connecting;
    this.#reused = reused && this.#connected;
    try {
      this.#open(facts);
    } catch (error) {
      queueMicrotask(() => this.#fail(new Error(messageOf(error))));
    }
  }

  write(chunk: Uint8Array): boolean {
    return this.#over || this.#stream === undefined || this.#stream.write(chunk);
  }

  onDrain(run: () => void): void {
    this.#stream?.once('drain', run);
  }

  end(trailers: RawHeaders = []): void {
    this.#trailersOut = trailers;
    if (!this.#over) this.#stream?.end();
  }

  pause(): void {
    this.#stream?.pause();
  }

  resume(): void {
    this.#stream?.resume();
  }

  abort(): void {
    this.#over = true;
    this.#stream?.close(constants.NGHTTP2_CANCEL);
  }

  #open({ method, target, authority, fields: { list }, bodyLength }: UpstreamRequest): void {
    const endStream = bodyLength === 0;
    const length = bodyLength ? ['content-length', String(bodyLength)] : [];
    const fields = [
      ':method',
      method,
      ':scheme',
      'http',
      ':authority',
      authority,
      ':path',
      target,
      ...lowerNames(list),
      ...length,
    ];
    const stream = this.#session.request(fields, { endStream, waitForTrailers: !endStream });
    this.#stream = stream;
    stream.once('wantTrailers', () => stream.sendTrailers(trailerFields(this.#trailersOut)));
    stream.once('response', (_fields, flags, raw) => this.#onResponse(flags, raw));
    stream.on('headers', (_fields: unknown, _flags: number, raw: RawHeaders) => this.#onInterim(raw));
    stream.once('trailers', (_fields: unknown, _flags: number, raw: RawHeaders) => void (this.#trailersIn = raw));
    stream.on('error', (error) => this.#fail(error));
    stream.once('close', () => this.#fail(new Error(`the endpoint closed the stream (code ${stream.rstCode})`)));
    if (this.#connected) queueMicrotask(() => this.#ready());
    else this.#session.once('connect', () => this.#ready());
  }

  #ready(): void {
    this.#connected = true;
    if (!this.#over) this.#events.ready();
  }

  #onInterim(raw: RawHeaders): void {
    const status = Number(raw[1]);
    if (!this.#over && status !== 100) this.#events.informed({ status, headers: backwardHeaders(raw.slice(2)) });
  }

  #onResponse(flags: number, raw: RawHeaders): void {
    const stream = this.#stream;
    if (this.#over || !stream) return;
    this.#answered = true;
    const ends = (flags & END_STREAM) === END_STREAM;
    const status = Number(raw[1]);
    const headers = backwardHeaders(raw.slice(2));
    this.#over = ends;
    this.#events.head({ status, headers }, ends);
    if (ends) return void stream.resume();
    stream.on('data', (chunk: Buffer) => {
      if (!this.#over) this.#events.data(chunk);
    });
    stream.once('end', () => {
      if (this.#over || stream.rstCode !== constants.NGHTTP2_NO_ERROR) return;
      this.#ended = true;
      // Node tells of trailers in a tick of its own, which may follow that of the end.
      setImmediate(() => this.#end());
    });
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#events.end(this.#trailersIn);
  }

  #fail(error: Error): void {
    if (this.#over || this.#ended) return;
    this.#over = true;
    this.#events.failed({ error, sent: this.#reached() });
  }

  #reached(): UpstreamFailure['sent'] {
    if (!this.#connected || this.#stream?.rstCode === constants.NGHTTP2_REFUSED_STREAM) return 'nothing';
    return this.#reused && !this.#answered && this.#session.destroyed ? 'reused' : 'some';
  }
}
