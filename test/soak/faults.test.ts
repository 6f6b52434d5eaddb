// Endpoints that fail in every way, and what their clients see: nothing is lost that could be kept, and nothing sent twice that must not be.

import { readFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:http';
import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import { systemClock } from '#base/mod.ts';
import type { Endpoint } from '#gateway/mod.ts';
import { engineTransport, nodeTransport } from '#gateway/mod.ts';
import { afterEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { gatewayHere, ingressTo, targetOf } from '../../src/gateway/gateway.fixture.ts';

interface Case {
  readonly why: string;
  readonly endpoint: keyof typeof DOINGS | 'closed';
  readonly method: 'GET' | 'POST';
  readonly second?: boolean;
  /** One request goes before, so that a connection is kept. */
  readonly warm?: boolean;
  readonly status: number;
  readonly body?: string;
  readonly heard: number;
  readonly other?: number;
}

const TIMEOUT_MS = 600;
const cases = parse(await readFile(new URL('faults.cases.yaml', import.meta.url), 'utf8')) as Case[];

const answer = (body: string) => `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

/** What is done with a connection once the nth head of the endpoint has come. */
const DOINGS = {
  silent: () => {},
  reset: (socket: Socket) => void socket.resetAndDestroy(),
  close: (socket: Socket) => void socket.end(),
  'half-head': (socket: Socket) => void socket.end('HTTP/1.1 200 O'),
  'half-body': (socket: Socket) => void socket.end('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf'),
  'half-chunk': (socket: Socket) => void socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf'),
  noise: (socket: Socket) => void socket.end('220 mail.test ESMTP\r\n'),
  twice: (socket: Socket) => void socket.write(answer('one') + answer('two')),
  early: (socket: Socket) =>
    void socket.end('HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 6\r\n\r\nenough'),
  'second-dies': (socket: Socket, nth: number) => {
    if (nth === 2) socket.destroy();
    else socket.write(answer('one'));
  },
  drip: (socket: Socket) => {
    const letters = 'HTTP/1.1 200 OK and so on, for longer than anybody waits'.split('');
    const next = () => {
      const letter = letters.shift();
      if (letter === undefined || socket.destroyed) return;
      socket.write(letter);
      setTimeout(next, 50);
    };
    next();
  },
} satisfies Record<string, (socket: Socket, nth: number) => void>;

describe.each([
  ['node', nodeTransport],
  ['engine', engineTransport],
] as const)('over %s', (_transport, make) => {
  const closers: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });

  /** An endpoint that counts the heads it hears. */
  async function endpoint(id: string, act: (socket: Socket, nth: number) => void) {
    const heard = { count: 0 };
    const sockets = new Set<Socket>();
    const server: Server = createServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.setEncoding('latin1').on('data', (text: string) => {
        if (/^(?:GET|POST) /.test(text)) act(socket, ++heard.count);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const close = () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    };
    closers.push(close);
    return { heard, close, endpoint: { id, host: '127.0.0.1', port, state: 'ready' } satisfies Endpoint };
  }

  function ask(port: number, method: string): Promise<{ status: number; body: string }> {
    return new Promise((resolve) => {
      let body = '';
      const broken = () => resolve({ status: 0, body });
      const outgoing = request({ host: '127.0.0.1', port, method, headers: { host: 'hello.test' }, agent: false });
      outgoing.on('error', broken);
      outgoing.on('response', (response: IncomingMessage) => {
        response.setEncoding('utf8').on('data', (text: string) => (body += text));
        response.on('error', broken);
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
      });
      if (method === 'POST') outgoing.write('upload');
      outgoing.end();
    });
  }

  it.each(cases.map((one) => [one.why, one] as const))('%s', async (_, one) => {
    const doing = one.endpoint === 'closed' ? () => {} : DOINGS[one.endpoint];
    const first = await endpoint('first', doing);
    if (one.endpoint === 'closed') first.close();
    const second = await endpoint('second', (socket) => void socket.write(answer('other')));
    const gateway = await gatewayHere({ ports: { http: 0 }, transport: make(systemClock) });
    closers.push(() => gateway.close(0));
    const { port } = gateway.address.http;
    const endpoints = [first.endpoint, ...(one.second ? [second.endpoint] : [])];
    // Endpoints are filled in their order, so that the first is asked first.
    await gateway.control.setTarget('t', targetOf(endpoints, { concurrency: 1, timeoutMs: TIMEOUT_MS }));
    await gateway.control.setIngress('i', ingressTo('hello.test', 't'));
    if (one.warm) await ask(port, 'GET');
    const { status, body } = await ask(port, one.method);
    expect([status, first.heard.count, second.heard.count]).toEqual([one.status, one.heard, one.other ?? 0]);
    if (one.body !== undefined) expect(body).toBe(one.body);
    // Whatever the endpoint did, its slot is free again: nothing is left in flight.
    expect(await gateway.control.drain('first', 1000)).toEqual({ left: 0 });
  });
});
