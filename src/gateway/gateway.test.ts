// The whole gateway over loopback: what a client and an application see.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';
import { Agent, request } from 'node:http';
import { connect as connectHttp2, createServer as createHttp2 } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { connect, createServer as createNet } from 'node:net';
import { systemClock } from '#base/mod.ts';
import { createMetrics, exposition } from '#telemetry/mod.ts';
import { afterEach, describe, expect, it } from 'vitest';
import type { TargetReport } from './control.ts';
import type { App } from './gateway.fixture.ts';
import { appHere, ask, gatewayHere, ingressTo, targetOf, transports } from './gateway.fixture.ts';
import type { Gateway, GatewayOptions } from './server.ts';

describe.each(transports)('over %s', (_transport, make) => {
  const closers: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });

  async function gateway(options: Partial<GatewayOptions> = {}): Promise<Gateway & { http: number; internal: number }> {
    const made = await gatewayHere({ transport: make(systemClock), ...options });
    closers.push(() => made.close(0));
    return Object.assign(made, { http: made.address.http.port, internal: made.address.internal?.port ?? 0 });
  }

  async function app(
    answer: (request: IncomingMessage, response: ServerResponse) => void,
    id?: string,
    port?: number,
  ): Promise<App> {
    const made = await appHere(answer, id, port);
    closers.push(() => made.close());
    return made;
  }

  /** A promise and what settles it. */
  function latch<T = void>() {
    return Promise.withResolvers<T>();
  }

  describe('a request', () => {
    it('reaches its application with the headers of a proxy, and the answer comes back', async () => {
      const { http, control } = await gateway();
      const seen = latch<IncomingMessage>();
      const echo = await app((incoming, response) => {
        seen.resolve(incoming);
        response.writeHead(201, { 'x-app': 'yes', 'set-cookie': ['a=1', 'b=2'] });
        incoming.pipe(response);
      });
      await control.setTarget('default/hello-00001', targetOf([echo.endpoint]));
      await control.setIngress(
        'default/hello',
        ingressTo('hello.test', 'default/hello-00001', { setHeaders: { 'X-Path': 'p' } }),
      );
      const answer = await ask(http, {
        method: 'POST',
        path: '/a/b?c=%20d',
        body: 'some words',
        headers: {
          'x-forwarded-for': '10.1.2.3',
          'knative-serving-revision': 'forged',
          'k-original-host': 'forged',
          connection: 'x-hop',
          'x-hop': '1',
          'x-path': 'client',
        },
      });
      expect(answer).toMatchObject({
        status: 201,
        body: 'some words',
        headers: { 'x-app': 'yes', 'set-cookie': ['a=1', 'b=2'] },
      });
      const { method, url, headers } = await seen.promise;
      expect([method, url]).toEqual(['POST', '/a/b?c=%20d']);
      expect(headers).toMatchObject({
        host: 'hello.test',
        'content-length': '10',
        'x-forwarded-for': '10.1.2.3, 127.0.0.1',
        'x-forwarded-proto': 'http',
        forwarded: 'for=10.1.2.3;proto=http, for=127.0.0.1',
        'x-path': 'p',
      });
      for (const gone of ['knative-serving-revision', 'k-original-host', 'x-hop'])
        expect(headers).not.toHaveProperty(gone);
    });

    it.each([
      ['an unknown host', 'external', 'who.test', '/', 404, 'no-route'],
      ['an internal host from outside', 'external', 'inner.default.svc.cluster.local', '/', 404, 'no-route'],
      ['an internal host from inside', 'internal', 'inner.default.svc.cluster.local:80', '/', 200, undefined],
      ['an external host from inside', 'internal', 'hello.test', '/', 200, undefined],
      ['a host with a port', 'external', 'Hello.Test:8080', '/', 200, undefined],
      ['a path no rule has', 'external', 'hello.test', '/none', 503, 'no-target'],
    ] as const)('for %s', async (_, door, host, path, status, reason) => {
      const gate = await gateway();
      const { control } = gate;
      const one = await app((_request, response) => response.end('ok'));
      await control.setTarget('t', targetOf([one.endpoint]));
      const { rules } = ingressTo('hello.test', 't');
      const none = ingressTo('hello.test', 'nobody', { prefix: '/none' });
      await control.setIngress('i', {
        rules: [
          ...rules,
          ...none.rules,
          { ...rules[0]!, hosts: ['inner.default.svc.cluster.local'], visibility: 'internal' },
        ],
      });
      const answer = await ask(door === 'external' ? gate.http : gate.internal, { host, path });
      expect([answer.status, answer.headers['ebb-refusal']]).toEqual([status, reason]);
    });

    it('waits where nothing runs, wakes its target, and goes on when an endpoint appears', async () => {
      const { http, control } = await gateway();
      const woken = latch<string>();
      control.onWake(woken.resolve);
      await control.setTarget('t', targetOf([]));
      await control.setIngress('i', ingressTo('hello.test', 't'));
      const answers = [ask(http), ask(http)];
      expect(await woken.promise).toBe('t');
      const late = await app((_request, response) => response.end('awake'));
      await control.setTarget('t', targetOf([late.endpoint]));
      expect((await Promise.all(answers)).map(({ body }) => body)).toEqual(['awake', 'awake']);
    });

    it('is refused where too many wait', async () => {
      const { http, control } = await gateway({ maxWaiting: 1 });
      await control.setTarget('t', targetOf([]));
      await control.setIngress('i', ingressTo('hello.test', 't'));
      const woken = latch<string>();
      control.onWake(woken.resolve);
      const first = ask(http);
      await woken.promise;
      const second = await ask(http);
      expect(second).toMatchObject({
        status: 503,
        body: 'pending request queue full\n',
        headers: { 'ebb-refusal': 'queue-full' },
      });
      await control.setTarget('t', undefined);
      expect(await first).toMatchObject({ status: 503, headers: { 'ebb-refusal': 'target-gone' } });
      expect((await control.refusals()).map(({ target, reason, count }) => [target, reason, count])).toEqual([
        ['t', 'queue-full', 1],
        ['t', 'target-gone', 1],
      ]);
    });

    it('never overlaps another at concurrency 1', async () => {
      const { http, control } = await gateway();
      let now = 0;
      let most = 0;
      const serial = await app((_request, response) => {
        most = Math.max(most, ++now);
        setImmediate(() => {
          now--;
          response.end('done');
        });
      });
      await control.setTarget('t', targetOf([serial.endpoint], { concurrency: 1 }));
      await control.setIngress('i', ingressTo('hello.test', 't'));
      const answers = await Promise.all(Array.from({ length: 30 }, () => ask(http)));
      expect(answers.every(({ status }) => status === 200)).toBe(true);
      expect(most).toBe(1);
    });

    it('is split by percent', async () => {
      const { http, control } = await gateway();
      const [a, b] = [
        await app((_request, response) => response.end('a'), 'a'),
        await app((incoming, response) => response.end(incoming.headers['x-split']), 'b'),
      ];
      await control.setTarget('a', targetOf([a.endpoint]));
      await control.setTarget('b', targetOf([b.endpoint]));
      await control.setIngress(
        'i',
        ingressTo('hello.test', 'a', {
          splits: [
            { target: 'a', percent: 80 },
            { target: 'b', percent: 20, setHeaders: { 'X-Split': 'b' } },
          ],
        }),
      );
      const bodies = await Promise.all(Array.from({ length: 200 }, async () => (await ask(http)).body));
      const share = bodies.filter((body) => body === 'b').length / bodies.length;
      expect(share).toBeGreaterThan(0.12);
      expect(share).toBeLessThan(0.28);
    });

    it('is rewritten to another host, with or without splits', async () => {
      const { http, control } = await gateway();
      const echo = await app((incoming, response) =>
        response.end(
          JSON.stringify([incoming.headers.host, incoming.headers['k-original-host'], incoming.headers['x-inner']]),
        ),
      );
      await control.setTarget('t', targetOf([echo.endpoint]));
      await control.setIngress('direct', ingressTo('direct.test', 't', { rewriteHost: 'inner.svc' }));
      await control.setIngress('inner', {
        rules: [
          {
            hosts: ['inner.svc'],
            visibility: 'internal',
            paths: [{ prefix: '/', setHeaders: { 'x-inner': '1' }, splits: [{ target: 't', percent: 100 }] }],
          },
        ],
      });
      await control.setIngress('again', ingressTo('again.test', 't', { rewriteHost: 'inner.svc', splits: [] }));
      await control.setIngress('circle', ingressTo('circle.test', 't', { rewriteHost: 'circle.test', splits: [] }));
      expect((await ask(http, { host: 'direct.test' })).body).toBe('["inner.svc","direct.test",null]');
      expect((await ask(http, { host: 'again.test' })).body).toBe('["again.test",null,"1"]');
      expect(await ask(http, { host: 'circle.test' })).toMatchObject({ status: 508 });
    });
  });

  describe('network probes', () => {
    it.each([
      ['probe', { 'k-network-hash': 'h1' }, 200, '', 'h1'],
      ['probe', { 'k-network-hash': 'override' }, 200, '', 'fromRule'],
      ['probe', {}, 400, 'a probe request must contain a non-empty "K-Network-Hash" header\n', undefined],
      ['probe', { 'k-network-hash': 'override', host: 'named.test' }, 200, '', 'in-force'],
      ['probe', { 'k-network-hash': 'h1', host: 'named.test' }, 200, '', 'h1'],
      ['activator', {}, 200, 'activator', undefined],
      ['queue', {}, 503, 'no endpoint is ready\n', undefined],
      ['other', {}, 400, 'unexpected probe header value: other\n', undefined],
    ])('%s %j', async (probe, headers, status, body, hash) => {
      const { http, control } = await gateway();
      await control.setTarget('t', targetOf([]));
      const { rules } = ingressTo('hello.test', 't');
      const marked = ingressTo('hello.test', 't', {
        headers: { 'K-Network-Hash': 'override' },
        setHeaders: { 'K-Network-Hash': 'fromRule' },
      });
      await control.setIngress('i', { rules: [...marked.rules, ...rules] });
      await control.setIngress('j', { ...ingressTo('named.test', 't'), hash: 'in-force' });
      const answer = await ask(http, { headers: { 'k-network-probe': probe, ...headers } });
      expect([answer.status, answer.body, answer.headers['k-network-hash']]).toEqual([status, body, hash]);
    });
  });

  describe('timeouts', () => {
    it.each([
      ['total', { timeoutMs: 30 }],
      ['response start', { responseStartTimeoutMs: 30 }],
      ['idle', { idleTimeoutMs: 30 }],
    ])('%s: 504 without a line break, while waiting and while sent', async (_, limits) => {
      const { http, control } = await gateway();
      const mute = await app(() => {});
      await control.setTarget('waits', targetOf([], limits));
      await control.setTarget('sent', targetOf([mute.endpoint], limits));
      await control.setIngress('w', ingressTo('waits.test', 'waits'));
      await control.setIngress('s', ingressTo('sent.test', 'sent'));
      for (const host of ['waits.test', 'sent.test']) {
        expect(await ask(http, { host })).toMatchObject({
          status: 504,
          body: 'request timeout',
          headers: { 'ebb-refusal': 'timeout' },
        });
      }
    });

    it('after the head the text is appended and the response ends', async () => {
      const { http, control } = await gateway();
      const endless = await app((_request, response) => response.write('so far '));
      await control.setTarget('t', targetOf([endless.endpoint], { idleTimeoutMs: 50 }));
      await control.setIngress('i', ingressTo('hello.test', 't'));
      expect(await ask(http)).toMatchObject({ status: 200, body: 'so far request timeout' });
    });

    it('a response of a told length is broken off instead', async () => {
      const { http, control } = await gateway();
      const endless = await app((_request, response) =>
        response.writeHead(200, { 'content-length': '100' }).write('so far '),
      );
      await control.setTarget('t', targetOf([endless.endpoint], { timeoutMs: 50 }));
      await control.setIngress('i', ingressTo('hello.test', 't'));
      await expect(ask(http)).rejects.toThrow('aborted');
    });
  });

  describe('bodies', () => {
    it('stream both ways at once', async () => {
      const { http, control } = await gateway();
      const upper = await app((incoming, response) => {
        response.flushHeaders();
        incoming.on('data', (chunk: Buffer) => response.write(chunk.toString().toUpperCase()));
        incoming.on('end', () => response.end());
      });
      await control.setTarget('t', targetOf([upper.endpoint]));
      await control.setIngress('i', ingressTo('hello.test', 't'));
      const outgoing = request({
        port: http,
        host: '127.0.0.1',
        method: 'POST',
        headers: { host: 'hello.test' },
        agent: false,
      });
      outgoing.flushHeaders();
      const response = await new Promise<IncomingMessage>((resolve) => outgoing.once('response', resolve));
      const chunks = response.setEncoding('utf8')[Symbol.asyncIterator]();
      for (const word of ['one', 'two', 'three']) {
        outgoing.write(word);
        expect((await chunks.next()).value).toBe(word.toUpperCase());
      }
      outgoing.end();
      expect((await chunks.next()).done).toBe(true);
    });

    it('of many megabytes arrive whole, with trailers', async () => {
      const { http, control } = await gateway();
      const echo = await app((incoming, response) => {
        response.writeHead(200, { trailer: 'x-sum' });
        incoming.on('end', () => response.addTrailers({ 'x-sum': incoming.trailers['x-sent'] ?? '' }));
        incoming.pipe(response);
      });
      await control.setTarget('t', targetOf([echo.endpoint]));
      await control.setIngress('i', ingressTo('hello.test', 't'));
      const body = 'abcdefghij'.repeat(800_000);
      const answer = await new Promise<{ size: number; trailers: NodeJS.Dict<string> }>((resolve, reject) => {
        const outgoing = request(
          {
            port: http,
            host: '127.0.0.1',
            method: 'POST',
            headers: { host: 'hello.test', trailer: 'x-sent', 'transfer-encoding': 'chunked' },
            agent: false,
          },
          (response) => {
            let size = 0;
            response.on('data', (chunk: Buffer) => (size += chunk.length));
            response.on('end', () => resolve({ size, trailers: response.trailers }));
            response.on('error', reject);
          },
        );
        outgoing.on('error', reject);
        outgoing.addTrailers({ 'x-sent': 'all' });
        outgoing.end(body);
      });
      expect(answer).toEqual({ size: body.length, trailers: { 'x-sum': 'all' } });
    });

    it('are asked for by 100 Continue only once an endpoint takes them', async () => {
      const { http, control } = await gateway();
      await control.setTarget('t', targetOf([]));
      await control.setIngress('i', ingressTo('hello.test', 't'));
      const woken = latch<string>();
      control.onWake(woken.resolve);
      let continued = false;
      const outgoing = request({
        port: http,
        host: '127.0.0.1',
        method: 'POST',
        headers: { host: 'hello.test', expect: '100-continue', 'content-length': '4' },
        agent: false,
      });
      outgoing.flushHeaders();
      const answered = new Promise<IncomingMessage>((resolve) => outgoing.once('response', resolve));
      outgoing.once('continue', () => {
        continued = true;
        outgoing.end('body');
      });
      await woken.promise;
      expect(continued).toBe(false);
      const echo = await app((incoming, response) => incoming.pipe(response));
      await control.setTarget('t', targetOf([echo.endpoint]));
      const response = await answered;
      expect((await response.setEncoding('utf8').toArray()).join('')).toBe('body');
    });
  });

  describe('many requests on one connection', () => {
    it('leave nothing behind on either side', async () => {
      const { http, control } = await gateway();
      const far = new Set<number | undefined>();
      const one = await app((incoming, response) => {
        far.add(incoming.socket.remotePort);
        incoming.pipe(response);
      });
      await control.setTarget('t', targetOf([one.endpoint]));
      await control.setIngress('i', ingressTo('hello.test', 't'));
      const warnings: Error[] = [];
      const note = (warning: Error) => warnings.push(warning);
      process.on('warning', note);
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      for (let i = 0; i < 50; i++)
        expect((await ask(http, { agent, method: 'POST', body: `n${i}` })).body).toBe(`n${i}`);
      agent.destroy();
      process.off('warning', note);
      expect(warnings).toEqual([]);
      expect(far.size).toBe(1);
    });
  });

  describe('endpoints that fail', () => {
    it('a refused connection is tried again until the endpoint listens', async () => {
      const { http, control } = await gateway();
      const placeholder = await app(() => {});
      await placeholder.close();
      await control.setTarget('t', targetOf([placeholder.endpoint]));
      await control.setIngress('i', ingressTo('hello.test', 't'));
      const answer = ask(http);
      await app((_request, response) => response.end('late'), 'late', placeholder.port);
      expect(await answer).toMatchObject({ status: 200, body: 'late' });
    });

    it('another endpoint is taken where one refuses', async () => {
      const { http, control } = await gateway();
      const dead = await app(() => {}, 'dead');
      await dead.close();
      const live = await app((_request, response) => response.end('live'), 'live');
      await control.setTarget('t', targetOf([dead.endpoint, live.endpoint], { concurrency: 1 }));
      await control.setIngress('i', ingressTo('hello.test', 't'));
      expect(await ask(http)).toMatchObject({ status: 200, body: 'live' });
    });

    it.each([
      ['GET', 200, 'second'],
      ['POST', 502, undefined],
    ])('a kept connection that dies under a %s: %d', async (method, status, body) => {
      const { http, control } = await gateway();
      const hello = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n';
      const connections: Socket[] = [];
      const server = createNet((socket) => {
        const nth = connections.push(socket);
        let requests = 0;
        socket.on('error', () => {});
        socket.on('data', () => {
          requests++;
          if (nth === 1 && requests === 2) socket.destroy();
          else socket.write(hello + (nth === 1 ? 'first ' : 'second'));
        });
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      closers.push(async () => {
        for (const socket of connections) socket.destroy();
        server.close();
      });
      const { port } = server.address() as AddressInfo;
      await control.setTarget('t', targetOf([{ id: 'raw', host: '127.0.0.1', port, state: 'ready' }]));
      await control.setIngress('i', ingressTo('hello.test', 't'));
      expect((await ask(http)).body).toBe('first ');
      const answer = await ask(http, { method });
      expect(answer.status).toBe(status);
      if (body) expect(answer.body).toBe(body);
      else expect(answer.headers['ebb-refusal']).toBe('upstream');
    });

    it('a response that cannot be passed on is the endpoint’s failure', async () => {
      const { http, control } = await gateway();
      const odd = createNet((socket) => {
        socket.on('error', () => {});
        socket.once('data', () => socket.end('HTTP/1.1 099 Odd\r\nContent-Length: 2\r\n\r\nhi'));
      });
      await new Promise<void>((resolve) => odd.listen(0, '127.0.0.1', resolve));
      closers.push(async () => odd.close());
      const { port } = odd.address() as AddressInfo;
      await control.setTarget('t', targetOf([{ id: 'odd', host: '127.0.0.1', port, state: 'ready' }]));
      await control.setIngress('i', ingressTo('hello.test', 't'));
      expect(await ask(http)).toMatchObject({ status: 502, headers: { 'ebb-refusal': 'upstream' } });
    });

    it('what breaks off in the middle is seen as broken by the client', async () => {
      const { http, control } = await gateway();
      const broken = await app((_request, response) => {
        response.write('some');
        setImmediate(() => response.destroy());
      });
      await control.setTarget('t', targetOf([broken.endpoint]));
      await control.setIngress('i', ingressTo('hello.test', 't'));
      await expect(ask(http)).rejects.toThrow('aborted');
    });

    it('a client that leaves frees its slot and the endpoint hears of it', async () => {
      const { http, control } = await gateway();
      const arrived = latch();
      const left = latch();
      const slow = await app((incoming, response) => {
        if (incoming.url === '/next') response.end('next');
        else arrived.resolve();
        response.once('close', () => left.resolve());
      });
      await control.setTarget('t', targetOf([slow.endpoint], { concurrency: 1 }));
      await control.setIngress('i', ingressTo('hello.test', 't'));
      const outgoing = request({ port: http, host: '127.0.0.1', headers: { host: 'hello.test' }, agent: false });
      outgoing.on('error', () => {});
      outgoing.end();
      await arrived.promise;
      outgoing.destroy();
      await left.promise;
      expect((await ask(http, { path: '/next' })).body).toBe('next');
    });
  });

  describe('drain', () => {
    it('resolves when the last request is done, and lets no new one in', async () => {
      const { http, control } = await gateway();
      const inside = latch();
      const goOn = latch();
      const first = await app((_request, response) => {
        inside.resolve();
        void goOn.promise.then(() => response.end('first'));
      }, 'first');
      const second = await app((_request, response) => response.end('second'), 'second');
      await control.setTarget('t', targetOf([first.endpoint]));
      await control.setIngress('i', ingressTo('hello.test', 't'));
      const held = ask(http);
      await inside.promise;
      await control.setTarget('t', targetOf([first.endpoint, second.endpoint], { concurrency: 10 }));
      const drained = control.drain('first', 60_000);
      for (let i = 0; i < 5; i++) expect((await ask(http)).body).toBe('second');
      goOn.resolve();
      expect(await drained).toEqual({ left: 0 });
      expect((await held).body).toBe('first');
      expect(await control.drain('nobody', 1)).toEqual({ left: 0 });
    });

    it('gives up at its deadline and says what is left', async () => {
      const { http, control } = await gateway();
      const inside = latch();
      const stuck = await app(() => inside.resolve(), 'stuck');
      await control.setTarget('t', targetOf([stuck.endpoint]));
      await control.setIngress('i', ingressTo('hello.test', 't'));
      const held = ask(http);
      await inside.promise;
      expect(await control.drain('stuck', 20)).toEqual({ left: 1 });
      await stuck.close();
      expect((await held).status).toBe(502);
    });
  });

  describe('upgrades', () => {
    it('carry a WebSocket both ways', async () => {
      const { http, control } = await gateway();
      const echo = await app(() => {});
      echo.server.on('upgrade', (incoming, socket, head) => {
        socket.write(
          `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX-Key: ${incoming.headers['sec-websocket-key']}\r\n\r\nhi`,
        );
        socket.write(head);
        socket.pipe(socket);
      });
      await control.setTarget('t', targetOf([echo.endpoint], { concurrency: 1, protocol: 'h2c' }));
      await control.setIngress('i', ingressTo('hello.test', 't'));
      const socket = connect(http, '127.0.0.1');
      const bytes = socket.setEncoding('latin1')[Symbol.asyncIterator]();
      socket.write(
        'GET /ws HTTP/1.1\r\nHost: hello.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k1\r\n\r\nearly',
      );
      let seen = '';
      const until = async (text: string) => {
        while (!seen.includes(text)) seen += String((await bytes.next()).value);
      };
      await until('hiearly');
      expect(seen).toMatch(/^HTTP\/1\.1 101 [^]*Upgrade: websocket\r\n[^]*X-Key: k1\r\n/);
      socket.write('ping');
      await until('earlyping');
      socket.end();
      await new Promise((resolve) => socket.once('close', resolve));
    });

    it('live no longer than the total timeout, however busy', async () => {
      const { http, control } = await gateway();
      const chatty = await app(() => {});
      chatty.server.on('upgrade', (_incoming, socket) => {
        socket.on('error', () => {});
        socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
        socket.pipe(socket);
      });
      await control.setTarget(
        't',
        targetOf([chatty.endpoint], { timeoutMs: 50, responseStartTimeoutMs: 20, idleTimeoutMs: 40 }),
      );
      await control.setIngress('i', ingressTo('hello.test', 't'));
      const socket = connect(http, '127.0.0.1');
      socket.on('error', () => {});
      socket.on('data', () => socket.write('again'));
      socket.write('GET /ws HTTP/1.1\r\nHost: hello.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
      await new Promise((resolve) => socket.once('close', resolve));
      expect((await control.refusals())[0]).toMatchObject({ target: 't', reason: 'timeout', count: 1 });
    });

    it('a refused upgrade is an answer like any other', async () => {
      const { http, control } = await gateway();
      const plain = await app((_request, response) => response.writeHead(426).end('no'));
      await control.setTarget('t', targetOf([plain.endpoint]));
      await control.setIngress('i', ingressTo('hello.test', 't'));
      expect(await ask(http, { headers: { connection: 'upgrade', upgrade: 'websocket' } })).toMatchObject({
        status: 426,
        body: 'no',
      });
      expect(
        await ask(http, { host: 'who.test', headers: { connection: 'upgrade', upgrade: 'websocket' } }),
      ).toMatchObject({ status: 404 });
    });
  });

  describe('HTTP/2', () => {
    it('goes to an h2c endpoint with trailers both ways, as gRPC needs it', async () => {
      const { http, control } = await gateway();
      const server = createHttp2();
      server.on('stream', (stream: ServerHttp2Stream, headers) => {
        let sent = '';
        stream.on('trailers', (fields) => (sent = String(fields['x-sent'])));
        stream.respond(
          {
            ':status': 200,
            'content-type': 'application/grpc',
            'x-seen': `${headers[':authority']} ${headers[':path']} ${String(headers['te'])}`,
          },
          { waitForTrailers: true },
        );
        stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0', 'grpc-message': sent }));
        stream.pipe(stream, { end: false });
        // Trailers are told of in a tick of their own, after the end.
        stream.on('end', () => setImmediate(() => stream.end()));
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      closers.push(async () => server.close());
      const { port } = server.address() as AddressInfo;
      await control.setTarget(
        't',
        targetOf([{ id: 'grpc', host: '127.0.0.1', port, state: 'ready' }], { protocol: 'h2c' }),
      );
      await control.setIngress('i', ingressTo('hello.test', 't'));

      const session = connectHttp2(`http://127.0.0.1:${http}`);
      closers.push(async () => session.destroy());
      const stream = session.request(
        { ':method': 'POST', ':path': '/pkg.Service/Call', ':authority': 'hello.test', te: 'trailers' },
        { waitForTrailers: true },
      );
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sent': 'mine' }));
      const head = new Promise<Record<string, unknown>>((resolve) => stream.once('response', resolve));
      const trailers = new Promise<Record<string, unknown>>((resolve) => stream.once('trailers', resolve));
      stream.end('message');
      expect(await head).toMatchObject({
        ':status': 200,
        'content-type': 'application/grpc',
        'x-seen': 'hello.test /pkg.Service/Call trailers',
      });
      expect((await stream.setEncoding('utf8').toArray()).join('')).toBe('message');
      expect(await trailers).toMatchObject({ 'grpc-status': '0', 'grpc-message': 'mine' });

      expect(await ask(http, { method: 'PUT', body: 'by http/1' })).toMatchObject({ status: 200, body: 'by http/1' });
    });

    it('goes to an HTTP/1 endpoint, and refusals come back', async () => {
      const { http, control } = await gateway();
      const echo = await app((incoming, response) => {
        response.setHeader('x-seen', `${incoming.httpVersion} ${incoming.headers.host} ${incoming.headers.cookie}`);
        incoming.pipe(response);
      });
      await control.setTarget('t', targetOf([echo.endpoint]));
      await control.setIngress('i', ingressTo('hello.test', 't'));
      const session = connectHttp2(`http://127.0.0.1:${http}`);
      closers.push(async () => session.destroy());
      const call = async (authority: string) => {
        const stream = session.request({ ':method': 'POST', ':authority': authority, cookie: ['a=1', 'b=2'] });
        const head = new Promise<Record<string, unknown>>((resolve) => stream.once('response', resolve));
        stream.end('words');
        const { ':status': status, 'x-seen': seen } = await head;
        return [status, seen, (await stream.setEncoding('utf8').toArray()).join('')];
      };
      expect(await call('hello.test')).toEqual([200, '1.1 hello.test a=1; b=2', 'words']);
      expect(await call('who.test')).toEqual([404, undefined, 'no route has this host and path\n']);
    });
  });

  describe('reports', () => {
    it('tell of traffic each second, and once of silence', async () => {
      const { http, control } = await gateway();
      const reports: TargetReport[] = [];
      const silent = latch();
      control.onReport((batch) => {
        reports.push(...batch);
        if (reports.at(-1)?.requests === 0) silent.resolve();
      });
      const one = await app((_request, response) => response.end('ok'));
      await control.setTarget('t', targetOf([one.endpoint]));
      await control.setTarget('quiet', targetOf([]));
      await control.setIngress('i', ingressTo('hello.test', 't'));
      await Promise.all([ask(http), ask(http), ask(http)]);
      await silent.promise;
      expect(reports).toEqual([
        { target: 't', requests: 3, concurrency: expect.any(Number), waiting: 0, inFlight: 0 },
        { target: 't', requests: 0, concurrency: 0, waiting: 0, inFlight: 0 },
      ]);
      expect(reports[0]?.concurrency).toBeGreaterThan(0);
    });
  });

  describe('metrics', () => {
    it('show durations by status, refusals by reason, and what waits now', async () => {
      const metrics = createMetrics();
      const { http, control } = await gateway({ metrics });
      const one = await app((_request, response) => response.writeHead(418).end());
      await control.setTarget('t', targetOf([one.endpoint]));
      await control.setTarget('cold', targetOf([], { name: 'cold' }));
      await control.setIngress('i', ingressTo('hello.test', 't'));
      await control.setIngress('c', ingressTo('cold.test', 'cold'));
      await ask(http);
      await ask(http, { host: 'who.test' });
      const woken = latch<string>();
      control.onWake(woken.resolve);
      const held = ask(http, { host: 'cold.test' });
      await woken.promise;
      const text = exposition(metrics.families());
      expect(text).toMatch(
        /kn_serving_invocation_duration_seconds_count\{.*kn_revision_name="hello-00001",http_response_status_code="418"\} 1\n/,
      );
      expect(text).toContain('ebb_gateway_refusals_total{target="",reason="no-route"} 1\n');
      expect(text).toMatch(
        /http_server_request_duration_seconds_count\{.*kn_revision_name="hello-00001",http_request_method="GET",http_response_status_code="418",url_scheme="http",network_protocol_version="1.1",kn_route_tag="kn:disabled"\} 1\n/,
      );
      expect(text).toMatch(
        /http_server_request_duration_seconds_count\{http_request_method="GET",url_scheme="http",network_protocol_version="1.1",http_response_status_code="404"\} 1\n/,
      );
      expect(text).toMatch(/http_client_request_duration_seconds_count\{.*"hello-00001".*="418"\} 1\n/);
      expect(text).toMatch(/kn_revision_request_queued\{.*kn_revision_name="cold"\} 1\n/);
      expect(text).toMatch(/kn_serving_queue_depth\{.*kn_revision_name="cold"\} 1\n/);
      await control.setTarget('cold', undefined);
      expect((await held).status).toBe(503);
      await control.setTarget('t', undefined);
      expect(exposition(metrics.families())).not.toMatch(/"cold"|"hello-00001"/);
    });
  });

  it('metrics tell by which tag a request came', async () => {
    const metrics = createMetrics();
    const { http, control } = await gateway({ metrics });
    const one = await app((_request, response) => response.end());
    await control.setTarget('t', targetOf([one.endpoint]));
    const splits = [{ target: 't', percent: 100 }];
    const paths = [
      { prefix: '/', headers: { 'Knative-Serving-Tag': 'blue' }, splits },
      { prefix: '/', setHeaders: { 'Knative-Serving-Default-Route': 'true' }, splits },
    ];
    await control.setIngress('i', { rules: [{ hosts: ['hello.test'], visibility: 'external', paths }] });
    for (const tag of ['blue', 'blue', 'green', '', undefined, undefined])
      await ask(http, { headers: tag === undefined ? {} : { 'knative-serving-tag': tag } });
    const counts = exposition(metrics.families()).matchAll(
      /http_server_request_duration_seconds_count\{.*kn_route_tag="(.*?)".*\} (\d+)\n/g,
    );
    expect([...counts].map(([, tag, count]) => `${tag} ${count}`).sort()).toEqual([
      'blue 2',
      'kn:default 3',
      'kn:undefined 1',
    ]);
  });

  describe('redirects', () => {
    it('lead plain requests from outside to https', async () => {
      const { http, internal, control } = await gateway({ publicHttpsPort: 8443 });
      const one = await app((_request, response) => response.end('ok'));
      await control.setTarget('t', targetOf([one.endpoint]));
      const { rules } = ingressTo('hello.test', 't');
      await control.setIngress('i', { rules: rules.map((rule) => ({ ...rule, redirectToHttps: true })) });
      const answer = await ask(http, { host: 'hello.test:8080', path: '/x?y' });
      expect([answer.status, answer.headers.location]).toEqual([301, 'https://hello.test:8443/x?y']);
      expect((await ask(internal)).body).toBe('ok');
    });
  });

  describe('its own health', () => {
    it('is told where no route has the host, and left to the application where one has', async () => {
      const { http, control } = await gateway();
      const one = await app((request, response) => response.end(`application ${request.url}`));
      await control.setTarget('t', targetOf([one.endpoint]));
      await control.setIngress('i', ingressTo('hello.test', 't'));
      for (const path of ['/healthz', '/readyz'])
        expect(await ask(http, { host: '127.0.0.1', path })).toMatchObject({ status: 200, body: 'ok' });
      expect((await ask(http, { host: '127.0.0.1', path: '/healthz', method: 'HEAD' })).status).toBe(200);
      expect((await ask(http, { path: '/healthz' })).body).toBe('application /healthz');
      expect((await ask(http, { host: '127.0.0.1', path: '/health' })).status).toBe(404);
    });
  });

  describe('closing', () => {
    it('lets what is in flight finish', async () => {
      const gate = await gatewayHere({ transport: make(systemClock) });
      const inside = latch();
      const goOn = latch();
      const slow = await app((_request, response) => {
        inside.resolve();
        void goOn.promise.then(() => response.end('whole'));
      });
      await gate.control.setTarget('t', targetOf([slow.endpoint]));
      await gate.control.setIngress('i', ingressTo('hello.test', 't'));
      const held = ask(gate.address.http.port);
      await inside.promise;
      const closed = gate.close();
      await expect(ask(gate.address.http?.port ?? 0)).rejects.toThrow('ECONNREFUSED');
      goOn.resolve();
      expect((await held).body).toBe('whole');
      await closed;
    });
  });
});
