import { duplexPair } from 'node:stream';
import { expect, test } from 'vitest';
import { WebSocketEnd } from './web-socket.ts';

const BINARY = 2;

/** A frame as clients send them: masked, here with zeros. */
function masked(text: string): Buffer {
  const body = Buffer.from(text);
  return Buffer.concat([Buffer.from([0x80 | BINARY, 0x80 | body.length, 0, 0, 0, 0]), body]);
}

const listeners = (emitter: NodeJS.EventEmitter) =>
  ['readable', 'drain', 'end', 'close', 'error'].reduce((sum, event) => sum + emitter.listenerCount(event), 0);

test('a long session leaves no listeners at its socket', async () => {
  const [near, far] = duplexPair();
  const before = listeners(near);
  const messages = new WebSocketEnd(near, Buffer.alloc(0)).messages();
  for (let i = 0; i < 20; i++) {
    const next = messages.next();
    far.write(masked(`message ${i}`));
    expect(String((await next).value)).toBe(`message ${i}`);
  }
  expect(listeners(near)).toBe(before);
});

test('who sends waits until there is room, and no longer where the client is gone', async () => {
  const [near, far] = duplexPair();
  const socket = new WebSocketEnd(near, Buffer.alloc(0));
  const large = Buffer.alloc(near.writableHighWaterMark);
  const before = listeners(near);
  let sent = 0;
  const all = (async () => {
    for (; sent < 3; sent++) await socket.send(large);
  })();
  await new Promise((resolve) => setImmediate(resolve));
  expect(sent).toBe(0);
  far.resume();
  await all;
  far.pause();
  const stuck = socket.send(large);
  near.destroy(new Error('reset'));
  near.on('error', () => {});
  await stuck;
  expect([sent, listeners(near) - 1]).toEqual([3, before]);
});

test('what is no masked frame ends the connection', async () => {
  const [near, far] = duplexPair();
  far.write(Buffer.from([0x80 | BINARY, 1, 65]));
  expect(await new WebSocketEnd(near, Buffer.alloc(0)).messages().next()).toEqual({ done: true, value: undefined });
  expect(far.read()).toMatchObject({ 0: 0x88 });
});

/** A frame of a client whose payload is all zeros. */
function frame(opcode: number, length: number, isLast: boolean): Buffer {
  const head = length < 126 ? [0x80 | length] : [0x80 | 126, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([(isLast ? 0x80 : 0) | opcode, ...head]), Buffer.alloc(4 + length)]);
}

const CONTINUATION = 0;
const PING = 9;
const pieces = (count: number) => Array.from({ length: count }, () => frame(CONTINUATION, 0, false));

test.each<[string, readonly Buffer[]]>([
  ['a ping that is too long', [frame(PING, 126, true)]],
  ['a ping in pieces', [frame(PING, 1, false)]],
  ['a continuation of nothing', [frame(CONTINUATION, 1, true)]],
  ['a message within a message', [frame(BINARY, 1, false), frame(BINARY, 1, true)]],
  ['a message in pieces without end', [frame(BINARY, 1, false), ...pieces(4096)]],
])('%s is against the protocol', async (_, frames) => {
  const [near, far] = duplexPair();
  const messages = new WebSocketEnd(near, Buffer.concat(frames)).messages();
  expect(await messages.next()).toEqual({ done: true, value: undefined });
  const said = far.read() as Buffer;
  expect([said[0], said.readUInt16BE(2)]).toEqual([0x88, 1002]);
});

test('a message may come in pieces, with pings between them', async () => {
  const [near] = duplexPair();
  const frames = [frame(BINARY, 1, false), frame(PING, 125, true), ...pieces(10), frame(CONTINUATION, 2, true)];
  const messages = new WebSocketEnd(near, Buffer.concat([...frames, masked('next')])).messages();
  expect((await messages.next()).value).toEqual(Buffer.alloc(3));
  expect(String((await messages.next()).value)).toBe('next');
});
