// The API over HTTP: sockets in, answers out, and an orderly end.

import { createServer as createHttpServer, ServerResponse } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import { createServer as createHttpsServer, Server as SecureServer } from 'node:https';
import { once } from 'node:events';
import type { SecureContextOptions } from 'node:tls';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { systemRandom } from '#base/mod.ts';
import type { Random } from '#base/mod.ts';
import { ApiError, internalError } from '#machinery/mod.ts';
import type { Family, Metrics, Tracer } from '#telemetry/mod.ts';
import type { Access } from './access.ts';
import { admitted } from './access.ts';
import { dismiss } from './client-error.ts';
import { Discovery } from './discovery/discovery.ts';
import { OpenApi } from './discovery/openapi.ts';
import type { Exchange, Upgrade } from './exchange.ts';
import { openExchange, sendError, warn } from './exchange.ts';
import type { HealthCheck } from './info/health.ts';
import { serveInfo } from './info/serve.ts';
import type { InfoParts } from './info/serve.ts';
import { NO_PARTS } from './request/request-info.ts';
import { requestMeter } from './request-meter.ts';
import { requestSpan } from './request-span.ts';
import { routeOf } from './routing.ts';
import type { ApiServices } from './services.ts';
import { asksForWebSocket } from './streaming/upgrade.ts';

export interface TlsSettings {
  readonly key: string | Buffer;
  readonly cert: string | Buffer;
  /** Who may vouch for client certificates. */
  readonly clientCa?: string | Buffer;
}

export interface ApiServerOptions extends Omit<ApiServices, 'random'> {
  readonly random?: Random;
  /** Plain HTTP without; only for tests and for what never leaves the machine. */
  readonly tls?: TlsSettings;
  /** 127.0.0.1 unless told. */
  readonly host?: string;
  /** 0 for any free one. */
  readonly port: number;
  /** This program's version, for `/version`. */
  readonly build?: string;
  readonly checks?: readonly HealthCheck[];
  readonly metrics?: Metrics;
  readonly tracer?: Tracer;
  /** What `/metrics` tells; without it there is no such path. */
  readonly families?: () => Promise<readonly Family[]>;
  /** The OpenID documents of the token signer, served below `/.well-known` and `/openid`. */
  readonly openId?: InfoParts['openId'];
}

export interface ApiServer {
  readonly url: string;
  readonly port: number;
  /** New connections are met with this certificate; those that are open stay as they are. */
  renew(tls: TlsSettings): void;
  /** Takes no more requests, ends watches and waits for what is under way, at most `graceMs` (5 s unless told). */
  close(graceMs?: number): Promise<void>;
}

/** Slow senders of heads and bodies are cut after these times (milliseconds). */
const HEAD_TIMEOUT_MS = 30_000;
const REQUEST_TIMEOUT_MS = 60_000;
const CLOSE_GRACE_MS = 5000;

/** Starts the API server; resolves once it listens. Rejects as the port refuses (EADDRINUSE, EACCES). */
export async function startApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { host = '127.0.0.1', port, tls, scheme, clock, log } = options;
  const services: ApiServices = { ...options, random: options.random ?? systemRandom };
  const discovery = new Discovery(scheme);
  const openApi = new OpenApi(discovery, scheme);
  const closing = new AbortController();
  const info: InfoParts = {
    discovery,
    openApi,
    checks: options.checks ?? [],
    build: options.build ?? 'unknown',
    isClosing: () => closing.signal.aborted,
    families: options.families,
    openId: options.openId,
  };
  const { metrics, tracer } = options;
  const count = metrics && requestMeter(metrics, clock);
  const began = (exchange: Exchange) => {
    count?.(exchange);
    if (tracer) requestSpan(tracer, exchange);
  };
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    response.once('close', () => closing.signal.aborted && setImmediate(() => server.closeIdleConnections()));
    void handle(request, response, { services, info, closing: closing.signal, began });
  };
  const turned = new Set<Duplex>();
  const server: Server = tls ? secureServer(tls, listener) : createHttpServer(LIMITS, listener);
  server.on('clientError', dismiss);
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    turned.add(socket);
    socket.once('close', () => turned.delete(socket));
    void handleUpgrade(request, { socket, head, isTaken: false }, { services, info, closing: closing.signal, began });
  });
  server.listen(port, host);
  await once(server, 'listening');
  const { port: bound } = server.address() as AddressInfo;
  const url = `${tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${bound}`;
  log.info('the API is served', { url });
  return {
    url,
    port: bound,
    renew(renewed) {
      if (server instanceof SecureServer) server.setSecureContext(contextOf(renewed));
    },
    async close(graceMs = CLOSE_GRACE_MS) {
      closing.abort(new Error('the server is closing'));
      discovery.close();
      openApi.close();
      // Those that have had their last words only wait for a client that does not go.
      for (const socket of turned) if (socket.writableFinished) socket.destroy();
      const timer = clock.after(graceMs, () => {
        for (const socket of turned) socket.destroy();
      });
      await closed(server, (run) => clock.after(graceMs, run));
      timer.cancel();
    },
  };
}

