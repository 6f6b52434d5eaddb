import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { freePort, isFree } from './free-port.ts';

test('a port that was found can be listened on, and again after that', async () => {
  const port = await freePort();
  expect(await isFree(port)).toBe(true);
  expect(await isFree(port)).toBe(true);
});

test('a port that is taken for TCP alone is not free', async () => {
  const port = await freePort();
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  expect(await isFree(port)).toBe(false);
  server.close();
});

test('a port that is taken for UDP alone is not free', async () => {
  const port = await freePort();
  const socket = createSocket('udp4').bind(port, '127.0.0.1');
  await once(socket, 'listening');
  expect(await isFree(port)).toBe(false);
  socket.close();
});
