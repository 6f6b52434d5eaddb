import type { SendRequest } from '#events/mod.ts';
import type { ResultCall } from '#invocations/mod.ts';
import { expect, test } from 'vitest';
import { callFault, isPublic, resultCalls } from './result-calls.ts';
import type { Place, WireAnswer } from './wire.ts';

test.each([
  ['8.8.8.8', true],
  ['203.0.113.9', true],
  ['2606:4700::1111', true],
  ['::ffff:8.8.8.8', true],
  ['127.0.0.1', false],
  ['127.9.9.9', false],
  ['0.0.0.0', false],
  ['10.1.2.3', false],
  ['100.64.0.1', false],
  ['169.254.169.254', false],
  ['172.31.255.255', false],
  ['172.32.0.0', true],
  ['192.168.1.1', false],
  ['198.19.0.1', false],
  ['224.0.0.1', false],
  ['255.255.255.255', false],
  ['::1', false],
  ['::', false],
  ['::ffff:127.0.0.1', false],
  ['::ffff:10.0.0.1', false],
  ['fd00::1', false],
  ['fe80::1', false],
  ['ff02::1', false],
  ['64:ff9b::7f00:1', false],
  ['2002:7f00:1::', false],
])('%s is public: %s', (address, expected) => expect(isPublic(address)).toBe(expected));

const LOCAL =
  /is no public address, and no service of this platform has it; the annotation ebb.dev\/async-callbacks: any/;

test.each<[url: string, callbacks: ResultCall['callbacks'], fault: RegExp | undefined]>([
  ['https://hooks.example.com/x', 'public', undefined],
  ['http://8.8.8.8:9000/', 'public', undefined],
  ['http://localhost:3000/', 'public', LOCAL],
  ['http://LOCALHOST./', 'public', LOCAL],
  ['http://gone.default.localhost/', 'public', LOCAL],
  ['http://127.0.0.1:6443/', 'public', LOCAL],
  ['http://2130706433/', 'public', LOCAL],
  ['http://0x7f.1/', 'public', LOCAL],
  ['http://[::1]/', 'public', LOCAL],
  ['http://[::ffff:7f00:1]/', 'public', LOCAL],
  ['http://localhost:3000/', 'any', undefined],
  ['http://127.0.0.1/', 'any', undefined],
  ['http://169.254.169.254/latest', 'any', /link-local/],
])('%s of a service that allows %s', (url, callbacks, fault) => {
  const found = callFault(new URL(url), callbacks);
  if (fault === undefined) expect(found).toBeUndefined();
  else expect(found).toMatch(fault);
});

const well: WireAnswer = { status: 200, headers: [], body: new Uint8Array(0) };

/** What is done with a call, where a name leads to some addresses and the gateway has some hosts by a door. */
async function sent(call: Partial<ResultCall>, addresses: readonly string[] = [], routes: readonly string[] = []) {
  const done: string[] = [];
  const answer = (what: string): WireAnswer => {
    done.push(what);
    return well;
  };
  const post = resultCalls({
    through: (door, { url }) =>
      routes.includes(`${door} ${url.hostname}`) ? Promise.resolve(answer(`through ${door}`)) : undefined,
    lookUp: async () => addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    send: async ({ url }: SendRequest, { host, port }: Place) => answer(`${url.hostname} at ${host}:${port}`),
    sendAnywhere: async ({ url }) => answer(`anywhere ${url.hostname}`),
  });
  const outcome = await post(
    { url: 'https://hooks.test/x', callbacks: 'public', door: 'external', headers: [], body: well.body, ...call },
    new AbortController().signal,
  );
  return 'error' in outcome ? `${outcome.isFinal ? 'never: ' : ''}${outcome.error}` : done.join();
}

test.each<[what: string, done: () => Promise<string>, expected: string | RegExp]>([
  ['the world, at the address that was judged', () => sent({}, ['8.8.8.8']), 'hooks.test at 8.8.8.8:443'],
  ['a port of its own', () => sent({ url: 'http://hooks.test:81/' }, ['8.8.8.8']), 'hooks.test at 8.8.8.8:81'],
  [
    'a name that leads inside',
    () => sent({}, ['8.8.8.8', '10.0.0.1']),
    /^never: hooks.test leads to 10.0.0.1, no public/,
  ],
  ['a name that leads nowhere', () => sent({}), 'hooks.test has no address'],
  ['an address inside', () => sent({ url: 'http://127.0.0.1/' }), /^never: 127.0.0.1 is no public address/],
  ['a service by its door', () => sent({}, [], ['external hooks.test']), 'through external'],
  ['a service that this door does not show', () => sent({}, ['10.0.0.1'], ['internal hooks.test']), /^never/],
  ['anywhere', () => sent({ callbacks: 'any', url: 'http://10.0.0.1/' }), 'anywhere 10.0.0.1'],
  [
    'anywhere, but a cloud’s metadata',
    () => sent({ callbacks: 'any', url: 'http://169.254.169.254/' }),
    /^never: .*metadata/,
  ],
  ['any service', () => sent({ callbacks: 'any' }, [], ['internal hooks.test']), 'through internal'],
])('%s', async (_, done, expected) => {
  expect(await done()).toMatch(expected);
});
