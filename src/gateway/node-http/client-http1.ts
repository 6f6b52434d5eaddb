// Requests to endpoints by HTTP/1.1, over an agent that keeps connections.

import type { ClientRequest, IncomingMessage } from 'node:http';
import { Agent, request as httpRequest } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock } from '#base/mod.ts';
import { backwardHeaders, headerValue } from '../headers.ts';
import type { RawHeaders, UpstreamEvents, UpstreamFailure, UpstreamRequest, UpstreamStream } from '../transport.ts';

/** As Envoy is told for endpoints of an ingress. */
export const CONNECT_TIMEOUT_MS = 5000;
/** Shorter than the five seconds after which servers on Node close, so that we are the first to go. */
const IDLE_MS = 4000;
const MAX_IDLE = 1000;

export class Http1Client {
  readonly #clock: Clock;
  readonly #kept = new Agent({ keepAlive: true, maxFreeSockets: MAX_IDLE, timeout: IDLE_MS, scheduling: 'lifo' });
  readonly #fresh = new Agent({ keepAlive: false });

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  send(request: UpstreamRequest, events: UpstreamEvents): UpstreamStream {
    return new Http1Sending(this.#clock, request.fresh || request.upgrade ? this.#fresh : this.#kept, request, events);
  }

  forget(host: string, port: number): void {
    for (const socket of this.#kept.freeSockets[this.#kept.getName({ host, port })] ?? []) socket.destroy();
  }

  close(): void {
    this.#kept.destroy();
    this.#fresh.destroy();
  }
}

class Http1Sending implements UpstreamStream {
  readonly #events: UpstreamEvents;
  #request: ClientRequest | undefined;
  #response: IncomingMessage | undefined;
  #connected = false;
  #over = false;

  constructor(clock: Clock, agent: Agent, facts: UpstreamRequest, events: UpstreamEvents) {
    this.#events = events;
    try {
      const { host, port, method, target: path } = facts;
      const request = httpRequest({
        host,
        port,
        method,
        path,
        agent,
        headers: requestFields(facts),
        setDefaultHeaders: false,
      });
      this.#request = request;
      // A body may be a long time coming; its head must not wait for it.
      if (facts.bodyLength !== 0) request.flushHeaders();
      request.once('socket', (socket: Socket) => this.#onSocket(clock, socket));
      request.on('information', ({ statusCode: status, rawHeaders: headers }) => {
        if (!this.#over && status !== 100) this.#events.informed({ status, headers: backwardHeaders(headers) });
      });
      request.once('response', (response) => this.#onResponse(facts.method, response));
      request.once('upgrade', (response, socket, head) => this.#onUpgrade(response, socket, head));
      request.on('error', (error) => this.#fail(error));
      request.once('close', () => this.#fail(new Error('the endpoint closed the connection without a response')));
    } catch (error) {
      // A head that cannot be written; nobody listens yet, for `send` still runs.
      queueMicrotask(() => this.#fail(error instanceof Error ? error : new Error(String(error)), 'some'));
    }
  }

  write(chunk: Uint8Array): boolean {
    return this.#over || this.#request?.write(chunk) !== false;
  }

  onDrain(run: () => void): void {
    this.#request?.once('drain', run);
  }

  end(trailers: RawHeaders = []): void {
    if (this.#over) return;
    for (let i = 0; i < trailers.length; i += 2)
      this.#request?.addTrailers([[trailers[i] ?? '', trailers[i + 1] ?? '']]);
    this.#request?.end();
  }

  pause(): void {
    this.#response?.pause();
  }

  resume(): void {
    this.#response?.resume();
  }

  abort(): void {
    this.#over = true;
    this.#request?.destroy();
  }

  #onSocket(clock: Clock, socket: Socket): void {
    if (!socket.connecting) return this.#onConnected();
    const timer = clock.after(CONNECT_TIMEOUT_MS, () =>
      socket.destroy(new Error(`no connection within ${CONNECT_TIMEOUT_MS} ms`)),
    );
    socket.once('connect', () => {
      socket.setNoDelay(true);
      this.#onConnected();
    });
    socket.once('connect', () => timer.cancel());
    socket.once('close', () => timer.cancel());
  }

  #onConnected(): void {
    this.#connected = true;
    if (!this.#over) this.#events.ready();
  }

  #onResponse(method: string, response: IncomingMessage): void {
    if (this.#over) return void response.resume();
    this.#response = response;
    const { statusCode: status = 502, statusMessage: reason, rawHeaders: headers } = response;
    const ends =
      method === 'HEAD' || status === 204 || status === 304 || headerValue(headers, 'content-length') === '0';
    this.#over = ends;
    this.#events.head({ status, ...(reason ? { reason } : {}), headers: backwardHeaders(headers) }, ends);
    if (ends) return void response.resume();
    response.on('data', (chunk: Buffer) => {
      if (!this.#over) this.#events.data(chunk);
    });
    response.once('end', () => {
      if (this.#over) return;
      this.#over = true;
      this.#events.end(response.rawTrailers);
    });
    response.on('error', (error) => this.#fail(error));
  }

  #onUpgrade(response: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (this.#over) return void socket.destroy();
    this.#over = true;
    if (head.length > 0) socket.unshift(head);
    this.#events.switched(backwardHeaders(response.rawHeaders), socket);
  }

  #fail(error: Error, sent: UpstreamFailure['sent'] = this.#reached()): void {
    if (this.#over) return;
    this.#over = true;
    this.#events.failed({ error, sent });
  }

  #reached(): UpstreamFailure['sent'] {
    if (!this.#connected) return 'nothing';
    return this.#request?.reusedSocket && !this.#response ? 'reused' : 'some';
  }
}

function requestFields({ authority, fields, bodyLength, upgrade, method }: UpstreamRequest): string[] {
  const out = ['Host', authority, ...fields.list];
  if (bodyLength === undefined) out.push('Transfer-Encoding', 'chunked');
  else if (bodyLength > 0 || /^(POST|PUT|PATCH)$/.test(method)) out.push('Content-Length', String(bodyLength));
  if (upgrade !== undefined) out.push('Connection', 'Upgrade', 'Upgrade', upgrade);
  return out;
}
