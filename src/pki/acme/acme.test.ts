// What an ACME client says and bears. That a real server issues to it is shown by test/sessions/tls.session.

import { createHash, createPublicKey } from 'node:crypto';
import { beforeEach, expect, test } from 'vitest';
import { settle, VirtualClock } from '#base/mod.ts';
import { createSigningKey } from '../tokens.ts';
import { AcmeClient } from './client.ts';
import type { AccountBinding } from './jws.ts';
import { AccountKey } from './jws.ts';
import type { HttpChallenge } from './order.ts';
import { orderCertificate } from './order.ts';
import type { AcmeProblem } from './problem.ts';
import { DIRECTORY, FakeAcme, refusal } from './server.fixture.ts';

const KEY = createSigningKey();
const NOW = Date.UTC(2026, 0, 2);

let clock: VirtualClock;
let server: FakeAcme;
let client: AcmeClient;
let presented: HttpChallenge[];

beforeEach(() => {
  clock = new VirtualClock(NOW);
  server = new FakeAcme();
  presented = [];
  client = clientWith();
});

function clientWith(binding?: AccountBinding): AcmeClient {
  const [key, email] = [new AccountKey(KEY), 'me@example.com'];
  return new AcmeClient({ directory: DIRECTORY, email, key, binding, transport: server.transport, clock });
}

/** An order to its end, with time passing as long as it waits. */
async function order(...names: string[]): Promise<string> {
  const present = async (challenges: readonly HttpChallenge[]) => void presented.push(...challenges);
  const end = orderCertificate(names, { client, clock, present, signal: new AbortController().signal }).then(
    ({ certPem }) => certPem,
    (error: AcmeProblem) => `${error.type}: ${error.message} (${error.retryAfterMs ?? '-'})`,
  );
  const isOver = end.then(() => true);
  while (!(await Promise.race([isOver, passed()]))) await clock.advance(1000);
  return end;
}

/** False, once everything that needs no time has come to rest. */
async function passed(): Promise<boolean> {
  await settle();
  return new Promise((resolve) => setImmediate(resolve, false));
}

test('a name is ordered, proven, asked for and fetched', async () => {
  expect(await order('a.test')).toBe('the chain\n');
  const { kty, crv, x, y } = createPublicKey(KEY).export({ format: 'jwk' });
  const thumbprint = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
  expect(presented).toMatchObject([
    { host: 'a.test', token: 'token-a.test', keyAuthorization: `token-a.test.${thumbprint}` },
  ]);
  expect(server.log.map((line) => line.replace(/"csr":"[^"]+"/, '"csr":"…"'))).toEqual([
    '/account {"termsOfServiceAgreed":true,"contact":["mailto:me@example.com"]}',
    '/order {"identifiers":[{"type":"dns","value":"a.test"}]}',
    '/authz/a.test',
    '/challenge/a.test {}',
    '/authz/a.test',
    '/order/1',
    '/finalize {"csr":"…"}',
    '/order/1',
    '/certificate',
  ]);
});

test('what the server knows to be ours is not proven again', async () => {
  server.prove('a.test');
  await order('a.test', 'b.test');
  expect(presented.map(({ host }) => host)).toEqual(['b.test']);
});

test('a nonce that is too old is replaced, and not for ever', async () => {
  const old = (length: number) => Array.from({ length }, () => refusal('badNonce', 'old'));
  server.instead.set('/order', old(9));
  expect(await order('a.test')).toBe('the chain\n');
  server.instead.set('/order', old(10));
  expect(await order('a.test')).toBe('badNonce: badNonce: old (-)');
});

test('orders that ask at once do not take nonces from each other', async () => {
  const orders = ['a.test', 'b.test', 'c.test'].map((name) => client.newOrder([name], new AbortController().signal));
  expect((await Promise.all(orders)).map(({ status }) => status)).toEqual(['pending', 'pending', 'pending']);
});

test('an order that is given up does not take down those that wait for the account with it', async () => {
  const leaving = new AbortController();
  const { transport } = server;
  client = new AcmeClient({
    directory: DIRECTORY,
    email: '',
    key: new AccountKey(KEY),
    transport: async (request, signal) => {
      await settle();
      signal.throwIfAborted();
      return transport(request, signal);
    },
    clock,
  });
  const first = client.newOrder(['a.test'], leaving.signal);
  const second = client.newOrder(['b.test'], new AbortController().signal);
  leaving.abort(new Error('not wanted'));
  await expect(first).rejects.toThrow('not wanted');
  expect(await second).toMatchObject({ status: 'pending' });
});

test('an account that the server has lost is made anew', async () => {
  await order('a.test');
  server.forgetAccounts();
  expect(await order('a.test')).toBe('the chain\n');
  expect(server.log.filter((line) => line.startsWith('/account')).length).toBe(2);
});

