// What passes through from protocol to protocol: hints, events, streams, trailers, cancellations, and the forms of a target.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { request } from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';
import { connect as connectHttp2, createServer as createHttp2 } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { systemClock } from '#base/mod.ts';
import { afterEach, describe, expect, it } from 'vitest';
import type { Target } from './control.ts';
import { appHere, ask, gatewayHere, ingressTo, targetOf, transports } from './gateway.fixture.ts';

/** RFC 9113 §6.8. */
const GOAWAY = 7;

/** The type of each frame (RFC 9113 §4.1). */
function frameTypes(bytes: Buffer): number[] {
  const types: number[] = [];
  for (let at = 0; at + 9 <= bytes.length; at += 9 + bytes.readUIntBE(at, 3)) types.push(bytes[at + 3] ?? -1);
  return types;
}

describe.each(transports)('over %s', (_transport, make) => {
  const closers: (() => Promise<unknown> | void)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });

  /** A gateway with one application behind `hello.test`; gives its ports. */
  async function before(
    port: number,
    change: Partial<Target> = {},
  ): Promise<{ http: number; internal: number; drain: (ms: number) => Promise<{ left: number }> }> {
    const gate = await gatewayHere({ transport: make(systemClock) });
    closers.push(() => gate.close(0));
    await gate.control.setTarget('t', targetOf([{ id: 'app', host: '127.0.0.1', port, state: 'ready' }], change));
    await gate.control.setIngress('i', ingressTo('hello.test', 't'));
    return {
      http: gate.address.http.port,
      internal: gate.address.internal?.port ?? 0,
      drain: (ms) => gate.control.drain('app', ms),
    };
  }

  async function http1App(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<number> {
    const app = await appHere(answer);
    closers.push(() => app.close());
    return app.port;
  }

  async function http2App(answer: (stream: ServerHttp2Stream, headers: Record<string, unknown>) => void) {
    const server = createHttp2();
    server.on('stream', (stream: ServerHttp2Stream, headers) => {
      stream.on('error', () => {});
      answer(stream, headers);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closers.push(() => void server.close());
    return (server.address() as AddressInfo).port;
  }

  function session(port: number) {
    const made = connectHttp2(`http://127.0.0.1:${port}`);
    closers.push(() => made.destroy());
    return made;
  }

  const h2c = { protocol: 'h2c' } as const;

  it.each([
    ['goes wrong after its first line', 'PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n'],
    ['is none, though it begins like one', 'PRINT / HTTP/1.1\r\nHost: hello.test\r\n\r\n'],
    ['is followed by what are no frames', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nabcdefghijklmnop'],
  ])('a preface of HTTP/2 that %s is answered with GOAWAY, and the connection is closed', async (_how, bytes) => {
    const { http } = await before(await http1App((_request, response) => response.end()));
    const socket = connect(http, '127.0.0.1', () => socket.write(bytes));
    closers.push(() => void socket.destroy());
    const chunks: Buffer[] = [];
    for await (const chunk of socket as AsyncIterable<Buffer>) chunks.push(chunk);
    expect(frameTypes(Buffer.concat(chunks))).toContain(GOAWAY);
  });
  const hints = '</style.css>; rel=preload';

  it('early hints come before the answer, over each pair of protocols', async () => {
    const first = await http1App((_request, response) => {
      response.writeEarlyHints({ link: hints });
      response.end('page');
    });
    const second = await http2App((stream) => {
      stream.additionalHeaders({ ':status': 103, link: hints });
      stream.respond({ ':status': 200 });
      stream.end('page');
    });
    for (const [port, change] of [
      [first, {}],
      [second, h2c],
    ] as const) {
      const { http } = await before(port, change);
      const asked = request({ host: '127.0.0.1', port: http, headers: { host: 'hello.test' }, agent: false }).end();
      const informed = new Promise<IncomingMessage>((resolve) =>
        asked.once('information', resolve as (info: unknown) => void),
      );
      const answered = new Promise<IncomingMessage>((resolve) => asked.once('response', resolve));
      expect((await informed).headers).toMatchObject({ link: hints });
      expect((await (await answered).setEncoding('utf8').toArray()).join('')).toBe('page');

      const stream = session(http).request({ ':path': '/', ':authority': 'hello.test' });
      const early = new Promise<Record<string, unknown>>((resolve) => stream.once('headers', resolve));
      expect(await early).toMatchObject({ ':status': 103, link: hints });
      expect((await stream.setEncoding('utf8').toArray()).join('')).toBe('page');
    }
  });

  it('what an unnamed port speaks is found out, once, and changes wait for that', async () => {
    const second = await http2App((stream) => {
      stream.respond({ ':status': 200 });
      stream.end('by HTTP/2');
    });
    const first = await http1App((_request, response) => response.end('by HTTP/1'));
    const gate = await gatewayHere({ transport: make(systemClock) });
    closers.push(() => gate.close(0));
    const { control } = gate;
    await control.setIngress('i', ingressTo('hello.test', 't'));
    await control.setTarget('t', targetOf([], { detectsHttp2: true }));
    for (const [port, body] of [
      [second, 'by HTTP/2'],
      [first, 'by HTTP/1'],
    ] as const) {
      const endpoint = { id: body, host: '127.0.0.1', port, state: 'ready' as const };
      void control.setTarget('t', targetOf([endpoint], { detectsHttp2: true }));
      await control.setTarget('t', targetOf([endpoint], { detectsHttp2: true, concurrency: 7 }));
      expect(await ask(gate.address.http.port)).toMatchObject({ status: 200, body });
      await control.setTarget('t', undefined);
    }
  });

  it('each event of a stream arrives before the next is sent', async () => {
    let next: (() => void) | undefined;
    const { http } = await before(
      await http1App((_request, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        let count = 0;
        next = () => (count === 3 ? response.end() : response.write(`data: ${count++}\n\n`));
        next();
      }),
    );
    const asked = request({ host: '127.0.0.1', port: http, headers: { host: 'hello.test' }, agent: false }).end();
    const response = await new Promise<IncomingMessage>((resolve) => asked.once('response', resolve));
    const events: string[] = [];
    for await (const event of response.setEncoding('utf8')) {
      events.push(String(event));
      next?.();
    }
    expect(events).toEqual(['data: 0\n\n', 'data: 1\n\n', 'data: 2\n\n']);
  });

  it('a stream of gRPC goes back and forth, and its cancellation reaches the application', async () => {
    const cancelled = Promise.withResolvers<number>();
    const { http } = await before(
      await http2App((stream, headers) => {
        stream.respond({
          ':status': 200,
          'content-type': 'application/grpc',
          'x-timeout': String(headers['grpc-timeout']),
        });
        stream.on('data', (chunk: Buffer) => void stream.write(`re:${chunk.toString()}`));
        stream.once('close', () => cancelled.resolve(stream.rstCode));
      }),
      h2c,
    );
    const stream = session(http).request({
      ':method': 'POST',
      ':path': '/echo.Echo/Talk',
      ':authority': 'hello.test',
      te: 'trailers',
      'grpc-timeout': '5S',
    });
    stream.on('error', () => {});
    const head = new Promise<Record<string, unknown>>((resolve) => stream.once('response', resolve));
    stream.setEncoding('utf8').write('one');
    expect(await head).toMatchObject({ 'x-timeout': '5S' });
    const answers = stream[Symbol.asyncIterator]();
    expect((await answers.next()).value).toBe('re:one');
    stream.write('two');
    expect((await answers.next()).value).toBe('re:two');
    stream.close(8);
    expect(await cancelled.promise).toBe(8);
  });

  it('an answer of trailers only, as gRPC refuses, stays one', async () => {
    const { http } = await before(
      await http2App((stream) => {
        stream.respond(
          { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '12' },
          { endStream: true },
        );
      }),
      h2c,
    );
    const stream = session(http).request({ ':method': 'POST', ':path': '/none', ':authority': 'hello.test' });
    const head = new Promise<[Record<string, unknown>, number]>((resolve) =>
      stream.once('response', (fields, flags) => resolve([fields, flags])),
    );
    stream.end('x');
    const [fields, flags] = await head;
    expect([fields['grpc-status'], flags & 1]).toEqual(['12', 1]);
    stream.resume();
  });

  it('trailers cross from HTTP/2 to HTTP/1 and back', async () => {
    const { http } = await before(
      await http1App((incoming, response) => {
        incoming.resume().on('end', () => {
          response.writeHead(200, { trailer: 'x-sum' });
          response.addTrailers({ 'x-sum': incoming.trailers['x-sent'] ?? 'none' });
          response.end('ok');
        });
      }),
    );
    const stream = session(http).request(
      { ':method': 'POST', ':path': '/', ':authority': 'hello.test', trailer: 'x-sent' },
      { waitForTrailers: true },
    );
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sent': 'mine' }));
    const trailers = new Promise<Record<string, unknown>>((resolve) => stream.once('trailers', resolve));
    stream.end('body');
    expect((await stream.setEncoding('utf8').toArray()).join('')).toBe('ok');
    expect(await trailers).toMatchObject({ 'x-sum': 'mine' });
  });

  it('HEAD has the head of a GET and no body, over HTTP/2 as well', async () => {
    const { http } = await before(
      await http1App((incoming, response) => {
        response.writeHead(200, { 'content-length': '5', 'x-method': incoming.method });
        response.end('hello');
      }),
    );
    expect(await ask(http, { method: 'HEAD' })).toMatchObject({
      status: 200,
      body: '',
      headers: { 'content-length': '5', 'x-method': 'HEAD' },
    });
    const stream = session(http).request({ ':method': 'HEAD', ':path': '/', ':authority': 'hello.test' });
    const head = new Promise<Record<string, unknown>>((resolve) => stream.once('response', resolve));
    expect(await head).toMatchObject({ ':status': 200, 'content-length': '5' });
    expect(await stream.toArray()).toEqual([]);
  });

  it.each([
    ['absolute', 'GET http://hello.test:80/a?b HTTP/1.1\r\nHost: other.test', '/a?b hello.test:80'],
    ['absolute without a path', 'GET http://hello.test?b HTTP/1.1\r\nHost: other.test', '/?b hello.test'],
    ['that asks the server itself', 'OPTIONS * HTTP/1.1\r\nHost: hello.test', undefined],
    ['with dots, which are left as they are', 'GET /a/../b//c HTTP/1.1\r\nHost: hello.test', '/a/../b//c hello.test'],
  ])('a target in the form %s', async (_, head, expected) => {
    const { http } = await before(
      await http1App((incoming, response) => response.end(`${incoming.url} ${incoming.headers.host}`)),
    );
    const socket = connect(http, '127.0.0.1').setEncoding('latin1');
    socket.write(`${head}\r\nConnection: close\r\n\r\n`);
    const seen = (await socket.toArray()).join('');
    if (expected) expect(seen.split('\r\n\r\n')[1]).toContain(expected);
    else expect(seen).toMatch(/^HTTP\/1\.1 404 /);
  });

  it('while a body still comes the answer may go, at full duplex, and end before it', async () => {
    const { http } = await before(await http1App((_incoming, response) => response.writeHead(413).end('too much')));
    const asked = request({
      host: '127.0.0.1',
      port: http,
      method: 'POST',
      headers: { host: 'hello.test' },
      agent: false,
    });
    asked.on('error', () => {});
    asked.write('some');
    const response = await new Promise<IncomingMessage>((resolve) => asked.once('response', resolve));
    expect([response.statusCode, (await response.setEncoding('utf8').toArray()).join('')]).toEqual([413, 'too much']);
    asked.destroy();
  });
});
