import { createServer } from 'node:http';
import type { RequestListener, Server } from 'node:http';
import { createServer as createHttp2 } from 'node:http2';
import type { ServerHttp2Stream } from 'node:http2';
import { createServer as createTcp } from 'node:net';
import type { AddressInfo, Server as TcpServer } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { systemClock, VirtualClock } from '#base/mod.ts';
import type { Container, Probe } from '#kinds/mod.ts';
import type { ProbeTarget } from './probe.ts';
import { foreseen, runHook, tryProbe } from './probe.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function listening(server: TcpServer): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

async function httpServer(answer: RequestListener): Promise<number> {
  const server: Server = createServer(answer);
  closing.push(() => server.closeAllConnections());
  return listening(server);
}

const container: Container = { name: 'user-container', image: 'hello', ports: [{ name: 'web', containerPort: 8080 }] };

/** Container port 8080 is reached at `port`. */
function targetAt(port: number, exec: ProbeTarget['exec'] = () => Promise.resolve(0)): ProbeTarget {
  return { address: (asked) => ({ host: '127.0.0.1', port: asked === 8080 ? port : asked }), exec };
}

const httpGet = { path: '/', port: 8080, scheme: 'HTTP' };

describe('http', () => {
  test.each([
    [200, true],
    [204, true],
    [399, true],
    [400, false],
    [404, false],
    [503, false],
  ])('status %i is %s', async (status, ok) => {
    const port = await httpServer((_, response) => response.writeHead(status).end('x'));
    const verdict = await tryProbe({ httpGet }, container, targetAt(port), systemClock);
    expect(verdict).toEqual({ ok, message: ok ? '' : `HTTP probe failed with statuscode: ${status}` });
  });

  test('asks as kubelet does, at a named port, with headers and a query of its own', async () => {
    const seen: unknown[] = [];
    const port = await httpServer(({ url, headers }, response) => {
      seen.push(url, headers['user-agent'], headers.host, headers['x-a']);
      response.end();
    });
    const probe: Probe = {
      httpGet: {
        path: '/healthz?deep=1',
        port: 'web',
        httpHeaders: [
          { name: 'X-A', value: 'b' },
          { name: 'Host', value: 'own.example' },
        ],
      },
    };
    expect(await tryProbe(probe, container, targetAt(port), systemClock)).toMatchObject({ ok: true });
    expect(seen).toEqual(['/healthz?deep=1', 'kube-probe/1.34', 'own.example', 'b']);
  });

  test.each([
    ['on the same host is followed', '/bad', false],
    ['to another host is as good as an answer', 'http://elsewhere.example/bad', true],
    ['that never ends', '/', false],
  ])('a redirect %s', async (_, location, ok) => {
    const port = await httpServer(({ url }, response) =>
      url === '/bad' ? response.writeHead(500).end() : response.writeHead(302, { location }).end(),
    );
    expect(await tryProbe({ httpGet }, container, targetAt(port), systemClock)).toMatchObject({ ok });
  });

  test('an answer that never comes ends with the timeout', async () => {
    const clock = new VirtualClock();
    const asked = Promise.withResolvers<void>();
    const port = await httpServer(() => asked.resolve());
    const verdict = tryProbe({ httpGet, timeoutSeconds: 3 }, container, targetAt(port), clock);
    await asked.promise;
    await clock.advance(3000);
    expect(await verdict).toEqual({ ok: false, message: `Get "http://127.0.0.1:${port}/": context deadline exceeded` });
    expect(clock.nextDue).toBeUndefined();
  });

  test('an unknown port name and a refused connection are told in words', async () => {
    const free = await listening(createTcp());
    for (const close of closing.splice(0)) close();
    expect(await tryProbe({ httpGet }, container, targetAt(free), systemClock)).toMatchObject({
      message: expect.stringContaining('connection refused') as string,
    });
    expect(await tryProbe({ httpGet: { port: 'no' } }, container, targetAt(free), systemClock)).toEqual({
      ok: false,
      message: 'container "user-container" has no port "no"',
    });
  });
});

describe('tcp', () => {
  test('a listening port is well; one that is closed is not', async () => {
    const port = await listening(createTcp((socket) => socket.destroy()));
    expect(await tryProbe({ tcpSocket: { port: 8080 } }, container, targetAt(port), systemClock)).toMatchObject({
      ok: true,
    });
    for (const close of closing.splice(0)) close();
    expect(await tryProbe({ tcpSocket: { port: 8080 } }, container, targetAt(port), systemClock)).toEqual({
      ok: false,
      message: `dial tcp 127.0.0.1:${port}: connect: connection refused`,
    });
  });
});

