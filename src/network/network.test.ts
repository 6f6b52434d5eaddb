import { createSocket } from 'node:dgram';
import type { Socket as UdpSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';
import { connect, createServer } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { seededRandom, settle, systemClock } from '#base/mod.ts';
import { allKinds, CoreService, EndpointSlice, Namespace } from '#kinds/mod.ts';
import type { Client } from '#objects/mod.ts';
import { localClient, localInformers, Registry, Scheme, Store } from '#objects/mod.ts';
import { ScriptedDatabase } from '../../test/contracts/scripted-database.ts';
import type { ServiceListeners } from './listeners.ts';
import { serviceAddresses } from './addresses.ts';
import type { Network } from './network.ts';
import { startNetwork } from './network.ts';

/** Every address is this machine's loopback with a port of its own, kept under what was asked for. */
class LoopbackListeners implements ServiceListeners {
  readonly address = '10.217.0.2';
  readonly ports = new Map<string, number>();

  async tcp(address: string, port: number): Promise<Server> {
    const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    this.ports.set(`${address}:${port}`, (server.address() as AddressInfo).port);
    return server;
  }

  async udp(address: string, port: number): Promise<UdpSocket> {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    this.ports.set(`udp ${address}:${port}`, socket.address().port);
    return socket;
  }
}

let client: Client;
let listeners: LoopbackListeners;
let network: Network;
let echo: Server;

beforeEach(async () => {
  const store = await Store.open(new ScriptedDatabase());
  const scheme = new Scheme(allKinds);
  const registry = new Registry({
    store,
    scheme,
    clock: systemClock,
    random: seededRandom(1),
    plugins: [serviceAddresses(store).admission],
  });
  client = localClient(registry, { name: 'test', groups: [] });
  for (const name of ['default', 'ns'])
    await client.create(Namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name }, spec: {} });
  echo = createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket)).listen(0, '127.0.0.1');
  await once(echo, 'listening');
  listeners = new LoopbackListeners();
  const own = { 'default/kubernetes': { 443: { host: '127.0.0.1', port: echoPort() } } };
  network = await startNetwork({
    client,
    informers: localInformers(store, scheme),
    clock: systemClock,
    listeners,
    clusterDomain: 'cluster.local',
    own,
    balanced: { 80: { host: '127.0.0.1', port: echoPort() } },
    upstream: [],
    warn: (message) => expect.fail(message),
  });
});
afterEach(async () => {
  await network.stop();
  echo.close();
});

const echoPort = () => (echo.address() as AddressInfo).port;

async function makeService(...ports: number[]): Promise<string> {
  const made = await client.create(CoreService, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web', namespace: 'ns' },
    spec: { ports: [{ port: 80 }] },
  });
  for (const port of ports) {
    const metadata = { name: `web-${port}`, namespace: 'ns', labels: { 'kubernetes.io/service-name': 'web' } };
    await client.create(EndpointSlice, {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata,
      addressType: 'IPv4',
      endpoints: [{ addresses: ['127.0.0.1'] }],
      ports: [{ port }],
    });
  }
  const address = `${made.spec.clusterIP}:80`;
  while (!listeners.ports.has(address)) await settle();
  return address;
}

/** What comes back of a word; undefined where the connection breaks. */
async function say(address: string, word: string): Promise<string | undefined> {
  const socket = connect(listeners.ports.get(address) ?? 0, '127.0.0.1');
  socket.end(word);
  let heard = '';
  socket.on('data', (chunk) => (heard += chunk.toString()));
  return new Promise((resolve) => {
    socket.once('end', () => resolve(heard));
    socket.once('error', () => resolve(undefined));
  });
}

async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

test('a Service is reached at its address', async () => {
  const address = await makeService(echoPort());
  expect(await say(address, 'hello')).toBe('hello');
});

test('an endpoint that does not answer is passed over', async () => {
  const address = await makeService(await closedPort(), echoPort());
  expect([await say(address, 'a'), await say(address, 'b'), await say(address, 'c')]).toEqual(['a', 'b', 'c']);
});

test('a Service without endpoints refuses', async () => {
  const address = await makeService();
  expect(await say(address, 'hello')).toBeUndefined();
});

test('the API is a Service like any other', async () => {
  while (!listeners.ports.has('10.96.0.1:443')) await settle();
  expect(await say('10.96.0.1:443', 'hello')).toBe('hello');
});

test('what is balanced is found at the address that all reach', async () => {
  while (!listeners.ports.has('10.217.0.2:80')) await settle();
  expect(await say('10.217.0.2:80', 'hello')).toBe('hello');
});

test('names lead to Services', async () => {
  await makeService();
  const { spec } = (await client.get(CoreService, 'ns', 'web')) ?? { spec: { clusterIP: '' } };
  const resolver = new Resolver();
  resolver.setServers([`127.0.0.1:${listeners.ports.get('udp 10.96.0.10:53')}`]);
  expect(await resolver.resolve4('web.ns.svc.cluster.local')).toEqual([spec.clusterIP]);
  await expect(resolver.resolve4('nothing.ns.svc.cluster.local')).rejects.toMatchObject({ code: 'ENOTFOUND' });
});
