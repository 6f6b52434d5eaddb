// The transport port: what an HTTP engine gives the gateway, on the side of clients and on the side of endpoints.
// It moves heads and bytes with back-pressure; it knows nothing of routes. test/contracts/transport.ts says what a home owes.

import type { Duplex } from 'node:stream';
import type { SecureContext } from 'node:tls';
import type { Protocol } from './control.ts';
import type { Fields } from './fields.ts';
import type { TlsFacts } from './tls-state.ts';

/** Names and values by turns, in the order and spelling they came in. */
export type RawHeaders = readonly string[];

/** A body that comes in. */
export interface BodySource {
  /** Begins the flow, once. Before it nothing is read, and a client that asked for it gets no 100 Continue. */
  start(sink: BodySink): void;
  pause(): void;
  resume(): void;
}

/** Who takes a body. After `end` or `failed` nothing follows. */
export interface BodySink {
  data(chunk: Uint8Array): void;
  end(trailers: RawHeaders): void;
  /** The sender went away, or broke the framing. */
  failed(error: Error): void;
}

/** A body that goes out. */
export interface BodyWriter {
  /** False asks to hold back until the next `onDrain`; the chunk is taken all the same. */
  write(chunk: Uint8Array): boolean;
  /** Runs once, when room is there again. */
  onDrain(run: () => void): void;
  end(trailers?: RawHeaders): void;
}

export interface ResponseHead {
  readonly status: number;
  /** HTTP/1 only. */
  readonly reason?: string | undefined;
  /** Without hop-by-hop fields; `Content-Length` as it should be sent, else the engine frames the body. */
  readonly headers: RawHeaders;
}

/** One request and the answer to it, on the side of the client. */
export interface Exchange extends BodyWriter {
  readonly version: '1.0' | '1.1' | '2';
  readonly scheme: 'http' | 'https';
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  /** Host and maybe port, as the client named it; empty where it named none. */
  readonly authority: string;
  /** As received, `Host` included, pseudo-headers left out. */
  readonly headers: RawHeaders;
  /**
   * Of these, the lines that go on where all others are for this connection, frame the body or name the host; looked through.
   * Undefined where a proxy has to heed or change some: look at `headers`.
   */
  readonly passing?: string | undefined;
  readonly remoteAddress: string;
  /** Undefined where it came without TLS. Found out at each reading, so look only where it is asked for. */
  readonly tls?: TlsFacts | undefined;
  /** The platform itself asks, so that what only it may say goes on. */
  readonly isOwn?: boolean | undefined;
  /** Bytes of the body; 0: none, undefined: not told beforehand. */
  readonly bodyLength: number | undefined;
  readonly body: BodySource;
  /** The protocol of an `Upgrade` that the engine can carry out. */
  readonly upgrade: string | undefined;
  readonly headSent: boolean;
  /** Whether text may still be added behind the body without breaking its framing. */
  readonly extensible: boolean;
  /** An interim answer (103 and its kin) before the head; a client that knows none gets none. Never 100 or 101. */
  inform(head: ResponseHead): void;
  /** `ends`: no body follows, and `end` is not called. */
  respond(head: ResponseHead, ends: boolean): void;
  /** Answers 101 with these headers and hands the connection over, with what the client sent already. */
  switchProtocols(headers: RawHeaders): Duplex;
  /** Breaks the exchange off so that the client notices. */
  abort(): void;
  /** Runs once when it is over; `complete`: the whole answer went out. */
  onClosed(run: (complete: boolean) => void): void;
}

/** A request to an endpoint. */
export interface UpstreamRequest {
  readonly host: string;
  readonly port: number;
  readonly protocol: Protocol;
  readonly method: string;
  readonly target: string;
  readonly authority: string;
  /** Without `Host` and fields of framing or connection; the engine writes those. */
  readonly fields: Fields;
  readonly bodyLength: number | undefined;
  /** Asks the endpoint for this protocol. */
  readonly upgrade?: string | undefined;
  /** Takes no connection that was used before. */
  readonly fresh: boolean;
}

/** How far a request had come when it failed. */
export interface UpstreamFailure {
  readonly error: Error;
  /**
   * nothing: no byte reached the application, or the endpoint said it did not process the request;
   * reused: a connection that had been used before closed without a byte of response; some: anything else.
   */
  readonly sent: 'nothing' | 'reused' | 'some';
}

/**
 * What comes back, never before `send` has returned; heads without what is for one connection only. The last is one of `end`,
 * `switched`, `failed`, or `head` with `ends`; none follows an `abort`.
 */
export interface UpstreamEvents {
  /** The connection stands; the body may be written. */
  ready(): void;
  /** An interim answer, other than 100 and 101; more may follow, and the head. */
  informed(head: ResponseHead): void;
  head(head: ResponseHead, ends: boolean): void;
  data(chunk: Uint8Array): void;
  end(trailers: RawHeaders): void;
  switched(headers: RawHeaders, pipe: Duplex): void;
  failed(failure: UpstreamFailure): void;
}

/** The sending side of a request; `pause` and `resume` hold the response's body. */
export interface UpstreamStream extends BodyWriter {
  pause(): void;
  resume(): void;
  abort(): void;
}

/** Sends requests to endpoints over connections that are kept. */
export interface ClientEngine {
  send(request: UpstreamRequest, events: UpstreamEvents): UpstreamStream;
  /** Whether the endpoint answers the preface of HTTP/2 in kind. False where it cannot be reached, or says nothing for a while. */
  speaksHttp2(host: string, port: number): Promise<boolean>;
  /** Keeps no connection to this endpoint any longer; requests in flight finish. */
  forget(host: string, port: number): void;
  /** Closes all connections, those in use included. */
  close(): void;
}

/** What a client may send and how long it may take for it. */
export interface ServerLimits {
  /** Bytes of a request's line and headers. */
  readonly maxHeadBytes: number;
  /** From the first byte of a connection or request to the end of its head. */
  readonly headTimeoutMs: number;
  /** Without a request, a connection is closed after this. */
  readonly keepAliveMs: number;
  /** How long an unread rest of a body is read after the answer before the connection is cut. */
  readonly lingerMs: number;
}

export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  readonly limits: ServerLimits;
  /**
   * Speaks TLS; gives the certificate for a server name, or none where the name is not known. Who speaks HTTP/1 without
   * TLS here is heard as well, as an exchange of scheme http.
   */
  readonly tls?: (serverName: string) => SecureContext | undefined;
  /** A request that was refused before it became an exchange. */
  readonly onRefused: (status: number, why: string) => void;
}

export interface Listening {
  readonly host: string;
  readonly port: number;
  /** Takes no new connection, tells clients to go, resolves when all are gone, or cuts them after `graceMs`. */
  close(graceMs: number): Promise<void>;
}

/** One home of the port. */
export interface Transport {
  listen(options: ListenOptions, serve: (exchange: Exchange) => void): Promise<Listening>;
  client(): ClientEngine;
}
