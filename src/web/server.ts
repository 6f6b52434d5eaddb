// The console's port: the overview page, metrics, and the little that commands ask beside the API.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Pod, Revision, Service } from '#kinds/mod.ts';
import type { Informers } from '#objects/mod.ts';
import type { Family } from '#telemetry/mod.ts';
import { CONTENT_TYPES, exposition, formatFor } from '#telemetry/mod.ts';
import { closed, listening } from './listening.ts';
import { overview } from './overview.ts';
import { page } from './page.ts';
import type { ProfileSource } from './profiles.ts';
import { PROFILE_PATH, serveProfile } from './profiles.ts';

export interface ConsoleOptions {
  readonly host: string;
  readonly port: number;
  readonly informers: Informers;
  /** What all processes of the platform have measured. */
  metrics(): Promise<readonly Family[]>;
  /** What the gateway refused, as it counts it. */
  refusals(): Promise<unknown>;
  readonly profiles: ProfileSource;
  /** By name, what is wrong with the parts of the platform; undefined: nothing. */
  checks(): Readonly<Record<string, string | undefined>>;
}

export interface Console {
  readonly port: number;
  close(): Promise<void>;
}

/** Listens on host and port. Rejects with the system's error where the port is not to be had. */
export async function startConsole(options: ConsoleOptions): Promise<Console> {
  const server = createServer((request, response) => {
    answer(options, request, response).catch((error: unknown) => {
      send(response, 500, 'text/plain; charset=utf-8', `${error instanceof Error ? error.message : String(error)}\n`);
    });
  });
  await listening(server, options.port, options.host);
  return {
    port: (server.address() as AddressInfo).port,
    close: () => closed(server),
  };
}

async function answer(options: ConsoleOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { url = '/', method = 'GET' } = request;
  if (method !== 'GET' && method !== 'HEAD')
    return send(response, 405, 'text/plain; charset=utf-8', 'only GET is served here\n');
  const address = request.socket.localAddress ?? '';
  if (!isOurName(request.headers.host ?? '', address))
    return send(
      response,
      421,
      'text/plain; charset=utf-8',
      'this console is asked for by localhost or by an address\n',
    );
  const { informers } = options;
  const rows = () => overview(informers.of(Service).list(), informers.of(Revision).list(), informers.of(Pod).list());
  const { pathname } = new URL(url, 'http://console');
  if (pathname.startsWith(PROFILE_PATH)) return serveProfile(request, response, options.profiles);
  switch (pathname) {
    case '/':
      return send(response, 200, 'text/html; charset=utf-8', page(rows()));
    case '/api/services':
      return send(response, 200, 'application/json', JSON.stringify(rows()));
    case '/api/refusals':
      return send(response, 200, 'application/json', JSON.stringify(await options.refusals()));
    case '/metrics': {
      const format = formatFor(request.headers.accept);
      return send(response, 200, CONTENT_TYPES[format], exposition(await options.metrics(), format));
    }
    case '/healthz':
      return send(response, 200, 'text/plain; charset=utf-8', 'ok\n');
    case '/readyz':
      return sendReadiness(response, options.checks());
    default:
      return send(
        response,
        404,
        'text/plain; charset=utf-8',
        'there is /, /metrics, /healthz, /readyz, /debug/pprof/, /api/services and /api/refusals\n',
      );
  }
}

/**
 * On this machine's own address a page from elsewhere, whose name was made to lead here, must not read what it shows. Where
 * the console is meant for others, they may name it as they like.
 */
function isOurName(host: string, address: string): boolean {
  if (!/^(127\.|::1$|::ffff:127\.)/.test(address)) return true;
  const name = host.replace(/:[0-9]+$/, '');
  return name === 'localhost' || name.endsWith('.localhost') || /^[0-9.]+$|^\[.*\]$/.test(name);
}

function sendReadiness(response: ServerResponse, checks: Readonly<Record<string, string | undefined>>): void {
  const lines = Object.entries(checks).map(([name, fault]) =>
    fault === undefined ? `[+]${name} ok` : `[-]${name} failed: ${fault}`,
  );
  const isReady = Object.values(checks).every((fault) => fault === undefined);
  send(response, isReady ? 200 : 503, 'text/plain; charset=utf-8', `${lines.join('\n')}\n`);
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response
    .writeHead(status, { 'content-type': type, 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' })
    .end(body);
}