const LIMITS = {
  headersTimeout: HEAD_TIMEOUT_MS,
  requestTimeout: REQUEST_TIMEOUT_MS,
  maxHeaderSize: 64 * 1024,
  keepAliveTimeout: 90_000,
  // Other upgrades (h2c) are left alone: the request is answered as if it had not asked.
  shouldUpgradeCallback: ({ headers }: IncomingMessage) => asksForWebSocket(headers),
};

/** Client certificates are asked for, not demanded: there are tokens too. */
function secureServer(
  tls: TlsSettings,
  listener: (request: IncomingMessage, response: ServerResponse) => void,
): Server {
  const trust = tls.clientCa ? { requestCert: true, rejectUnauthorized: false } : {};
  return createHttpsServer({ ...LIMITS, ...contextOf(tls), ALPNProtocols: ['http/1.1'], ...trust }, listener);
}

function contextOf({ key, cert, clientCa }: TlsSettings): SecureContextOptions {
  return { key, cert, minVersion: 'TLSv1.2', ...(clientCa ? { ca: clientCa } : {}) };
}

async function closed(server: Server, after: (run: () => void) => { cancel(): void }): Promise<void> {
  const done = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const timer = after(() => server.closeAllConnections());
  await done;
  timer.cancel();
}

interface Parts {
  readonly services: ApiServices;
  readonly info: InfoParts;
  readonly closing: AbortSignal;
  /** A request was understood. */
  readonly began: (exchange: Exchange) => void;
}

/** A request that asks for a WebSocket: refusals are answers as ever, after which the connection ends. */
async function handleUpgrade(request: IncomingMessage, upgrade: Upgrade, parts: Parts): Promise<void> {
  const { socket } = upgrade;
  socket.on('error', () => socket.destroy());
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket as Socket);
  response.once('finish', () => {
    socket.end();
    socket.resume();
  });
  await handle(request, response, parts, upgrade);
}

/** One request, from its head to the end of its answer. */
async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  { services, info, closing, began }: Parts,
  upgrade?: Upgrade,
): Promise<void> {
  let exchange: Exchange | undefined;
  try {
    exchange = openExchange(request, response, closing, upgrade);
    if (isKnown(services.scheme, exchange)) began(exchange);
    const access: Access = services;
    exchange.user = admitted(exchange, access);
    if (!exchange.info.isResource) return await serveInfo(exchange, info);
    const { handler, target } = routeOf(services.scheme, exchange.info);
    if (target.kind.deprecation) warn(exchange, [target.kind.deprecation]);
    await handler(exchange, target, services);
  } catch (thrown) {
    await refuse(exchange ?? bare(request, response), thrown, services);
  }
}

/** Only what is served is counted by name; anything else could be spelled in any number of ways. */
function isKnown(scheme: ApiServices['scheme'], { info: { isResource, group, version, resource } }: Exchange): boolean {
  return isResource && scheme.byResource(group, version, resource) !== undefined;
}

/** What could not even be read is answered without its parts. */
function bare(request: IncomingMessage, response: ServerResponse): Exchange {
  return {
    request,
    response,
    info: NO_PARTS,
    query: new URLSearchParams(),
    user: { name: '', groups: [] },
    signal: AbortSignal.abort(),
  };
}

/** Tells a refusal as it is; anything else that was thrown is a bug, logged and told as 500. */
async function refuse(exchange: Exchange, thrown: unknown, { log }: ApiServices): Promise<void> {
  if (exchange.upgrade?.isTaken) return void exchange.upgrade.socket.destroy();
  const isExpected = thrown instanceof ApiError;
  const { verb, path } = exchange.info;
  if (!isExpected && !exchange.signal.aborted) log.error('a request failed', { error: thrown, verb, path });
  const error = isExpected ? thrown : internalError('the request could not be completed; the server’s log says why');
  try {
    await sendError(exchange, error);
  } catch (failure) {
    log.warn('an answer could not be sent', { error: failure, verb, path });
    exchange.response.destroy();
  }
}
