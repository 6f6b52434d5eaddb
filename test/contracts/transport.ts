// What any home of the gateway's transport port owes. A home calls `transportContract` with a maker; clients and endpoints
// here are raw sockets, so that each byte of the conversation is the test's own.

import type { Server, Socket } from 'node:net';
import { connect, createServer, Server as NetServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { connect as connectHttp2 } from 'node:http2';
import type { Duplex } from 'node:stream';
import type { Clock } from '#base/mod.ts';
import { systemClock } from '#base/mod.ts';
import type {
  ClientEngine,
  Exchange,
  Listening,
  RawHeaders,
  ResponseHead,
  Transport,
  UpstreamFailure,
  UpstreamRequest,
} from '#gateway/mod.ts';
import { DEFAULT_LIMITS, Fields } from '#gateway/mod.ts';
import { afterEach, describe, expect, it, vi } from 'vitest';

export function transportContract(name: string, make: (clock: Clock) => Transport): void {
  const closers: (() => Promise<unknown> | void)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });

  /** A server that hands each exchange to `serve`. */
  async function server(serve: (exchange: Exchange) => void): Promise<Listening> {
    const listening = await make(systemClock).listen(
      { host: '127.0.0.1', port: 0, limits: { ...DEFAULT_LIMITS, lingerMs: 100 }, onRefused: () => {} },
      serve,
    );
    closers.push(() => listening.close(0));
    return listening;
  }

  function client(): ClientEngine {
    const engine = make(systemClock).client();
    closers.push(() => engine.close());
    return engine;
  }

  function dial(port: number): Wire {
    const wire = new Wire(connect(port, '127.0.0.1'));
    closers.push(() => wire.cut());
    return wire;
  }

  /** An endpoint that is written by hand; `wires` are its connections in order. */
  async function endpoint(): Promise<Endpoint> {
    const made = new Endpoint();
    await made.listen();
    closers.push(() => made.close());
    return made;
  }

  describe(`${name}: exchanges`, () => {
    it('tell the head as it came', async () => {
      const seen = Promise.withResolvers<Exchange>();
      const { port } = await server((exchange) => {
        seen.resolve(exchange);
        exchange.respond({ status: 200, headers: ['Content-Length', '0'] }, true);
      });
      const wire = dial(port);
      wire.send('DELETE /a%20b?c=d HTTP/1.1\r\nHost: Hello.test:80\r\nx-B: 1\r\nX-a:  2 \r\nx-B: 3\r\n\r\n');
      await wire.until('\r\n\r\n');
      const { method, target, authority, version, scheme, headers, remoteAddress, bodyLength, upgrade } =
        await seen.promise;
      expect({ method, target, authority, version, scheme, headers, remoteAddress, bodyLength, upgrade }).toEqual({
        method: 'DELETE',
        target: '/a%20b?c=d',
        authority: 'Hello.test:80',
        version: '1.1',
        scheme: 'http',
        headers: ['Host', 'Hello.test:80', 'x-B', '1', 'X-a', '2', 'x-B', '3'],
        remoteAddress: '127.0.0.1',
        bodyLength: 0,
        upgrade: undefined,
      });
    });

    it('go on after accepting has failed once', async () => {
      const listen = vi.spyOn(NetServer.prototype, 'listen');
      const { port } = await server((exchange) =>
        exchange.respond({ status: 200, headers: ['Content-Length', '0'] }, true),
      );
      const [accepting] = listen.mock.contexts as NetServer[];
      listen.mockRestore();
      accepting?.emit('error', new Error('accept EMFILE'));
      const wire = dial(port);
      wire.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      await wire.until('HTTP/1.1 200');
    });

    it('keep the connection, and the order of what was sent ahead', async () => {
      const { port } = await server((exchange) => {
        exchange.respond(
          { status: 200, reason: 'Fine', headers: ['Content-Length', '2', 'x-At', exchange.target] },
          false,
        );
        exchange.write(Buffer.from('ok'));
        exchange.end();
      });
      const wire = dial(port);
      wire.send('GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n');
      await wire.until('ok', 2);
      wire.send('GET /3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
      await wire.ended();
      expect([...wire.seen.matchAll(/x-At: (.*)\r\n/g)].map(([, at]) => at)).toEqual(['/1', '/2', '/3']);
      expect(wire.seen).toMatch(/^HTTP\/1\.1 200 Fine\r\n/);
    });

    it.each([
      ['a length', 'Content-Length: 5\r\n\r\nhello', 5, []],
      [
        'chunks',
        'Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\nX-Sum: 1\r\n\r\n',
        undefined,
        ['X-Sum', '1'],
      ],
    ])('bring a body by %s', async (_, rest, length, trailers) => {
      const got = Promise.withResolvers<[string, RawHeaders]>();
      const { port } = await server((exchange) => {
        expect(exchange.bodyLength).toBe(length);
        let text = '';
        exchange.body.start({
          data: (chunk) => (text += Buffer.from(chunk).toString()),
          end: (fields) => got.resolve([text, fields]),
          failed: got.reject,
        });
      });
      dial(port).send(`POST / HTTP/1.1\r\nHost: a\r\n${rest}`);
      expect(await got.promise).toEqual(['hello', trailers]);
    });

    it('ask for a body only once it is wanted', async () => {
      const arrived = Promise.withResolvers<Exchange>();
      const { port } = await server(arrived.resolve);
      const wire = dial(port);
      wire.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n');
      const exchange = await arrived.promise;
      expect(wire.seen).toBe('');
      const ended = Promise.withResolvers<void>();
      exchange.body.start({ data: () => {}, end: () => ended.resolve(), failed: ended.reject });
      await wire.until('HTTP/1.1 100 Continue\r\n\r\n');
      wire.send('body');
      await ended.promise;
      exchange.respond({ status: 204, headers: [] }, true);
      await wire.until('HTTP/1.1 204');
    });

    it('hold a client back that sends faster than is read, and go on', async () => {
      const total = 16 * 1024 * 1024;
      const arrived = Promise.withResolvers<Exchange>();
      const { port } = await server(arrived.resolve);
      const wire = dial(port);
      wire.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${total}\r\n\r\n`);
      wire.send(Buffer.alloc(total));
      const { body } = await arrived.promise;
      let got = 0;
      const first = Promise.withResolvers<void>();
      const all = Promise.withResolvers<void>();
      body.start({
        data: (chunk) => {
          if (got === 0) body.pause();
          got += chunk.length;
          first.resolve();
        },
        end: () => all.resolve(),
        failed: all.reject,
      });
      await first.promise;
      await turns(50);
      expect(got).toBeLessThan(total / 2);
      body.resume();
      await all.promise;
      expect(got).toBe(total);
    });

    it('say when a client reads slower than is written, and when it has caught up', async () => {
      const drained = Promise.withResolvers<void>();
      const full = Promise.withResolvers<void>();
      const { port } = await server((exchange) => {
        exchange.respond({ status: 200, headers: [] }, false);
        const chunk = Buffer.alloc(1024 * 1024);
        let sent = 0;
        while (exchange.write(chunk) && sent < 64) sent++;
        expect(sent).toBeLessThan(64);
        full.resolve();
        exchange.onDrain(() => {
          drained.resolve();
          exchange.end();
        });
      });
      const wire = dial(port);
      wire.socket.pause();
      wire.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
      await full.promise;
      wire.socket.resume();
      await drained.promise;
      await wire.ended();
    });

    it.each([
      [
        'chunks where no length is given',
        'GET',
        '1.1',
        [],
        'hi',
        /^HTTP\/1\.1 200 OK\r\n[^]*Transfer-Encoding: chunked\r\n[^]*\r\n2\r\nhi\r\n0\r\n\r\n$/i,
      ],
      ['to the end where the client knows no chunks', 'GET', '1.0', [], 'hi', /^(?![^]*chunked)[^]*\r\n\r\nhi$/i],
      ['as long as told', 'GET', '1.1', ['Content-Length', '2'], 'hi', /Content-Length: 2\r\n[^]*\r\nhi$/i],
      [
        'not at all for HEAD, though its length is told',
        'HEAD',
        '1.1',
        ['Content-Length', '2'],
        undefined,
        /Content-Length: 2\r\n(?:[^\r]+\r\n)*\r\n$/i,
      ],
    ])('send a body %s', async (_, method, version, headers, text, expected) => {
      const { port } = await server((exchange) => {
        exchange.respond({ status: 200, headers }, text === undefined);
        if (text === undefined) return;
        exchange.write(Buffer.from(text));
        exchange.end();
      });
      const wire = dial(port);
      wire.send(`${method} / HTTP/${version}\r\nHost: a\r\nConnection: close\r\n\r\n`);
      await wire.ended();
      expect(wire.seen).toMatch(expected);
    });

    it('send the head at once, and trailers at the end', async () => {
      const goOn = Promise.withResolvers<void>();
      const { port } = await server((exchange) => {
        exchange.respond({ status: 200, headers: ['Trailer', 'X-Sum'] }, false);
        expect([exchange.headSent, exchange.extensible]).toEqual([true, true]);
        void goOn.promise.then(() => exchange.end(['X-Sum', '1']));
      });
      const wire = dial(port);
      wire.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      await wire.until('\r\n\r\n');
      goOn.resolve();
      await wire.until('0\r\nX-Sum: 1\r\n\r\n');
    });

    it.each([
      [
        'a client that knows them',
        '1.1',
        /^HTTP\/1\.1 103 Early Hints\r\nLink: <\/a>; rel=preload\r\n\r\nHTTP\/1\.1 200/i,
      ],
      ['a client of HTTP/1.0, which does not', '1.0', /^HTTP\/1\.1 200/],
    ])('pass interim answers to %s', async (_, version, expected) => {
      const { port } = await server((exchange) => {
        exchange.inform({ status: 103, headers: ['Link', '</a>; rel=preload'] });
        exchange.respond({ status: 200, headers: ['Content-Length', '0'] }, true);
        exchange.inform({ status: 103, headers: ['Link', 'too late'] });
      });
      const wire = dial(port);
      wire.send(`GET / HTTP/${version}\r\nHost: a\r\nConnection: close\r\n\r\n`);
      await wire.ended();
      expect(wire.seen).toMatch(expected);
      expect(wire.seen).not.toContain('too late');
    });

    it('are answered though the client has said that it sends nothing more', async () => {
      const { port } = await server((exchange) =>
        setImmediate(() => exchange.respond({ status: 200, headers: ['Content-Length', '0'] }, true)),
      );
      const wire = dial(port);
      wire.socket.end('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      await wire.ended();
      expect(wire.seen).toMatch(/^HTTP\/1\.1 200/);
    });

    it.each([
      [true, (exchange: Exchange) => exchange.respond({ status: 200, headers: [] }, true)],
      [false, (exchange: Exchange) => exchange.abort()],
      [
        false,
        (exchange: Exchange, wire: () => Wire) => (
          exchange.respond({ status: 200, headers: [] }, false), exchange.write(Buffer.from('x')), wire().cut()
        ),
      ],
    ])('say once that they are over; complete: %s', async (complete, act) => {
      const over = Promise.withResolvers<boolean>();
      let times = 0;
      const { port } = await server((exchange) => {
        exchange.onClosed((value) => {
          times++;
          over.resolve(value);
        });
        act(exchange, () => wire);
      });
      const wire = dial(port);
      wire.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      expect(await over.promise).toBe(complete);
      wire.cut();
      await turns(20);
      expect(times).toBe(1);
    });

    it('tell of a client that leaves within its body', async () => {
      const failed = Promise.withResolvers<Error>();
      const { port } = await server((exchange) => {
        exchange.body.start({
          data: () => wire.cut(),
          end: () => failed.reject(new Error('ended')),
          failed: failed.resolve,
        });
      });
      const wire = dial(port);
      wire.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf');
      expect(await failed.promise).toBeInstanceOf(Error);
    });

    it('hand over an upgraded connection with what came early', async () => {
      const { port } = await server((exchange) => {
        expect(exchange.upgrade).toBe('echo');
        const pipe = exchange.switchProtocols(['X-A', '1']);
        pipe.pipe(pipe);
      });
      const wire = dial(port);
      wire.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: echo\r\n\r\nearly');
      await wire.until('early');
      expect(wire.seen).toMatch(/^HTTP\/1\.1 101 [^]*Upgrade: echo\r\n/);
      expect(wire.seen).toMatch(/X-A: 1\r\n/);
      wire.send('later');
      await wire.until('later');
    });

    it.each([
      ['h2c', 'Upgrade: h2c\r\n'],
      ['one with a body', 'Upgrade: echo\r\nContent-Length: 2\r\n'],
      ['one that Connection does not name', 'Upgrade: echo\r\nConnection: close\r\n'],
    ])('take no part in an upgrade to %s', async (_, fields) => {
      const { port } = await server((exchange) =>
        exchange.respond(
          { status: 200, headers: ['X-Upgrade', exchange.upgrade ?? 'none', 'Content-Length', '0'] },
          true,
        ),
      );
      const wire = dial(port);
      wire.send(
        `GET / HTTP/1.1\r\nHost: a\r\n${fields.includes('close') ? '' : 'Connection: Upgrade\r\n'}${fields}\r\nhi`,
      );
      await wire.until('X-Upgrade: none\r\n');
    });

    it('speak HTTP/2 on the same port to a client that begins so', async () => {
      const { port } = await server((exchange) => {
        const { version, method, target, authority, headers, bodyLength } = exchange;
        exchange.respond(
          {
            status: 200,
            headers: ['X-Seen', JSON.stringify({ version, method, target, authority, headers, bodyLength })],
          },
          false,
        );
        exchange.body.start({
          data: (chunk) => void exchange.write(chunk),
          end: (trailers) => exchange.end(trailers),
          failed: () => exchange.abort(),
        });
      });
      const session = connectHttp2(`http://127.0.0.1:${port}`);
      closers.push(() => session.destroy());
      const stream = session.request(
        { ':method': 'POST', ':path': '/p?q', ':authority': 'a.test', 'x-a': '1' },
        { waitForTrailers: true },
      );
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': '1' }));
      const head = new Promise<Record<string, unknown>>((resolve) => stream.once('response', resolve));
      const trailers = new Promise<Record<string, unknown>>((resolve) => stream.once('trailers', resolve));
      stream.end('hello');
      const { 'x-seen': seen } = await head;
      expect(JSON.parse(String(seen))).toEqual({
        version: '2',
        method: 'POST',
        target: '/p?q',
        authority: 'a.test',
        headers: ['x-a', '1'],
      });
      expect((await stream.setEncoding('utf8').toArray()).join('')).toBe('hello');
      expect(await trailers).toMatchObject({ 'x-sum': '1' });
    });

    it('end with their server: idle connections go at once, busy ones after their answer', async () => {
      const arrived = Promise.withResolvers<Exchange>();
      const listening = await server((exchange) =>
        exchange.target === '/busy' ? arrived.resolve(exchange) : exchange.respond({ status: 204, headers: [] }, true),
      );
      const idle = dial(listening.port);
      idle.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      await idle.until('204');
      const silent = dial(listening.port);
      const busy = dial(listening.port);
      busy.send('GET /busy HTTP/1.1\r\nHost: a\r\n\r\n');
      const exchange = await arrived.promise;
      const closed = listening.close(60_000);
      await Promise.all([idle.ended(), silent.ended()]);
      exchange.respond({ status: 204, headers: [] }, true);
      await busy.ended();
      expect(busy.seen).toMatch(/204[^]*Connection: close/i);
      await closed;
    });

    it('are cut when the grace is over', async () => {
      const arrived = Promise.withResolvers<void>();
      const listening = await server(() => arrived.resolve());
      const wire = dial(listening.port);
      wire.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
      await arrived.promise;
      await listening.close(10);
      await wire.ended();
    });
  });

  describe(`${name}: requests to endpoints`, () => {
    const usual = (port: number, change: Partial<UpstreamRequest> = {}): UpstreamRequest => ({
      host: '127.0.0.1',
      port,
      protocol: 'http1',
      method: 'GET',
      target: '/',
      authority: 'a.test',
      fields: Fields.of([]),
      bodyLength: 0,
      fresh: false,
      ...change,
    });

    it('are written as given', async () => {
      const far = await endpoint();
      const heard = new Heard();
      const stream = client().send(
        usual(far.port, { method: 'POST', target: '/p?q', fields: Fields.of(['x-B', '1', 'X-a', '2']), bodyLength: 4 }),
        heard,
      );
      await heard.isReady;
      stream.write(Buffer.from('body'));
      stream.end();
      const wire = await far.next();
      await wire.until('\r\n\r\nbody');
      const [first, ...fields] = wire.seen.slice(0, wire.seen.indexOf('\r\n\r\n')).split('\r\n');
      expect(first).toBe('POST /p?q HTTP/1.1');
      for (const field of ['Host: a.test', 'x-B: 1', 'X-a: 2', 'Content-Length: 4']) expect(fields).toContain(field);
    });

    it('go out with their head before their body is there, in chunks where its length is not told', async () => {
      const far = await endpoint();
      const heard = new Heard();
      const stream = client().send(usual(far.port, { method: 'POST', bodyLength: undefined }), heard);
      const wire = await far.next();
      await wire.until('\r\n\r\n');
      stream.write(Buffer.from('hi'));
      stream.end(['X-Sum', '1']);
      await wire.until('2\r\nhi\r\n0\r\nX-Sum: 1\r\n\r\n');
    });

    it.each<[string, string, string, Partial<Heard['outcome']>, boolean]>([
      [
        'by length',
        'GET',
        'HTTP/1.1 200 Fine\r\nContent-Length: 2\r\nx-B: 1\r\nX-b: 2\r\n\r\nhi',
        { status: 200, reason: 'Fine', body: 'hi' },
        false,
      ],
      [
        'in chunks with trailers',
        'GET',
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX-Sum: 1\r\n\r\n',
        { body: 'hi', trailers: ['X-Sum', '1'] },
        false,
      ],
      ['to the end', 'GET', 'HTTP/1.1 200 OK\r\n\r\nhi', { body: 'hi' }, true],
      ['none at length zero', 'GET', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', { ends: true }, false],
      ['none for HEAD', 'HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n', { ends: true }, false],
      ['none with 204', 'GET', 'HTTP/1.1 204 No Content\r\n\r\n', { status: 204, ends: true }, false],
      [
        'none with 304',
        'GET',
        'HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n',
        { status: 304, ends: true },
        false,
      ],
      [
        'after an interim answer',
        'GET',
        'HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nhi',
        { status: 201, body: 'hi' },
        false,
      ],
    ])('bring a response back: %s', async (_, method, answer, expected, closes) => {
      const far = await endpoint();
      const heard = new Heard();
      client().send(usual(far.port, { method }), heard).end();
      const wire = await far.next();
      await wire.until('\r\n\r\n');
      wire.send(answer);
      if (closes) wire.socket.end();
      await heard.isOver;
      expect(heard.outcome).toMatchObject(expected);
      expect(heard.interim).toEqual(answer.includes(' 103 ') ? [[103, ['Link', 'x']]] : []);
    });

    it('bring the fields of a response back without those that are for one connection only', async () => {
      const far = await endpoint();
      const heard = new Heard();
      client().send(usual(far.port), heard).end();
      const wire = await far.next();
      await wire.until('\r\n\r\n');
      const hops =
        'X-Hop: 1\r\nKeep-Alive: timeout=5\r\nconnection: keep-alive, x-hop\r\nTransfer-Encoding: chunked\r\n';
      wire.send(
        `HTTP/1.1 103 Early Hints\r\nKeep-Alive: 1\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nx-B:1\r\n${hops}X-b: 2 \r\n\r\n0\r\n\r\n`,
      );
      await heard.isOver;
      expect(heard.outcome.headers).toEqual(['x-B', '1', 'X-b', '2']);
      expect(heard.interim).toEqual([[103, ['Link', 'x']]]);
    });

    it('bring a big response back as fast as it is taken', async () => {
      const far = await endpoint();
      const total = 16 * 1024 * 1024;
      let paused = true;
      const heard = new Heard(() => {
        if (paused) stream.pause();
      });
      const stream = client().send(usual(far.port), heard);
      stream.end();
      const wire = await far.next();
      wire.send(`HTTP/1.1 200 OK\r\nContent-Length: ${total}\r\n\r\n`);
      wire.send(Buffer.alloc(total));
      await heard.hasData;
      await turns(50);
      expect(heard.bytes).toBeLessThan(total / 2);
      paused = false;
      stream.resume();
      await heard.isOver;
      expect(heard.bytes).toBe(total);
    });

    it('share a connection one after the other, unless a fresh one is wanted or the endpoint is forgotten', async () => {
      const far = await endpoint();
      const engine = client();
      const ask = async (change: Partial<UpstreamRequest> = {}) => {
        const heard = new Heard();
        engine.send(usual(far.port, change), heard).end();
        await heard.isOver;
        await turns(10);
        return heard.outcome.body;
      };
      far.answer = (nth) => `HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n${nth}`;
      expect([await ask(), await ask(), await ask({ fresh: true }), await ask()]).toEqual(['1', '1', '2', '1']);
      engine.forget('127.0.0.1', far.port);
      expect(await ask()).toBe('3');
    });

    it.each([
      ['that speaks HTTP/2', (wire: Wire) => wire.send('\0\0\0\x04\0\0\0\0\0'), true],
      ['of HTTP/1', (wire: Wire) => wire.socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n'), false],
      ['that goes', (wire: Wire) => wire.cut(), false],
    ])('tell an endpoint %s', async (_, answer, expected) => {
      const far = await endpoint();
      const asked = client().speaksHttp2('127.0.0.1', far.port);
      const wire = await far.next();
      await wire.until('PRI * HTTP/2.0');
      answer(wire);
      expect(await asked).toBe(expected);
    });

    it('fail before anything is sent where nobody listens', async () => {
      const far = await endpoint();
      await far.close();
      const heard = new Heard();
      client().send(usual(far.port, { method: 'POST', bodyLength: 4 }), heard);
      await heard.isOver;
      expect([heard.failure?.sent, heard.wasReady]).toEqual(['nothing', false]);
      expect(heard.failure?.error.message).toMatch(/ECONNREFUSED/);
    });

    it.each<[string, string | undefined, Partial<Heard['outcome']>]>([
      ['no answer at all', undefined, {}],
      ['half a head', 'HTTP/1.1 200 O', {}],
      ['what is no HTTP', 'hello\r\n\r\n', {}],
      ['half a body', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi', { status: 200, body: 'hi' }],
      ['half a chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhi', { status: 200, body: 'hi' }],
      ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nhi', {}],
      ['two framings', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', {}],
    ])('fail on a new connection that brings %s', async (_, answer, expected) => {
      const far = await endpoint();
      const heard = new Heard();
      client().send(usual(far.port), heard).end();
      const wire = await far.next();
      await wire.until('\r\n\r\n');
      if (answer) wire.send(answer);
      wire.socket.end();
      await heard.isOver;
      expect(heard.failure?.sent).toBe('some');
      expect(heard.outcome).toMatchObject(expected);
    });

    it('tell a connection that had been used and died from one that was new', async () => {
      const far = await endpoint();
      const engine = client();
      far.answer = () => 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';
      const first = new Heard();
      engine.send(usual(far.port), first).end();
      await first.isOver;
      await turns(10);
      far.answer = () => undefined;
      const second = new Heard();
      engine.send(usual(far.port), second).end();
      const wire = await far.next();
      await wire.until('GET', 2);
      wire.cut();
      await second.isOver;
      expect(second.failure?.sent).toBe('reused');
    });

    it('are silent once they are aborted, and the endpoint sees it', async () => {
      const far = await endpoint();
      const heard = new Heard();
      const stream = client().send(usual(far.port), heard);
      stream.end();
      const wire = await far.next();
      await wire.until('\r\n\r\n');
      stream.abort();
      await wire.ended();
      await turns(20);
      expect([heard.outcome, heard.failure]).toEqual([{ body: '', trailers: [] }, undefined]);
    });

    it('hand over an upgraded connection with what came early', async () => {
      const far = await endpoint();
      const heard = new Heard();
      client()
        .send(usual(far.port, { upgrade: 'echo' }), heard)
        .end();
      const wire = await far.next();
      await wire.until('\r\n\r\n');
      expect(wire.seen).toMatch(/Connection: upgrade\r\n/i);
      expect(wire.seen).toMatch(/Upgrade: echo\r\n/);
      wire.send('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nearly');
      const pipe = await heard.hasSwitched;
      const seen = new Promise<string>((resolve) => pipe.once('data', (chunk: Buffer) => resolve(chunk.toString())));
      expect(await seen).toBe('early');
      pipe.write('there');
      await wire.until('there');
      pipe.destroy();
    });
  });
}

/** A connection whose bytes the test writes and reads itself. */
class Wire {
  readonly socket: Socket;
  seen = '';
  readonly #watchers = new Set<() => void>();
  readonly #ended: Promise<void>;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding('latin1');
    socket.on('error', () => {});
    socket.on('data', (chunk: string) => {
      this.seen += chunk;
      for (const watch of this.#watchers) watch();
    });
    this.#ended = new Promise((resolve) => {
      socket.once('end', resolve);
      socket.once('close', () => resolve());
    });
  }

  send(bytes: string | Buffer): void {
    this.socket.write(bytes, 'latin1');
  }

  /** Resolves when `text` has come, `times` over. */
  until(text: string, times = 1): Promise<void> {
    return new Promise((resolve) => {
      const look = () => {
        if (this.seen.split(text).length <= times) return;
        this.#watchers.delete(look);
        resolve();
      };
      this.#watchers.add(look);
      look();
    });
  }

  ended(): Promise<void> {
    return this.#ended;
  }

  cut(): void {
    this.socket.destroy();
  }
}

/** An endpoint that answers as the test says, or leaves its connections to the test. */
class Endpoint {
  port = 0;
  /** What to answer on the nth connection, from 1; nothing: the test answers itself. */
  answer: (nth: number) => string | undefined = () => undefined;
  readonly #server: Server;
  readonly #wires: Wire[] = [];
  readonly #awaited: ((wire: Wire) => void)[] = [];

  constructor() {
    this.#server = createServer((socket) => {
      const wire = new Wire(socket);
      const nth = this.#wires.push(wire);
      socket.on('data', () => {
        const text = this.answer(nth);
        if (text !== undefined) wire.send(text);
      });
      for (const give of this.#awaited.splice(0)) give(wire);
    });
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.port = (this.#server.address() as AddressInfo).port;
  }

  /** The first connection, now or when it comes. */
  next(): Promise<Wire> {
    const [wire] = this.#wires;
    return wire ? Promise.resolve(wire) : new Promise((resolve) => this.#awaited.push(resolve));
  }

  async close(): Promise<void> {
    for (const wire of this.#wires) wire.cut();
    await new Promise<void>((resolve) => void this.#server.close(() => resolve()));
  }
}

/** What a request brought, written down. */
class Heard {
  readonly outcome: {
    status?: number;
    reason?: string;
    headers?: RawHeaders;
    ends?: boolean;
    body: string;
    trailers: RawHeaders;
  } = {
    body: '',
    trailers: [],
  };
  readonly interim: [number, RawHeaders][] = [];
  failure: UpstreamFailure | undefined;
  wasReady = false;
  bytes = 0;
  readonly #ready = Promise.withResolvers<void>();
  readonly #data = Promise.withResolvers<void>();
  readonly #switched = Promise.withResolvers<Duplex>();
  readonly #over = Promise.withResolvers<void>();
  readonly #onData: () => void;

  constructor(onData: () => void = () => {}) {
    this.#onData = onData;
  }

  get isReady() {
    return this.#ready.promise;
  }
  get hasData() {
    return this.#data.promise;
  }
  get hasSwitched() {
    return this.#switched.promise;
  }
  get isOver() {
    return this.#over.promise;
  }

  ready(): void {
    this.wasReady = true;
    this.#ready.resolve();
  }
  informed({ status, headers }: ResponseHead): void {
    this.interim.push([status, headers]);
  }
  head({ status, reason, headers }: ResponseHead, ends: boolean): void {
    Object.assign(this.outcome, { status, headers, ends, ...(reason ? { reason } : {}) });
    if (ends) this.#over.resolve();
  }
  data(chunk: Uint8Array): void {
    this.bytes += chunk.length;
    if (this.outcome.body.length < 1000) this.outcome.body += Buffer.from(chunk.subarray(0, 1000)).toString();
    this.#data.resolve();
    this.#onData();
  }
  end(trailers: RawHeaders): void {
    this.outcome.trailers = trailers;
    this.#over.resolve();
  }
  switched(_headers: RawHeaders, pipe: Duplex): void {
    this.#switched.resolve(pipe);
    this.#over.resolve();
  }
  failed(failure: UpstreamFailure): void {
    this.failure = failure;
    this.#over.resolve();
  }
}

/** Lets the event loop turn, so that what is on its way arrives. */
async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise<void>((resolve) => setImmediate(resolve));
}
