// The connection against a server that says what the test says. Against a real one: `npm run strangers -- --suite jetstream`.

import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { systemClock, VirtualClock } from '#base/mod.ts';
import { NatsConnection } from './connection.ts';

let server: Server | undefined;
afterEach(() => void server?.close());

/** A server that greets, and hears lines. Resolves with its address. */
async function listen(hear: (line: string, socket: Socket) => void): Promise<string> {
  server = createServer((socket) => {
    socket.write('INFO {"headers":true,"max_payload":100}\r\n');
    socket.on('error', () => undefined);
    let rest = '';
    socket.on('data', (chunk) => {
      const lines = (rest + chunk.toString()).split('\r\n');
      rest = lines.pop() ?? '';
      for (const line of lines) hear(line, socket);
    });
  });
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const inboxOf = (line: string) => line.split(' ')[2] ?? '';

test.each([
  ['', {}],
  ['me:se%20cret@', { user: 'me', pass: 'se cret' }],
  ['token@', { auth_token: 'token' }],
])('greets with what the address says (%s)', async (access, expected) => {
  let greeting = '';
  const address = await listen((line, socket) => {
    if (line.startsWith('CONNECT')) greeting = line.slice('CONNECT '.length);
    if (line === 'PING') socket.write('PONG\r\n');
  });
  const connection = await NatsConnection.open({ url: `nats://${access}${address}`, clock: systemClock }, 'in');
  const { user, pass, auth_token } = JSON.parse(greeting) as Record<string, string>;
  expect(JSON.parse(JSON.stringify({ user, pass, auth_token }))).toEqual(expected);
  connection.close();
});

test('a server that refuses is told with its reason', async () => {
  const address = await listen((line, socket) => {
    if (line === 'PING') socket.end("-ERR 'Authorization Violation'\r\n");
  });
  const opening = NatsConnection.open({ url: `nats://wrong@${address}`, clock: systemClock }, 'in');
  await expect(opening).rejects.toThrow(`no NATS server answers at ${address}: Authorization Violation`);
});

test('answers find who asked, whatever their order; a silent one has a deadline; nobody there is told', async () => {
  const clock = new VirtualClock();
  const asked: string[] = [];
  let all = () => {};
  const seen = new Promise<void>((resolve) => (all = resolve));
  const address = await listen((line, socket) => {
    if (line === 'PING') socket.write('PONG\r\n');
    if (!line.startsWith('PUB')) return;
    asked.push(inboxOf(line));
    if (asked.length < 4) return;
    socket.write(`MSG ${asked[1]} 1 3\r\ntwo\r\nMSG ${asked[0]} 1 3\r\none\r\n`);
    socket.write(`HMSG ${asked[2]} 1 16 16\r\nNATS/1.0 503\r\n\r\n\r\nPING\r\n`);
    all();
  });
  const connection = await NatsConnection.open({ url: `nats://${address}`, clock }, 'in');
  const answers = ['a', 'b', 'c', 'd'].map((subject) => connection.ask(subject, Buffer.from('?')));
  expect((await answers[0])?.payload.toString()).toBe('one');
  expect((await answers[1])?.payload.toString()).toBe('two');
  await expect(answers[2]).rejects.toThrow('nobody listens: JetStream is not enabled');
  await seen;
  await Promise.all([expect(answers[3]).rejects.toThrow('did not answer at d within 10 s'), clock.advance(10_000)]);
  await expect(connection.ask('large', Buffer.alloc(101))).rejects.toThrow(
    'takes at most 100 bytes (max_payload), but the message has 101',
  );
  connection.close();
  await expect(connection.ask('late', Buffer.alloc(1))).rejects.toThrow('the connection to NATS is closed');
});