/** Answers that are lost on their way, by the path that was asked; each once. */
function lose(...paths: string[]): void {
  const { transport } = server;
  const left = [...paths];
  client = new AcmeClient({
    directory: DIRECTORY,
    email: '',
    key: new AccountKey(KEY),
    transport: async (request, signal) => {
      const answer = await transport(request, signal);
      const at = left.indexOf(new URL(request.url).pathname);
      if (at < 0) return answer;
      left.splice(at, 1);
      throw new Error('the connection was reset');
    },
    clock,
  });
}

test.each(['/dir', '/nonce', '/account', '/order', '/authz/a.test', '/order/1', '/certificate'])(
  'an answer of %s that is lost is no reason to give up',
  async (path) => {
    lose(path);
    expect(await order('a.test')).toBe('the chain\n');
  },
);

test('a server that stumbles is asked again', async () => {
  const stumbles = [500, 503].map((status) => refusal('serverInternal', 'oops', {}, {}, status));
  server.instead.set('/order', [...stumbles]);
  server.instead.set('/authz/a.test', [...stumbles]);
  expect(await order('a.test')).toBe('the chain\n');
});

test('what is not heard at the fourth try is given up', async () => {
  lose(...Array<string>(4).fill('/dir'));
  expect(await order('a.test')).toBe('undefined: the connection was reset (-)');
  expect(clock.now() - NOW).toBe(13_000);
});

test.each(['/challenge/a.test', '/finalize'])(
  '%s is said once: a server would refuse it the second time',
  async (path) => {
    lose(path);
    expect(await order('a.test')).toBe('undefined: the connection was reset (-)');
    expect(server.log.filter((line) => line.startsWith(path)).length).toBe(1);
  },
);

test('a server that takes only whom it knows is shown a binding', async () => {
  server.wantsBinding = Buffer.from('a shared secret').toString('base64url');
  expect(await order('a.test')).toContain('externalAccountRequired');
  client = clientWith({ kid: 'customer-7', hmac: server.wantsBinding });
  expect(await order('a.test')).toBe('the chain\n');
  expect(Buffer.from(server.log.at(1)?.split('"protected":"')[1]?.split('"')[0] ?? '', 'base64url').toString()).toBe(
    '{"alg":"HS256","kid":"customer-7","url":"https://acme.test/account"}',
  );
});

const dateOf = (ms: number) => new Date(ms).toUTCString();
const AHEAD_MS = 5 * 3_600_000;

test.each([
  ['in seconds', { 'retry-after': '2700' }],
  ['by a date', { 'retry-after': dateOf(NOW + 2_700_000) }],
  ['by its own clock', { date: dateOf(NOW + AHEAD_MS), 'retry-after': dateOf(NOW + AHEAD_MS + 2_700_000) }],
])('a bound of rate says when to come again, %s', async (_form, headers) => {
  server.instead.set('/order', [refusal('rateLimited', 'too many', {}, headers)]);
  const [said = '', ms = ''] = (await order('a.test')).split(' (');
  expect(said).toBe('rateLimited: rateLimited: too many');
  expect(Number.parseInt(ms)).toBeGreaterThan(2_690_000);
  expect(Number.parseInt(ms)).toBeLessThanOrEqual(2_700_000);
});

test('a problem is told with its parts', async () => {
  const subproblems = [{ identifier: { type: 'dns', value: 'b.test' }, detail: 'is not allowed' }];
  server.instead.set('/order', [refusal('rejectedIdentifier', 'some names are refused', { subproblems })]);
  expect(await order('a.test', 'b.test')).toContain('some names are refused; b.test: is not allowed');
});

test('what the server saw when it looked is told', async () => {
  const error = { type: 'urn:ietf:params:acme:error:connection', detail: 'connection refused' };
  server.verdict = { status: 'invalid', challenges: [{ type: 'http-01', error }] };
  expect(await order('a.test')).toBe('connection: a.test could not be proven: connection: connection refused (-)');
});

test.each<[string, string]>([
  ['processing', 'timeout: the server still says processing after 5 minutes (-)'],
  ['invalid', 'unknown: the order became invalid (-)'],
])('an order that ends as %s', async (status, said) => {
  server.orderStatus = status;
  expect(await order('a.test')).toBe(said);
});

test('a server that offers no proof over HTTP is told of', async () => {
  server.challengeType = 'dns-01';
  expect(await order('a.test')).toBe('unsupported: the server does not let a.test be proven by http-01 (-)');
});

test('what is no directory is told of, and looked at anew the next time', async () => {
  server.instead.set('/dir', [{ body: '<html>' }]);
  expect(await order('a.test')).toContain('is no directory of an ACME server');
  expect(await order('a.test')).toBe('the chain\n');
});
