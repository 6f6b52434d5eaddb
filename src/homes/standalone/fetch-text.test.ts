import type { lookup } from 'node:dns';
import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { closedBecause, fetchText, openOnly } from './fetch-text.ts';

let close: () => Promise<void> = () => Promise.resolve();
afterEach(() => close());

async function serving(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  close = () => new Promise((resolve) => server.close(() => resolve()).closeAllConnections());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}
const never = () => new AbortController().signal;

test('gives the text', async () => {
  const url = await serving((_, response) => void response.end('depth 3\n'));
  expect(await fetchText(url, never())).toBe('depth 3\n');
});

test.each<[string, RequestListener, RegExp]>([
  ['another status', (_, response) => void response.writeHead(404).end('no'), /answered 404/],
  ['a redirect', (_, response) => void response.writeHead(302, { location: '/else' }).end(), /redirect/],
  [
    'more than a mebibyte',
    (_, response) => void response.end('x'.repeat(1024 * 1024 + 1)),
    /longer than 1048576 bytes/,
  ],
])('refuses %s', async (_what, answer, message) => {
  await expect(fetchText(await serving(answer), never())).rejects.toThrow(message);
});

test('tells of nobody there, and of a caller who waits no longer', async () => {
  const url = await serving(() => {});
  const late = new AbortController();
  const asked = fetchText(url, late.signal);
  late.abort(new Error('no answer within 3 s'));
  await expect(asked).rejects.toThrow('no answer within 3 s');
  await close();
  close = () => Promise.resolve();
  await expect(fetchText(url, never())).rejects.toThrow(/ECONNREFUSED/);
});

test.each([
  ['169.254.169.254', true],
  ['::ffff:169.254.169.254', true],
  ['fe80::1', true],
  ['fd00:ec2::254', true],
  ['127.0.0.1', false],
  ['10.0.0.1', false],
  ['::1', false],
])('%s is closed: %s', (address, closed) => {
  expect(closedBecause(address) !== undefined).toBe(closed);
});

test.each(['http://169.254.169.254/latest', 'http://0xA9FEA9FE/', 'http://[fe80::1]/', 'http://[::ffff:a9fe:a9fe]/'])(
  '%s is not asked',
  async (url) => {
    await expect(fetchText(url, never())).rejects.toThrow(/is a link-local address/);
  },
);

test('a name is asked where it leads', async () => {
  const url = await serving((_, response) => void response.end('depth 3\n'));
  expect(await fetchText(url.replace('127.0.0.1', 'localhost'), never())).toBe('depth 3\n');
});

test('a name that leads to a closed address, be it among others, is not connected to', () => {
  const found = ['10.0.0.1', '169.254.169.254'].map((address) => ({ address, family: 4 }));
  const find = ((_host: string, _options: object, done: (error: null, all: object[]) => void) =>
    done(null, found)) as unknown as typeof lookup;
  const said: unknown[] = [];
  openOnly(find)('rebinding.test', {}, (error) => void said.push(error?.message));
  expect(said).toEqual([closedBecause('169.254.169.254')]);
});
