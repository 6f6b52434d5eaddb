// A front for a listener that is on this machine only: lets others in with TLS, and as users only.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { request as ask } from 'node:http';
import type { Server } from 'node:https';
import { createServer } from 'node:https';
import { pipeline } from 'node:stream/promises';
import { messageOf } from '#base/mod.ts';
import type { UserInfo } from '#machinery/mod.ts';

export interface FrontTls {
  readonly key: string;
  readonly cert: string;
}

/** What is asked, for the decision whether a user may. */
export interface FrontWish {
  readonly user: UserInfo;
  readonly method: string;
  readonly path: string;
}

export interface FrontOptions {
  /** Where others reach it. */
  readonly hosts: readonly string[];
  readonly port: number;
  /** What it stands before: a port of this machine. */
  readonly behind: { readonly host: string; readonly port: number };
  readonly tls: FrontTls;
  /** The user whose credentials these are (`Authorization`); undefined where they are nobody's. */
  who(authorization: string | undefined): UserInfo | undefined;
  may(wish: FrontWish): boolean;
}

export interface Front {
  renew(tls: FrontTls): void;
  close(): Promise<void>;
}

/** Heads that say how a message comes, not what it is: each hop has its own (RFC 9110, section 7.6.1). */
const HOP_HEADERS = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Resolves when it listens everywhere; where it cannot, nothing of it stays. */
export async function startFront(options: FrontOptions): Promise<Front> {
  const { hosts, port, tls } = options;
  const servers: Server[] = [];
  const close = async () => {
    await Promise.all(
      servers.map((server) => {
        const closed = new Promise<void>((resolve) => server.close(() => resolve()));
        server.closeAllConnections();
        return closed;
      }),
    );
  };
  try {
    for (const host of hosts) servers.push(await listen(options, host, port));
  } catch (error) {
    await close();
    throw error;
  }
  return { renew: (renewed) => servers.forEach((server) => server.setSecureContext({ ...tls, ...renewed })), close };
}

function listen(options: FrontOptions, host: string, port: number): Promise<Server> {
  const server = createServer({ ...options.tls, minVersion: 'TLSv1.2', requestTimeout: 0 }, (request, response) => {
    pass(options, request, response).catch((error: unknown) => {
      if (response.headersSent || response.destroyed) return void response.destroy();
      // What the client still sends is passed over; not to read it would reset the connection before the answer is heard.
      request.resume();
      refuse(response, 502, `what is behind this gave no answer: ${messageOf(error)}`);
    });
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve(server));
  });
}

async function pass(options: FrontOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const user = options.who(request.headers.authorization);
  if (!user) {
    response.setHeader('WWW-Authenticate', 'Basic realm="ebb"');
    return refuse(response, 401, "say who you are: a user's name and, as the password, their token");
  }
  const { method = 'GET', url: path = '/' } = request;
  if (!options.may({ user, method, path })) {
    return refuse(response, 403, `${user.name} may not ${method} ${path}; the platform's owner can give the role`);
  }
  const asked = ask({ ...options.behind, method, path, headers: headersFor(request, options.behind) });
  // The two ways go on at once: an answer may come before the whole request has gone. Not a pipeline: that would cut the client
  // off where what is behind does not answer.
  request.pipe(asked);
  response.once('close', () => {
    if (!response.writableFinished) asked.destroy();
  });
  await new Promise<void>((resolve, reject) => {
    asked.on('error', reject);
    asked.once('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, withoutHops(answer.headers));
      pipeline(answer, response).then(resolve, reject);
    });
  });
}

/**
 * The user's credentials stay here. What is behind is asked for by its own name, and told that somebody asks from afar:
 * to it every connection comes from this machine.
 */
function headersFor({ headers, socket }: IncomingMessage, behind: FrontOptions['behind']) {
  const { authorization: _, ...rest } = withoutHops(headers);
  return { ...rest, host: `${behind.host}:${behind.port}`, 'x-forwarded-for': socket.remoteAddress ?? 'unknown' };
}

function withoutHops(headers: IncomingMessage['headers']): Record<string, string | string[]> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined || HOP_HEADERS.has(name) ? [] : [[name, value]],
    ),
  );
}

function refuse(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' }).end(`${text}\n`);
}
