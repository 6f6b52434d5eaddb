// What tests of the whole gateway stand on: a gateway on loopback, applications behind it, a client in front.

import type { IncomingHttpHeaders, IncomingMessage, RequestOptions, Server, ServerResponse } from 'node:http';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { seededRandom, systemClock } from '#base/mod.ts';
import { createMetrics, silentLog } from '#telemetry/mod.ts';
import type { Endpoint, IngressRules, PathRule, Target } from './control.ts';
import { engineTransport } from './engine/mod.ts';
import { nodeTransport } from './node-http/mod.ts';
import type { Gateway, GatewayOptions } from './server.ts';
import { startGateway } from './server.ts';

/** Both homes of the transport port, for suites that must hold over each. */
export const transports = [
  ['node', nodeTransport],
  ['engine', engineTransport],
] as const;

/** A gateway on free ports, on the machine's clock. */
export function gatewayHere(options: Partial<GatewayOptions> = {}): Promise<Gateway> {
  const clock = options.clock ?? systemClock;
  return startGateway({
    ports: { http: 0, internal: 0 },
    host: '127.0.0.1',
    clock,
    random: seededRandom(1),
    log: silentLog,
    metrics: createMetrics(),
    transport: nodeTransport(clock),
    ...options,
  });
}

export interface App {
  readonly server: Server;
  readonly port: number;
  readonly endpoint: Endpoint;
  close(): Promise<void>;
}

/** An application that listens. */
export async function appHere(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
  id = 'app',
  port = 0,
): Promise<App> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const { port: bound } = server.address() as AddressInfo;
  return {
    server,
    port: bound,
    endpoint: { id, host: '127.0.0.1', port: bound, state: 'ready' },
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => void server.close(() => resolve()));
    },
  };
}

/** A target with usual settings. */
export function targetOf(endpoints: readonly Endpoint[], change: Partial<Target> = {}): Target {
  return {
    namespace: 'default',
    name: 'hello-00001',
    concurrency: 0,
    timeoutMs: 300_000,
    protocol: 'http1',
    endpoints,
    ...change,
  };
}

/** An ingress with one external host whose root leads to a target. */
export function ingressTo(host: string, target: string, path: Partial<PathRule> = {}): IngressRules {
  return {
    rules: [
      { hosts: [host], visibility: 'external', paths: [{ prefix: '/', splits: [{ target, percent: 100 }], ...path }] },
    ],
  };
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly trailers: NodeJS.Dict<string>;
}

/** One request on a connection of its own. */
export function ask(
  port: number,
  { body, host = 'hello.test', ...options }: RequestOptions & { body?: string; host?: string } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { host, ...(options.headers as Record<string, string> | undefined) };
    const outgoing = request({ agent: false, ...options, headers, host: '127.0.0.1', port }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: text,
          trailers: response.trailers,
        }),
      );
      response.on('error', reject);
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
