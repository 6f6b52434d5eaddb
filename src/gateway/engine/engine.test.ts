// The engine keeps the contract of the transport port, and some promises of its own: times, order, and what it never sends.

import type { Server, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { Clock } from '#base/mod.ts';
import { VirtualClock, systemClock } from '#base/mod.ts';
import { afterEach, describe, expect, it } from 'vitest';
import { transportContract } from '../../../test/contracts/transport.ts';
import { Fields } from '../fields.ts';
import { DEFAULT_LIMITS } from '../server.ts';
import type { Exchange, Listening, UpstreamEvents, UpstreamRequest } from '../transport.ts';
import { engineTransport } from './mod.ts';

transportContract('engine', engineTransport);

const closers: (() => Promise<unknown> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function server(serve: (exchange: Exchange) => void, clock: Clock = systemClock): Promise<Listening> {
  const options = { host: '127.0.0.1', port: 0, limits: DEFAULT_LIMITS, onRefused: () => {} };
  const listening = await engineTransport(clock).listen(options, serve);
  closers.push(async () => {
    const closed = listening.close(0);
    if (clock instanceof VirtualClock) await clock.advance(1);
    await closed;
  });
  return listening;
}

interface Wire {
  readonly socket: Socket;
  readonly closed: Promise<void>;
  seen(): string;
  until(pattern: RegExp): Promise<void>;
}

function wire(socket: Socket): Wire {
  let seen = '';
  let look = (): void => {};
  socket.setEncoding('latin1');
  socket.on('error', () => {});
  socket.on('data', (chunk: string) => {
    seen += chunk;
    look();
  });
  closers.push(() => void socket.destroy());
  return {
    socket,
    seen: () => seen,
    closed: new Promise((resolve) => socket.once('close', () => resolve())),
    until: (pattern) =>
      new Promise((resolve) => {
        look = () => pattern.test(seen) && resolve();
        look();
      }),
  };
}

const dial = (port: number): Wire => wire(connect(port, '127.0.0.1'));

const answer = (exchange: Exchange) =>
  exchange.respond({ status: 200, headers: ['X-At', exchange.target, 'Content-Length', '0'] }, true);

/** Lets the event loop turn, so that what is on its way arrives. */
async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise<void>((resolve) => setImmediate(resolve));
}

describe('a connection of a client', () => {
  it.each([
    ['a head that does not end', 'GET / HTTP/1.1\r\nHost: a\r\n', 60_000, /^HTTP\/1\.1 408 /],
    ['silence', '', 60_000, /^$/],
    ['what may become HTTP/2', 'PR', 60_000, /^$/],
  ])('is given up for %s', async (_, text, timeoutMs, expected) => {
    const clock = new VirtualClock();
    const { port } = await server(answer, clock);
    const { socket, closed, seen } = dial(port);
    socket.write(text);
    await turns(20);
    await clock.advance(timeoutMs - 1);
    await turns(20);
    expect([socket.closed, seen()]).toEqual([false, '']);
    await clock.advance(1000);
    await closed;
    expect(seen()).toMatch(expected);
  });

  it('is kept for the next request, but not for ever', async () => {
    const clock = new VirtualClock();
    const { port } = await server(answer, clock);
    const { socket, closed, seen, until } = dial(port);
    for (const at of ['/1', '/2']) {
      socket.write(`GET ${at} HTTP/1.1\r\nHost: a\r\n\r\n`);
      await until(new RegExp(`X-At: ${at}`));
      await clock.advance(70_000);
      await turns(10);
      expect(socket.closed).toBe(false);
    }
    await clock.advance(6000);
    await closed;
    expect(seen().match(/HTTP\/1\.1 200/g)).toHaveLength(2);
  });

  it('is cut where the rest of a body nobody reads goes on too long', async () => {
    const clock = new VirtualClock();
    const { port } = await server(answer, clock);
    const { socket, closed, until } = dial(port);
    socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nsome');
    await until(/200/);
    await clock.advance(3000);
    await closed;
  });

  it('goes on after a body nobody reads', async () => {
    const { port } = await server(answer);
    const { socket, until } = dial(port);
    socket.write('POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nso');
    await until(/X-At: \/1/);
    socket.write('meGET /2 HTTP/1.1\r\nHost: a\r\n\r\n');
    await until(/X-At: \/2/);
  });

  it('goes on after a body that was held back at its end', async () => {
    const { port } = await server((exchange) => {
      exchange.body.start({
        data: () => exchange.body.pause(),
        end: () => answer(exchange),
        failed: () => {},
      });
    });
    const { socket, until } = dial(port);
    for (const at of ['/1', '/2']) {
      socket.write(`POST ${at} HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody`);
      await until(new RegExp(`X-At: ${at}`));
    }
  });

  it('answers what was sent ahead in order, one after the other', async () => {
    let open = 0;
    const { port } = await server((exchange) => {
      expect(++open).toBe(1);
      setImmediate(() => {
        open--;
        answer(exchange);
      });
    });
    const { socket, closed, seen } = dial(port);
    const asked = Array.from({ length: 500 }, (_, i) => `/${i}`);
    socket.write(asked.map((at) => `GET ${at} HTTP/1.1\r\nHost: a\r\n\r\n`).join(''));
    socket.write('GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    await closed;
    expect([...seen().matchAll(/X-At: (.*)\r\n/g)].map(([, at]) => at)).toEqual([...asked, '/last']);
  });

  it('stays with HTTP/1.0 where that is asked for', async () => {
    const { port } = await server(answer);
    const { socket, closed, seen, until } = dial(port);
    socket.write('GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
    await until(/Connection: keep-alive\r\n/);
    socket.write('GET /2 HTTP/1.0\r\n\r\n');
    await closed;
    expect(seen()).toMatch(/X-At: \/2\r\n[^]*Connection: close\r\n/);
  });

  it('is closed where more came before an upgrade was declined', async () => {
    const { port } = await server(answer);
    const { socket, closed, seen } = dial(port);
    const upgrade = 'Connection: Upgrade\r\nUpgrade: h2c\r\n';
    socket.write(`GET /1 HTTP/1.1\r\nHost: a\r\n${upgrade}\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n`);
    await closed;
    expect(seen().match(/X-At: .*/g)).toEqual(['X-At: /1']);
  });

  it('is not kept from a client that says it left and does not come back', async () => {
    const over = Promise.withResolvers<boolean>();
    const { port } = await server((exchange) => exchange.onClosed(over.resolve));
    dial(port).socket.end('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    expect(await over.promise).toBe(false);
  });
});

describe('an answer', () => {
  it.each<[string, string[], string[], RegExp]>([
    ['longer than told is broken off', ['Content-Length', '2'], ['toolong'], /\r\n\r\n$/],
    ['shorter than told is broken off', ['Content-Length', '9'], ['short'], /\r\n\r\nshort$/],
    ['has a date', [], [], /\r\nDate: [A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT\r\n/],
    ['keeps the date it has', ['date', 'then'], [], /^(?![^]*\r\nDate)[^]*date: then/],
  ])('%s', async (_, headers, chunks, expected) => {
    const { port } = await server((exchange) => {
      exchange.respond({ status: 200, headers }, false);
      for (const chunk of chunks) exchange.write(Buffer.from(chunk));
      exchange.end();
    });
    const { socket, closed, seen } = dial(port);
    socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    await closed;
    expect(seen()).toMatch(expected);
  });

  it.each<[string, Parameters<Exchange['respond']>[0]]>([
    ['a value', { status: 200, headers: ['X-A', 'a\r\nX-B: b'] }],
    ['a letter that is a line feed in one byte', { status: 200, headers: ['X-A', 'a\u010ab'] }],
    ['a name', { status: 200, headers: ['X A', 'a'] }],
    ['a reason', { status: 200, reason: 'a\nb', headers: [] }],
    ['a status', { status: 99, headers: [] }],
  ])('that would break out of its line throws, and nothing is sent: %s', async (_, head) => {
    const thrown = Promise.withResolvers<unknown>();
    const { port } = await server((exchange) => {
      try {
        exchange.respond(head, true);
      } catch (error) {
        thrown.resolve(error);
        answer(exchange);
      }
    });
    const { socket, seen, until } = dial(port);
    socket.write('GET /well HTTP/1.1\r\nHost: a\r\n\r\n');
    expect(await thrown.promise).toBeInstanceOf(Error);
    await until(/X-At: \/well/);
    expect(seen()).toMatch(/^HTTP\/1\.1 200 OK\r\nX-At/);
  });

  it('that is not read yet survives the closing of its server', async () => {
    const size = 8 * 1024 * 1024;
    const listening = await server((exchange) => {
      exchange.respond({ status: 200, headers: ['Content-Length', String(size)] }, false);
      exchange.write(Buffer.alloc(size, 'x'));
      exchange.end();
    });
    const { socket, closed, seen, until } = dial(listening.port);
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await until(/200/);
    socket.pause();
    const gone = listening.close(60_000);
    await turns(20);
    socket.resume();
    await closed;
    await gone;
    expect(seen().length).toBeGreaterThan(size);
  });
});

describe('a connection to an endpoint', () => {
  /** An endpoint written by hand; it answers each piece of data as told, by connection and turn from 1. */
  async function endpoint(reply: (connection: number, turn: number, socket: Socket) => void): Promise<number> {
    let connections = 0;
    const sockets = new Set<Socket>();
    const made: Server = createServer((socket) => {
      const nth = ++connections;
      let turn = 0;
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('data', () => reply(nth, ++turn, socket));
    });
    await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve));
    closers.push(() => {
      for (const socket of sockets) socket.destroy();
      made.close();
    });
    return (made.address() as AddressInfo).port;
  }

  function client(clock: Clock = systemClock) {
    const made = engineTransport(clock).client();
    closers.push(() => made.close());
    return made;
  }

  const usual = (port: number): UpstreamRequest => ({
    host: '127.0.0.1',
    port,
    protocol: 'http1',
    method: 'GET',
    target: '/',
    authority: 'a',
    fields: Fields.of([]),
    bodyLength: 0,
    fresh: false,
  });

  /** The body that comes back, or the failure's text. */
  function ask(
    engine: ReturnType<typeof client>,
    port: number,
    change: Partial<UpstreamRequest> = {},
    onData: (stream: ReturnType<typeof engine.send>) => void = () => {},
  ): Promise<string> {
    return new Promise((resolve) => {
      let body = '';
      const events: UpstreamEvents = {
        informed: () => {},
        ready: () => {},
        head: (_head, ends) => ends && resolve(body),
        data: (chunk) => {
          body += Buffer.from(chunk).toString('latin1');
          onData(stream);
        },
        end: () => resolve(body),
        switched: () => resolve('switched'),
        failed: ({ error, sent }) => resolve(`${sent}: ${error.message}`),
      };
      const stream = engine.send({ ...usual(port), ...change }, events);
    });
  }

  const said = (text: string) => `HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\n\r\n${text}`;

  it('is used again though its last answer was held back', async () => {
    const port = await endpoint((nth, turn, socket) => socket.write(said(`${nth}.${turn}`)));
    const engine = client();
    expect(await ask(engine, port, {}, (stream) => stream.pause())).toBe('1.1');
    expect(await ask(engine, port)).toBe('1.2');
  });

  it.each([
    ['more than its answer', (turn: number) => said(`${turn}`) + said('extra'), ['1', '1']],
    ['an answer nobody asked for', (turn: number) => said(`${turn}`), ['1', '1']],
  ])('is not used again after %s', async (what, reply, expected) => {
    const port = await endpoint((_nth, turn, socket) => {
      socket.write(reply(turn));
      if (what.startsWith('an answer')) setImmediate(() => socket.write(said('unasked')));
    });
    const engine = client();
    const first = await ask(engine, port);
    await turns(20);
    expect([first, await ask(engine, port)]).toEqual(expected);
  });

  it('is given up after a while without use', async () => {
    const clock = new VirtualClock();
    const port = await endpoint((nth, turn, socket) => socket.write(said(`${nth}.${turn}`)));
    const engine = client(clock);
    expect(await ask(engine, port)).toBe('1.1');
    await clock.advance(3900);
    expect(await ask(engine, port)).toBe('1.2');
    await clock.advance(5000);
    await turns(10);
    expect(await ask(engine, port)).toBe('2.1');
  });

  it.each<[string, string, string]>([
    [
      'a protocol nobody asked for',
      'HTTP/1.1 101 Switching Protocols\r\n\r\n',
      'some: the endpoint switched protocols unasked',
    ],
    ['interim answers without end', 'HTTP/1.1 102 Processing\r\n\r\n'.repeat(50), 'some: too many interim responses'],
    ['a head without end', `HTTP/1.1 200 OK\r\nA: ${'a'.repeat(70_000)}`, 'some: response head is too large'],
    [
      'a chunk that lies',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n',
      'some: a chunk is not as long as it says',
    ],
  ])('fails for %s', async (_, reply, expected) => {
    const port = await endpoint((_nth, _turn, socket) => socket.write(reply));
    expect(await ask(client(), port)).toBe(expected);
  });

  it.each<[string, Partial<UpstreamRequest>]>([
    ['a value', { fields: Fields.of(['X-A', 'a\r\nX-B: b']) }],
    ['a name', { fields: Fields.of(['X:A', 'a']) }],
    ['a host', { authority: 'a\r\nX-B: b' }],
    ['a target', { target: '/ HTTP/1.1\r\nX-B: b' }],
    ['a method', { method: 'GET /' }],
    ['a protocol', { upgrade: 'a\nb' }],
  ])('never carries a head that would break out of its line: %s', async (_, change) => {
    let reached = false;
    const port = await endpoint(() => (reached = true));
    expect(await ask(client(), port, change)).toMatch(/^some: .*(?:cannot have|is no field name)$/);
    await turns(20);
    expect(reached).toBe(false);
  });
});
