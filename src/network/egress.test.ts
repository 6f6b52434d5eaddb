import { connect, createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { openEgress, targetOutside } from './egress.ts';
import { Forwarder } from './forward/forwarder.ts';

test.each([
  ['93.184.216.34', true],
  ['::ffff:192.168.1.5', true],
  ['10.1.2.3', true],
  ['10.96.0.1', false],
  ['127.0.0.1', false],
  ['0.0.0.0', false],
  ['169.254.169.254', false],
  ['239.1.1.1', false],
  ['255.255.255.255', false],
  ['::1', false],
  ['300.1.1.1', false],
  [undefined, false],
])('%s is outside: %s', (address, isOutside) => {
  const closed = [
    ['0.0.0.0', 8],
    ['127.0.0.0', 8],
    ['169.254.0.0', 16],
    ['224.0.0.0', 3],
    ['10.96.0.0', 16],
  ] as const;
  expect(targetOutside(address, 443, closed)).toEqual(isOutside ? [{ host: address, port: 443 }] : []);
});

test('what is meant for nobody outside is cut off', async () => {
  const listening = Promise.withResolvers<Server>();
  const listeners = {
    address: '127.0.0.1',
    async tcp() {
      const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      listening.resolve(server);
      return server;
    },
    udp: () => Promise.reject(new Error('no')),
  };
  const forwarder = new Forwarder({ listeners, warn: () => {} });
  openEgress(forwarder, [443], '10.96.0.0/16');
  await forwarder.settled();
  const { port } = (await listening.promise).address() as AddressInfo;
  const socket = connect(port, '127.0.0.1');
  const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
  expect(error.code).toBe('ECONNRESET');
  await forwarder.close();
});
