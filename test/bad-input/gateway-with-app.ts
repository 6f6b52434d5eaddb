// A gateway with one application behind `hello.test`, which notes what reaches it.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '#base/mod.ts';
import { systemClock } from '#base/mod.ts';
import type { Gateway, Transport } from '#gateway/mod.ts';
import { gatewayHere, ingressTo, targetOf } from '../../src/gateway/gateway.fixture.ts';

export interface Sink {
  readonly gateway: Gateway;
  readonly port: number;
  /** "METHOD target body" of each request that came whole. */
  readonly reached: string[];
  /** Names of fields that came with them and are none of the gateway's own or usual ones. */
  readonly fields: string[];
  close(): Promise<void>;
}

const USUAL = new Set([
  'host',
  'connection',
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-proto',
  'content-length',
  'transfer-encoding',
]);

export async function gatewayWithApp(make: (clock: Clock) => Transport): Promise<Sink> {
  const reached: string[] = [];
  const fields: string[] = [];
  const app = createServer((request: IncomingMessage, response: ServerResponse) => {
    fields.push(...Object.keys(request.headers).filter((name) => !USUAL.has(name)));
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => (body += chunk));
    request.on('error', () => {});
    request.on('end', () => {
      reached.push(`${request.method} ${request.url} ${body}`);
      response.end('ok');
    });
  });
  await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve));
  const gateway = await gatewayHere({
    ports: { http: 0 },
    transport: make(systemClock),
    limits: { maxHeadBytes: 16_384, headTimeoutMs: 300, lingerMs: 100 },
  });
  const { port } = app.address() as AddressInfo;
  const endpoint = { id: 'app', host: '127.0.0.1', port, state: 'ready' } as const;
  await gateway.control.setTarget('t', targetOf([endpoint], { timeoutMs: 10_000 }));
  await gateway.control.setIngress('i', ingressTo('hello.test', 't'));
  return {
    gateway,
    port: gateway.address.http.port,
    reached,
    fields,
    async close() {
      await gateway.close(0);
      app.closeAllConnections();
      app.close();
    },
  };
}
