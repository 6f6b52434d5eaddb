// Images from registries: a guarded one with a pull secret, and the platform's own, which outlives a change of ports.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '#base/mod.ts';
import type { Manifest } from '#images/mod.ts';
import { ImageStore, RegistryServer } from '#images/mod.ts';
import { Revision, Secret, Service, ServiceAccount } from '#kinds/mod.ts';
import { findCondition } from '#machinery/mod.ts';
import type { HttpClient } from '#objects/mod.ts';
import { clientOf } from '../harness/client.ts';
import { get } from '../harness/get.ts';
import type { Platform } from '../harness/platform.ts';
import { startPlatform, until } from '../harness/platform.ts';

const PROGRAM = `#!${process.execPath}
require('node:http').createServer((_, response) => response.end(process.env.WORD)).listen(process.env.PORT)`;
const AUTHORIZATION = `Basic ${Buffer.from('robot:secret').toString('base64')}`;

let folder = '';
let store: ImageStore;
let guarded: Server;
/** Of the guarded registry. */
let host = '';
let digest = '';
let platform: Platform;
let client: HttpClient;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ebb-registry-'));
  writeFileSync(join(folder, 'hello'), PROGRAM);
  store = new ImageStore(join(folder, 'store'));
  guarded = createServer((request, response) => registry.handle(request, response));
  await new Promise<void>((resolve) => guarded.listen(0, '127.0.0.1', resolve));
  host = `127.0.0.1:${(guarded.address() as AddressInfo).port}`;
  const registry = new RegistryServer({
    store,
    registry: host,
    clock: systemClock,
    access: (authorization) => (authorization === AUTHORIZATION ? undefined : 'Basic realm="test"'),
  });
  const source = { executable: join(folder, 'hello') };
  ({ digest } = await store.add(`${host}/team/hello:v1`, source, { Env: ['WORD=carried'] }));
  await up();
}, 60_000);

afterAll(async () => {
  client.close();
  await platform.discard();
  guarded.closeAllConnections();
  guarded.close();
  rmSync(folder, { recursive: true, force: true });
});

async function up(dataDir?: string): Promise<void> {
  const args = ['--no-example', '--launcher', 'process'];
  platform = await startPlatform({ args, ...(dataDir ? { dataDir } : {}) });
  client = clientOf(platform.dataDir);
}

function serviceOf(name: string, image: string, spec: object = {}): Service {
  return {
    apiVersion: Service.apiVersion,
    kind: Service.kind,
    metadata: { name, namespace: 'default' },
    spec: { template: { spec: { containers: [{ image }], ...spec } } },
  } as Service;
}

async function settled(name: string): Promise<{ status: string; message: string }> {
  let found = { status: 'Unknown', message: '' };
  await until(
    async () => {
      const conditions = (await client.get(Service, 'default', name))?.status;
      const failed = findCondition(conditions, 'ConfigurationsReady');
      const told = failed?.status === 'False' ? failed : findCondition(conditions, 'Ready');
      found = { status: told?.status ?? 'Unknown', message: told?.message ?? '' };
      return found.status !== 'Unknown';
    },
    30_000,
    () => `${name} did not settle; the platform printed:\n${platform.output()}`,
  );
  return found;
}

async function answerOf(name: string): Promise<string> {
  return get(new URL(platform.endpoints.gateway), `${name}.default.localhost`);
}

async function secret(name: string): Promise<void> {
  const auths = { [host]: { username: 'robot', password: 'secret' } };
  const data = { '.dockerconfigjson': Buffer.from(JSON.stringify({ auths })).toString('base64') };
  const type = 'kubernetes.io/dockerconfigjson';
  await client.create(Secret, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace: 'default' },
    type,
    data,
  });
}

test('a guarded registry refuses those without a secret, and the Service says so', async () => {
  await client.create(Service, serviceOf('stranger', `${host}/team/hello:v1`));
  const { status, message } = await settled('stranger');
  expect(status).toBe('False');
  expect(message).toMatch(
    /Unable to fetch image ".*\/team\/hello:v1": failed to resolve image to digest: .*authentication required/,
  );
}, 60_000);

test('a pull secret of the template, or of its ServiceAccount, opens it; the Revision runs by digest', async () => {
  await secret('robot');
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', imagePullSecrets: [{ name: 'robot' }] };
  await client.create(ServiceAccount, { ...account, metadata: { name: 'puller', namespace: 'default' } });
  const image = `${host}/team/hello:v1`;
  await client.create(Service, serviceOf('by-template', image, { imagePullSecrets: [{ name: 'robot' }] }));
  await client.create(Service, serviceOf('by-account', image, { serviceAccountName: 'puller' }));
  for (const name of ['by-template', 'by-account']) {
    expect(await settled(name)).toEqual({ status: 'True', message: '' });
    expect(await answerOf(name)).toBe('200 carried');
    const revision = await client.get(Revision, 'default', `${name}-00001`);
    expect(revision?.status?.containerStatuses?.[0]?.imageDigest).toBe(`${host}/team/hello@${digest}`);
  }
}, 60_000);

/** As `docker push` does: blobs, then the manifest under a tag. */
async function push(to: string, repository: string, tag: string): Promise<void> {
  const bytes = (one: string) => readFileSync(store.blobs.path(one));
  const manifest = JSON.parse(bytes(digest).toString()) as Manifest;
  for (const part of [manifest.config, ...manifest.layers]) {
    const url = `${to}/v2/${repository}/blobs/uploads/?digest=${part.digest}`;
    const body = new Uint8Array(bytes(part.digest));
    expect((await fetch(url, { method: 'POST', body })).status).toBe(201);
  }
  const headers = { 'content-type': manifest.mediaType ?? '' };
  const body = new Uint8Array(bytes(digest));
  const pushed = await fetch(`${to}/v2/${repository}/manifests/${tag}`, { method: 'PUT', headers, body });
  expect(pushed.status).toBe(201);
}

test('what is pushed to the platform runs under each of its names, and still after a start on other ports', async () => {
  const { registry } = platform.endpoints;
  await push(registry, 'me/app', 'v1');
  const { port } = new URL(registry);
  await client.create(Service, serviceOf('pushed', `localhost:${port}/me/app:v1`));
  await client.create(Service, serviceOf('usual', 'localhost:5050/me/app:v1'));
  for (const name of ['pushed', 'usual']) {
    expect(await settled(name)).toEqual({ status: 'True', message: '' });
    expect(await answerOf(name)).toBe('200 carried');
  }
  client.close();
  await platform.stop();
  await up(platform.dataDir);
  for (const name of ['pushed', 'usual']) expect(await answerOf(name)).toBe('200 carried');
}, 90_000);

test('what an older version made of a folder, which it did not note, goes on running where it was deployed', async () => {
  const source = join(folder, 'source');
  mkdirSync(source);
  writeFileSync(join(source, 'main.cjs'), PROGRAM);
  const images = new ImageStore(join(platform.dataDir, 'images'));
  const start = { Entrypoint: ['node', 'main.cjs'], Env: ['WORD=from a folder'] };
  const made = await images.add('dev.local/default/older:latest', { folder: source }, start, 'default');
  client.close();
  await platform.stop();
  rmSync(join(platform.dataDir, 'images', 'made'), { recursive: true });
  await up(platform.dataDir);
  await client.create(Service, serviceOf('older', `dev.local/default/older@${made.digest}`));
  expect(await settled('older')).toEqual({ status: 'True', message: '' });
  expect(await answerOf('older')).toBe('200 from a folder');
}, 90_000);
