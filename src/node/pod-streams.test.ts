import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { portStream, streamsOf } from './pod-streams.ts';

test('a command whose client left while it was begun is ended at once', () => {
  let kills = 0;
  const conversation = {
    stdin: undefined,
    stdout: Readable.from([]),
    stderr: Readable.from([]),
    exited: Promise.resolve(0),
    resize: () => {},
    kill: () => void kills++,
  };
  streamsOf(conversation, { stdout: false, stderr: false }, AbortSignal.abort());
  expect(kills).toBe(1);
});

test('connections to a port go with the signal, and leave nothing at it', async () => {
  const server = createServer((socket) => void socket.on('error', () => {}).resume());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const over = new AbortController();
  const added: string[] = [];
  const { signal } = over;
  const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
  signal.addEventListener = (...args: Parameters<typeof add>) => (added.push('added'), add(...args));
  signal.removeEventListener = (...args: Parameters<typeof remove>) => (added.push('removed'), remove(...args));
  const { readable, writable } = await portStream({ host: '127.0.0.1', port }, signal);
  await writable.close();
  await readable.cancel();
  await expect.poll(() => added).toEqual(['added', 'removed']);
  over.abort(new Error('over'));
  await expect(portStream({ host: '127.0.0.1', port }, signal)).rejects.toThrow('over');
  server.close();
});
