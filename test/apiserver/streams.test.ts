// Streams of Pods over WebSockets: what goes where, how it ends, and what is refused before the connection turns.

import { request } from 'node:http';
import type { Duplex } from 'node:stream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ExecOptions, PodStreams } from '#objects/mod.ts';
import { badRequest } from '#machinery/mod.ts';
import { SpdyClient } from '../../src/apiserver/streaming/spdy-client.fixture.ts';
import type { TestApi } from '../contracts/api-server.ts';
import { ROOT_TOKEN, startTestApi, USER_TOKEN } from '../contracts/api-server.ts';

const EXEC = '/api/v1/namespaces/default/pods/talks/exec';
const ATTACH = '/api/v1/namespaces/default/pods/talks/attach';

const asked: Partial<ExecOptions>[] = [];
const sizes: [number, number][] = [];
let aborted: Promise<void> | undefined;

const bytes = (...texts: string[]) => ReadableStream.from(texts.map((text) => Buffer.from(text)));

/** `cat` gives back what it hears when its input ends; `exit N` ends with N; `wait` ends when nobody listens. */
const podStreams: { -readonly [K in keyof PodStreams]: PodStreams[K] } = {
  async *logs({ metadata }) {
    yield Buffer.from(`of ${metadata.uid}\n`);
  },
  ended: async () =>
    ['first', 'second'].map((uid) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'gone', namespace: 'default', uid, labels: { uid } },
      spec: { containers: [{ name: 'main' }] },
    })),
  exec(_, options, signal) {
    asked.push(options);
    const [program, code = '0'] = options.command;
    if (program === 'no') return Promise.reject(badRequest('container not found ("main")'));
    const resize = (columns: number, rows: number) => void sizes.push([columns, rows]);
    if (program === 'wait') {
      const end = Promise.withResolvers<{ exitCode: number }>();
      aborted = new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
      return Promise.resolve({ resize, exit: end.promise });
    }
    if (program === 'cat') {
      const pipe = new TransformStream<Uint8Array, Uint8Array>();
      return Promise.resolve({
        stdin: pipe.writable,
        stdout: pipe.readable,
        resize,
        exit: Promise.resolve({ exitCode: 0 }),
      });
    }
    const exit = Promise.resolve({ exitCode: Number(code) });
    return Promise.resolve({ stdout: bytes('out'), stderr: bytes('err'), resize, exit });
  },
  attach: () => Promise.resolve({ stdout: bytes('line\n'), resize: () => {}, exit: Promise.resolve({ exitCode: 0 }) }),
};

/** Ports that were asked for; 9 is closed. */
const forwarded: number[] = [];
podStreams.portForward = (_, port) => {
  forwarded.push(port);
  if (port === 9) return Promise.reject(new Error('connection refused'));
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  return Promise.resolve({ readable, writable });
};

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi({ podStreams });
  const spec = { containers: [{ name: 'main', image: 'x' }] };
  await api.request('POST', '/api/v1/namespaces/default/pods', { body: { metadata: { name: 'talks' }, spec } });
});
afterAll(() => api.close());

interface Talk {
  readonly socket: WebSocket;
  /** Everything that was heard, by stream, once the connection has ended; with the code of its end. */
  readonly heard: Promise<{ readonly streams: Record<number, string>; readonly code: number }>;
}

function talk(path: string, protocols = ['v5.channel.k8s.io'], token = ROOT_TOKEN): Talk {
  const options = { protocols, headers: { Authorization: `Bearer ${token}` } };
  const socket = new WebSocket(`${api.server.url.replace('http', 'ws')}${path}`, options);
  socket.binaryType = 'arraybuffer';
  const streams: Record<number, string> = {};
  socket.addEventListener('message', ({ data }) => {
    const [stream = -1, ...rest] = Buffer.from(data as ArrayBuffer);
    streams[stream] = (streams[stream] ?? '') + Buffer.from(rest).toString();
  });
  const heard = new Promise<{ streams: Record<number, string>; code: number }>((resolve) => {
    socket.addEventListener('close', ({ code }) => resolve({ streams, code }));
  });
  return { socket, heard };
}

const opened = ({ socket }: Talk) => new Promise<void>((resolve) => socket.addEventListener('open', () => resolve()));

test('outputs come apart, and the end tells the exit code', async () => {
  const { streams, code } = await talk(`${EXEC}?command=exit&command=3&stdout=true&stderr=true`).heard;
  expect([streams[1], streams[2], code]).toEqual(['out', 'err', 1000]);
  expect(JSON.parse(streams[3] ?? '')).toMatchObject({
    status: 'Failure',
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: '3' }] },
  });
});

test('input goes in until it is ended, however long it is', async () => {
  const one = talk(`${EXEC}?command=cat&stdin=true&stdout=true`);
  await opened(one);
  const long = 'x'.repeat(70_000);
  for (const text of ['hello ', long]) one.socket.send(Buffer.concat([Buffer.from([0]), Buffer.from(text)]));
  one.socket.send(Buffer.from([4, ...Buffer.from('{"Width":80,"Height":24}')]));
  one.socket.send(Buffer.from([255, 0]));
  const { streams } = await one.heard;
  expect(streams[1]).toBe(`hello ${long}`);
  expect([JSON.parse(streams[3] ?? ''), sizes.at(-1)]).toEqual([{ metadata: {}, status: 'Success' }, [80, 24]]);
});

test('a client that goes ends the command', async () => {
  const one = talk(`${EXEC}?command=wait&stdin=true`);
  await opened(one);
  one.socket.close();
  await aborted;
});

