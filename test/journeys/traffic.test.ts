// A service with what this platform adds to traffic: each annotation at work, from kubectl's patch to the answer; and the request log.

import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { request } from 'node:http';
import { request as secureRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JsonObject } from '#base/mod.ts';
import { ConfigMap, Pod, REVISION_LABEL, Service } from '#kinds/mod.ts';
import { isReady } from '#machinery/mod.ts';
import type { HttpClient } from '#objects/mod.ts';
import { parseKubeconfig } from '#objects/mod.ts';
import { clientOf } from '../harness/client.ts';
import type { Platform } from '../harness/platform.ts';
import { ebbCommand, startPlatform, until } from '../harness/platform.ts';

const PROGRAM = `
const { createServer } = require('node:http');
const { appendFileSync } = require('node:fs');
const name = process.env.K_REVISION;
const listen = (port, what) =>
  createServer((request, response) => {
    if (request.headers['ebb-mirrored']) appendFileSync(COPIES, name + ' ' + request.url + '\\n');
    response.end(name + ' ' + what + ' ' + request.url);
  }).listen(Number(port));
listen(process.env.PORT, 'main');
if (process.env.PORT_ADMIN) listen(process.env.PORT_ADMIN, 'admin');
if (process.env.PORT_RAW) listen(process.env.PORT_RAW, 'raw');
process.on('SIGTERM', () => process.exit(0));
`;

let platform: Platform;
let client: HttpClient;
let folder = '';
let copies = '';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ebb-traffic-'));
  copies = join(folder, 'copies.txt');
  writeFileSync(copies, '');
  const source = join(folder, 'function');
  mkdirSync(source);
  writeFileSync(join(source, 'package.json'), '{"scripts":{"start":"node server.cjs"}}');
  writeFileSync(join(source, 'server.cjs'), PROGRAM.replace('COPIES', JSON.stringify(copies)));
  platform = await startPlatform({ args: ['--no-example', '--launcher', 'process'] });
  client = clientOf(platform.dataDir);
  await promisify(execFile)(ebbCommand, ['deploy', source, '--name', 'shop', '--data', platform.dataDir]);
  const ports = '{"admin":{"port":9001,"path":"/admin"},"raw":{"port":9002}}';
  await change({
    spec: { template: { metadata: { annotations: { 'ebb.dev/ports': ports, 'ebb.dev/timeout': '2h' } } } },
  });
  await change({
    metadata: {
      annotations: {
        'ebb.dev/session-affinity': '1h',
        'ebb.dev/mirror': 'old',
        'ebb.dev/routing-rules': '[{"tag":"old","cookies":{"beta":"yes"}}]',
      },
    },
    spec: {
      traffic: [
        { latestRevision: true, percent: 100 },
        { tag: 'old', revisionName: 'shop-00001', percent: 0 },
      ],
    },
  });
}, 120_000);

afterAll(async () => {
  client.close();
  await platform.discard();
  rmSync(folder, { recursive: true, force: true });
});

/** Changes the Service, and waits until that is carried out. */
async function change(patch: JsonObject): Promise<void> {
  await client.patch(Service, 'default', 'shop', 'merge', patch);
  await until(
    async () => {
      const service = await client.get(Service, 'default', 'shop');
      return (
        service !== undefined &&
        service.status?.observedGeneration === service.metadata.generation &&
        isReady(service) &&
        service.status?.latestReadyRevisionName === service.status?.latestCreatedRevisionName
      );
    },
    60_000,
    () => 'the service did not become ready',
  );
}

/** What the API says at a path, as text. */
async function fromApi(path: string): Promise<string> {
  const { server, ca, cert, key } = parseKubeconfig(readFileSync(platform.kubeconfig, 'utf8'), (file) =>
    readFileSync(file, 'utf8'),
  );
  const asked = secureRequest(new URL(path, server), { ca, cert, key, agent: false }).end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  return (await response.setEncoding('utf8').toArray()).join('');
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

function ask(path: string, { host = 'shop.default.localhost', cookie = '' } = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: '127.0.0.1',
        port: new URL(platform.endpoints.gateway).port,
        path,
        headers: { host, ...(cookie ? { cookie } : {}) },
        agent: false,
      },
      (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (text: string) => (body += text));
        response.once('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body }));
      },
    );
    outgoing.once('error', reject);
    outgoing.end();
  });
}

test('clients are led back to their instance', async () => {
  const { headers, body } = await ask('/first');
  expect(body).toBe('shop-00002 main /first');
  const [cookie = ''] = String(headers['set-cookie']).split(';');
  expect(cookie).toMatch(/^ebb-affinity=./);
  expect((await ask('/again', { cookie })).headers['set-cookie']).toBeUndefined();
});

test('a cookie chooses a tag', async () => {
  expect((await ask('/', { cookie: 'beta=yes' })).body).toBe('shop-00001 main /');
});

test('a tag gets copies', async () => {
  await ask('/copied');
  await until(
    () => readFileSync(copies, 'utf8').includes('shop-00001 /copied\n'),
    20_000,
    () => `no copy came: ${readFileSync(copies, 'utf8')}`,
  );
});

test('further ports are reached by path and by host', async () => {
  expect((await ask('/admin/x')).body).toBe('shop-00002 admin /admin/x');
  expect((await ask('/y', { host: 'raw.shop.default.localhost' })).body).toBe('shop-00002 raw /y');
});

test('names of the inside are not known outside, however they are spelled', async () => {
  for (const host of [
    'shop.default',
    'shop.default.svc',
    'shop.default.svc.cluster.local',
    'shop.default.svc.cluster.local.',
  ])
    expect((await ask('/', { host })).status).toBe(404);
});

test('requests are logged where that is switched on, under the Pod that had them', async () => {
  const config = {
    'logging.enable-request-log': 'true',
    'logging.request-log-template':
      '{{.Request.Method}} {{js .Request.RequestURI}} {{.Response.Code}} {{.Revision.PodName}}',
  };
  await client.patch(ConfigMap, 'knative-serving', 'config-observability', 'merge', { data: config });
  const pods = await client.list(Pod, { namespace: 'default', labelSelector: `${REVISION_LABEL}=shop-00002` });
  const name = pods.items[0]?.metadata.name ?? '';
  let seen = '';
  await until(
    async () => {
      await ask('/logged');
      const path = `/api/v1/namespaces/default/pods/${name}/log?container=queue-proxy`;
      seen = await fromApi(path);
      return seen.includes(`GET /logged 200 ${name}\n`);
    },
    30_000,
    () => `the log says ${JSON.stringify(seen)}`,
  );
});
