import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { VirtualClock } from '#base/mod.ts';
import { ImageStore } from '#images/mod.ts';
import type { Pod } from '#kinds/mod.ts';
import type { Client } from '#objects/mod.ts';
import { silentLog } from '#telemetry/mod.ts';
import { ImageSupply, ownRegistries, storedAs, tidyImages } from './images.ts';

const YOUNG_MS = 3_600_000;

let folder: string;
let clock: VirtualClock;
let store: ImageStore;
let supply: ImageSupply;
/** A registry that is broken; its requests are counted. */
let broken: Server;
let asked = 0;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ebb-supply-'));
  clock = new VirtualClock(Date.now());
  store = new ImageStore(join(folder, 'images'), clock);
  const client = { get: async () => undefined } as object as Client;
  supply = new ImageSupply({ store, client, clock, log: silentLog, hosts: ['127.0.0.1'], port: 6000 });
  asked = 0;
  broken = createServer((_, response) => {
    asked++;
    response.writeHead(500).end();
  });
  await new Promise<void>((resolve) => broken.listen(0, '127.0.0.1', resolve));
});
afterEach(() => {
  broken.close();
  broken.closeAllConnections();
  rmSync(folder, { recursive: true, force: true });
});

async function add(name: string, text: string): Promise<string> {
  const source = join(folder, text);
  mkdirSync(source, { recursive: true });
  writeFileSync(join(source, 'main.js'), text);
  return (await store.add(name, { folder: source })).digest;
}

const podWith = (image: string, imagePullPolicy = 'IfNotPresent') =>
  ({ metadata: { name: 'pod', namespace: 'default' }, spec: { containers: [{ image, imagePullPolicy }] } }) as Pod;
const context = { namespace: 'default', serviceAccountName: 'default', imagePullSecrets: [] };
const remote = () => `127.0.0.1:${(broken.address() as AddressInfo).port}/team/app:v1`;

test.each([
  ['localhost:6000/a:v1', 'localhost:5050'],
  ['127.0.0.1:6000/a:v1', 'localhost:5050'],
  ['localhost:5050/a:v1', 'localhost:5050'],
  ['127.0.0.2:6000/a:v1', 'localhost:5050'],
  ['localhost:6001/a:v1', 'localhost:6001'],
  ['a:v1', 'index.docker.io'],
])('%s is kept under %s', (image, registry) => {
  expect(storedAs(image, ownRegistries(['127.0.0.2'], 6000)).registry).toBe(registry);
});

test('an image of the own registry is found by each of its names, and pinned under the one that was written', async () => {
  const digest = await add('localhost:5050/app:v1', 'one');
  expect(await supply.resolve('127.0.0.1:6000/app:v1', context)).toBe(`127.0.0.1:6000/app@${digest}`);
  expect(await supply.bring('localhost:6000/app:v1', podWith('localhost:6000/app:v1'))).toMatchObject({ digest });
});

test.each(['ko.local/app:v1', 'localhost:6000/app:v1'])(
  '%s that is not here is told with what brings it',
  async (image) => {
    await expect(supply.bring(image, podWith(image))).rejects.toThrow(/not|no image/);
    await expect(supply.bring(image, podWith(image))).rejects.toThrow('ebb image add');
  },
);

test('what is here serves while its registry cannot tell anything newer', async () => {
  const digest = await add(remote(), 'by hand');
  expect(await supply.resolve(remote(), context)).toContain(`@${digest}`);
  expect(await supply.bring(remote(), podWith(remote(), 'Always'))).toMatchObject({ digest });
  const before = asked;
  expect(before).toBeGreaterThan(0);
  await supply.bring(remote(), podWith(remote()));
  expect(asked).toBe(before);
});

test('what is not here fails as its registry does, and is not asked for with policy Never', async () => {
  await expect(supply.bring(remote(), podWith(remote()))).rejects.toThrow(/500/);
  const before = asked;
  await expect(supply.bring(remote(), podWith(remote(), 'Never'))).rejects.toThrow(/image store/);
  expect(asked).toBe(before);
});

test('a Pod gets the machine’s root only by an image that was made for its namespace', async () => {
  const source = join(folder, 'source');
  mkdirSync(source);
  const { digest } = await store.add('dev.local/shop/fn:latest', { folder: source }, {}, 'shop');
  const image = `dev.local/shop/fn@${digest}`;
  const podIn = (namespace: string) => ({ ...podWith(image), metadata: { name: 'pod', namespace } }) as Pod;
  await expect(supply.bring(image, podIn('default'))).rejects.toThrow('made for namespace shop, not for default');
  expect(await supply.bring(image, podIn('shop'))).toMatchObject({ rootfs: 'host', digest });
});

test('what a Pod ran stays when its tag goes on, until no object speaks of it', async () => {
  const first = await add('ko.local/app:v1', 'one');
  await supply.bring('ko.local/app:v1', podWith('ko.local/app:v1'));
  const second = await add('ko.local/app:v1', 'two');
  await clock.advance(2 * YOUNG_MS);
  await tidyImages(store, [{ image: `ko.local/app@${first}` }], false);
  expect(await store.unpack(first)).toBeDefined();
  await tidyImages(store, [], false);
  await expect(store.unpack(first)).rejects.toThrow(/no image/);
  expect(await store.resolve('ko.local/app:v1')).toBe(second);
});