describe('exec', () => {
  test.each<[string, ProbeTarget['exec'], boolean, string]>([
    ['code 0', () => Promise.resolve(0), true, ''],
    ['code 3', () => Promise.resolve(3), false, 'command "cat /ok" ended with code 3'],
    ['a failure to run', () => Promise.reject(new Error('no such file')), false, 'no such file'],
  ])('%s', async (_, exec, ok, message) => {
    const probe = { exec: { command: ['cat', '/ok'] } };
    expect(await tryProbe(probe, container, targetAt(1, exec), systemClock)).toEqual({ ok, message });
  });

  test('a command that hangs is given up', async () => {
    const clock = new VirtualClock();
    const verdict = tryProbe(
      { exec: { command: ['hang'] } },
      container,
      targetAt(1, () => new Promise(() => {})),
      clock,
    );
    await clock.advance(1000);
    expect(await verdict).toMatchObject({ ok: false });
  });
});

describe('grpc', () => {
  async function health(answer: (stream: ServerHttp2Stream, asked: Buffer) => void): Promise<number> {
    const server = createHttp2();
    server.on('stream', (stream: ServerHttp2Stream) => {
      const parts: Buffer[] = [];
      stream.on('data', (part: Buffer) => parts.push(part));
      stream.once('end', () => answer(stream, Buffer.concat(parts)));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closing.push(() => server.close());
    return (server.address() as AddressInfo).port;
  }

  const answering = (status: number, message: Buffer | undefined) => (stream: ServerHttp2Stream) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.once('wantTrailers', () => stream.sendTrailers({ 'grpc-status': String(status) }));
    stream.end(message ?? Buffer.alloc(0));
  };
  const frame = (value: number) => Buffer.from([0, 0, 0, 0, 2, 0x08, value]);

  test.each<[string, number, Buffer | undefined, boolean]>([
    ['SERVING', 0, frame(1), true],
    ['NOT_SERVING', 0, frame(2), false],
    ['an unknown service', 5, undefined, false],
    ['no health service at all', 12, undefined, false],
  ])('%s', async (_, status, message, ok) => {
    const port = await health(answering(status, message));
    const probe = { grpc: { port: 8080, service: '' } };
    expect(await tryProbe(probe, container, targetAt(port), systemClock)).toMatchObject({ ok });
  });

  test('names the service, however long its name', async () => {
    const service = 's'.repeat(200);
    const port = await health((stream, asked) => {
      const isRight = asked.subarray(8).toString() === service && asked.readUInt32BE(1) === 203;
      answering(isRight ? 0 : 3, frame(1))(stream);
    });
    expect(await tryProbe({ grpc: { port: 8080, service } }, container, targetAt(port), systemClock)).toEqual({
      ok: true,
      message: '',
    });
  });

  test('a closed port is not well', async () => {
    const port = await listening(createTcp());
    for (const close of closing.splice(0)) close();
    expect(await tryProbe({ grpc: { port: 8080, service: '' } }, container, targetAt(port), systemClock)).toMatchObject(
      { ok: false },
    );
  });
});

test('a hook may sleep, but not longer than it is given', async () => {
  const clock = new VirtualClock();
  const short = runHook({ sleep: { seconds: 2 } }, 5000, container, targetAt(1), clock);
  const long = runHook({ sleep: { seconds: 9 } }, 5000, container, targetAt(1), clock);
  await clock.advance(5000);
  expect(await short).toEqual({ ok: true, message: '' });
  expect(await long).toEqual({ ok: false, message: 'context deadline exceeded' });
});

describe('without a try, a probe of a port', () => {
  const refused = { ok: false, message: 'dial tcp 127.0.0.1:9090: connect: connection refused' };
  const unanswered = { ok: false, message: 'Get "http://127.0.0.1:9090/": connection refused' };
  const tcpSocket = { port: 8080 };
  test.each<[string, Probe, boolean | undefined, unknown]>([
    ['by TCP is as good as a program that listens', { tcpSocket }, true, { ok: true, message: '' }],
    ['by TCP fails where nobody does', { tcpSocket }, false, refused],
    ['by TCP is open where only a connection tells', { tcpSocket }, undefined, undefined],
    ['by HTTP needs an answer', { httpGet }, true, undefined],
    ['by HTTP has none where nobody listens', { httpGet }, false, unanswered],
    [
      'of another host is that host’s affair',
      { tcpSocket: { ...tcpSocket, host: 'elsewhere.example' } },
      true,
      undefined,
    ],
    ['that the container does not have is told by the try', { tcpSocket: { port: 'none' } }, false, undefined],
    ['by a command is open', { exec: { command: ['true'] } }, false, undefined],
  ])('%s', (_, probe, listens, verdict) => {
    expect(foreseen(probe, container, { ...targetAt(9090), isListening: () => listens })).toEqual(verdict);
  });
});
