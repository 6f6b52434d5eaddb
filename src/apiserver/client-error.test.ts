import { once } from 'node:events';
import { connect } from 'node:net';
import { Duplex } from 'node:stream';
import { expect, test } from 'vitest';
import { startTestApi } from '../../test/contracts/api-server.ts';
import type { ReadFault } from './client-error.ts';
import { answerTo, dismiss } from './client-error.ts';

test.each<[ReadFault, number, string | undefined]>([
  [{ code: 'ERR_HTTP_REQUEST_TIMEOUT' }, 0, undefined],
  [{ code: 'ERR_HTTP_REQUEST_TIMEOUT' }, 8, '408 Request Timeout'],
  [{ code: 'HPE_HEADER_OVERFLOW' }, 70_000, '431 Request Header Fields Too Large'],
  [{ code: 'HPE_INVALID_METHOD', reason: 'Invalid method encountered' }, 8, '400 Bad Request'],
  [{ code: 'ECONNRESET' }, 8, undefined],
  [{ code: 'ERR_SSL_WRONG_VERSION_NUMBER' }, 8, undefined],
])('%j after %i bytes: %s', (fault, bytesRead, status) => {
  expect(answerTo(fault, bytesRead)?.split('\r\n')[0]).toBe(status && `HTTP/1.1 ${status}`);
});

test('a connection on which nothing came is closed without a word', () => {
  const written: string[] = [];
  const socket = new Duplex({ read() {}, write: (chunk, _encoding, done) => (written.push(String(chunk)), done()) });
  dismiss({ code: 'ERR_HTTP_REQUEST_TIMEOUT' }, Object.assign(socket, { bytesRead: 0 }));
  expect([written, socket.destroyed]).toEqual([[], true]);
});

test('what is no HTTP is told so', async () => {
  const api = await startTestApi();
  const socket = connect(api.server.port, '127.0.0.1', () => socket.write('\x01\x02 hello\r\n\r\n'));
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await once(socket, 'close');
  await api.close();
  expect(text).toMatch(
    /^HTTP\/1\.1 400 Bad Request\r\n[^]*expected a request of HTTP\/1\.1: Invalid method encountered\n$/,
  );
});