test('what is asked for is what is begun; a terminal has one output', async () => {
  await talk(`${EXEC}?command=ls&command=-l&stdout=1&stderr=1&tty=1&container=main`, ['v4.channel.k8s.io']).heard;
  expect(asked.at(-1)).toEqual({
    command: ['ls', '-l'],
    container: 'main',
    stdin: false,
    stdout: true,
    stderr: false,
    tty: true,
  });
});

test('attach shows what a container writes', async () => {
  expect((await talk(`${ATTACH}?stdout=true`).heard).streams[1]).toBe('line\n');
});

const upgrade = {
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==',
  'Sec-WebSocket-Version': '13',
};

test.each([
  ['no WebSocket', `${EXEC}?command=ls&stdout=1`, 400, 'this stream is a WebSocket with v5.channel.k8s.io'],
  ['no command', `${EXEC}?stdout=1`, 400, 'you must specify at least 1 command'],
  ['no stream', `${EXEC}?command=ls`, 400, 'you must specify at least one of stdin, stdout, stderr'],
  ['a container that is not there', `${EXEC}?command=ls&stdout=1&container=z`, 400, 'container z is not valid'],
  ['a Pod that is not there', `${EXEC.replace('talks', 'no')}?command=ls&stdout=1`, 404, 'not found'],
])('%s is refused', async (_, path, code, message) => {
  const answer = await api.request('GET', path);
  expect([answer.code, answer.body['message']]).toEqual([code, expect.stringContaining(message)]);
});

/** The status line and body of an answer to a request that asks for a WebSocket. */
function refusal(path: string, protocol: string, token: string, more: Record<string, string> = {}): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { ...upgrade, 'Sec-WebSocket-Protocol': protocol, Authorization: `Bearer ${token}`, ...more };
    const asking = request(`${api.server.url}${path}`, { headers }, (response) => {
      let text = `${response.statusCode} `;
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.once('end', () => resolve(text));
    });
    asking.once('error', reject);
    asking.once('upgrade', () => reject(new Error('it was turned')));
    asking.end();
  });
}

test('SPDY is refused with what is spoken instead', async () => {
  const said = await refusal(`${EXEC}?command=ls&stdout=1`, 'v4.channel.k8s.io', ROOT_TOKEN, { Upgrade: 'SPDY/3.1' });
  expect(said).toContain('but the client asked for SPDY/3.1');
});

test.each([
  [
    'a protocol that is not spoken',
    'v1.channel.k8s.io',
    ROOT_TOKEN,
    'ls',
    '400 ',
    'expected protocol v5.channel.k8s.io',
  ],
  ['somebody who may not', 'v5.channel.k8s.io', USER_TOKEN, 'ls', '403 ', 'forbidden'],
  ['what cannot be begun', 'v5.channel.k8s.io', ROOT_TOKEN, 'no', '400 ', 'container not found'],
])('%s is told before the connection turns', async (_, protocol, token, command, code, message) => {
  const said = await refusal(`${EXEC}?command=${command}&stdout=1`, protocol, token);
  expect([said.startsWith(code), said]).toEqual([true, expect.stringContaining(message)]);
});

test('Pods that are gone are listed, and the last of a name can be read', async () => {
  const pods = '/api/v1/namespaces/default/pods';
  const { body } = await api.request('GET', `${pods}?ended=true&labelSelector=uid%3Dsecond`);
  expect(body).toMatchObject({ kind: 'PodList', items: [{ metadata: { uid: 'second' } }] });
  expect((await api.request('GET', `${pods}/gone/log?ended=true`)).text).toBe('of second\n');
  expect((await api.request('GET', `${pods}/gone/log`)).code).toBe(404);
  expect((await api.request('GET', `${pods}/never/log?ended=true`)).code).toBe(404);
});

/** A connection turned by hand, for this protocol's name is none that WebSocket clients take. */
function turned(path: string, protocol: string): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const headers = { ...upgrade, 'Sec-WebSocket-Protocol': protocol, Authorization: `Bearer ${ROOT_TOKEN}` };
    const asking = request(`${api.server.url}${path}`, { headers });
    asking.once('error', reject);
    asking.once('response', ({ statusCode }) => reject(new Error(`refused with ${statusCode}`)));
    asking.once('upgrade', (_, socket) => resolve(socket));
    asking.end();
  });
}

/** A short binary message as clients send it; a mask of zeros changes nothing. */
function masked(message: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0x82, 0x80 | message.length, 0, 0, 0, 0]), message]);
}

/** Whole short messages of the server. */
function messagesIn(bytes: Buffer): Buffer[] {
  const messages: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += 2 + (bytes[at + 1] ?? 0))
    messages.push(bytes.subarray(at + 2, at + 2 + (bytes[at + 1] ?? 0)));
  return messages;
}

test.each([
  [80, 'hello', ''],
  [9, '', 'error forwarding port 9: connection refused'],
])('a connection to port %s of a Pod', async (port, echoed, problem) => {
  const client = new SpdyClient();
  const path = '/api/v1/namespaces/default/pods/talks/portforward';
  const socket = await turned(path, 'SPDY/3.1+portforward.k8s.io');
  socket.on('data', (bytes: Buffer) => messagesIn(bytes).forEach((message) => client.hear(message)));
  for (const [id, streamtype] of [
    [1, 'error'],
    [3, 'data'],
  ] as const)
    socket.write(masked(await client.open(id, { streamtype, port: String(port), requestID: '0' })));
  socket.write(masked(client.data(3, 'hello', true)));
  await client.ended(1, 3);
  expect([client.said(3), client.said(1), forwarded.at(-1)]).toEqual([echoed, problem, port]);
  socket.destroy();
});
