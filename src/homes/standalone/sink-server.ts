// The HTTP server of the sinks that the platform itself is. Requests come from inside, by the Services' addresses.

import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import type { SecureContext } from 'node:tls';
import { messageOf } from '#base/mod.ts';
import type { SinkAnswer, SinkRequest } from '#sinks/mod.ts';
import type { Logger } from '#telemetry/mod.ts';

export interface SinkServer {
  readonly port: number;
  readonly tlsPort: number;
  /** Takes nothing more, and lets requests that are under way finish. */
  close(): Promise<void>;
}

/** Events are held in memory as a whole; a longer one is refused. */
export const MAX_EVENT_BYTES = 16 * 1024 * 1024;

export async function serveSinks(
  answer: (request: SinkRequest) => Promise<SinkAnswer>,
  host: string,
  log: Logger,
  /** What is shown by TLS to who asks for a host; undefined for hosts that are nobody's. */
  contextFor: (host: string) => Promise<SecureContext | undefined>,
): Promise<SinkServer> {
  const listener =
    (scheme: SinkRequest['scheme']): RequestListener =>
    (request, response) => {
      serve(answer, scheme, request, response).catch((thrown: unknown) => {
        log.warn('a request to a sink failed', { error: messageOf(thrown) });
        response.destroy();
      });
    };
  const plain = createServer(listener('http'));
  const secure = createTlsServer(
    {
      SNICallback(host, done) {
        contextFor(host.toLowerCase()).then(
          (context) => done(context ? null : new Error(`no sink has the host ${JSON.stringify(host)}`), context),
          (error: unknown) => done(error instanceof Error ? error : new Error(String(error))),
        );
      },
    },
    listener('https'),
  );
  await Promise.all([plain, secure].map((server) => listen(server, host)));
  return {
    port: (plain.address() as AddressInfo).port,
    tlsPort: (secure.address() as AddressInfo).port,
    async close() {
      await Promise.all(
        [plain, secure].map(
          (server) =>
            new Promise<void>((resolve) => {
              server.close(() => resolve());
              server.closeIdleConnections();
            }),
        ),
      );
    },
  };
}

function listen(server: Server, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

async function serve(
  answer: (request: SinkRequest) => Promise<SinkAnswer>,
  scheme: SinkRequest['scheme'],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await bodyOf(request);
  if (!body) {
    tell(response, { status: 413, text: `an event may have ${MAX_EVENT_BYTES} bytes` });
    return;
  }
  tell(
    response,
    await answer({
      method: request.method ?? '',
      target: request.url ?? '/',
      scheme,
      host: (request.headers.host ?? '').replace(/:\d+$/, '').toLowerCase(),
      headers: request.rawHeaders,
      body,
    }),
  );
}

/** Undefined where it is too long. It is read to its end all the same, so that the sender hears why. */
async function bodyOf(request: IncomingMessage): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes <= MAX_EVENT_BYTES) chunks.push(chunk);
  }
  return bytes <= MAX_EVENT_BYTES ? Buffer.concat(chunks) : undefined;
}

function tell(response: ServerResponse, { status, headers = {}, text, body: given }: SinkAnswer): void {
  const body = given ?? (text ? `${text}\n` : '');
  const type = text ? { 'Content-Type': 'text/plain; charset=utf-8' } : {};
  // An answer that has no content by its status tells no length either.
  const length = status === 204 ? {} : { 'Content-Length': Buffer.byteLength(body) };
  response.writeHead(status, { ...headers, ...type, ...length });
  response.end(body);
}
