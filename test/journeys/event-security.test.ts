// Events by TLS from senders who say who they are, all the way: into a Broker, out of it to a subscriber, and into sinks.

import { mkdtempSync, rmSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import type { Server } from 'node:https';
import { createServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '#base/mod.ts';
import type { Address } from '#kinds/mod.ts';
import {
  Broker,
  ConfigMap,
  EndpointSlice,
  EVENTING_NAMESPACE,
  EventPolicy,
  IntegrationSink,
  Job,
  JobSink,
  Secret,
  ServiceAccount,
  Trigger,
} from '#kinds/mod.ts';
import type { Kind, KubeObject } from '#machinery/mod.ts';
import type { HttpClient } from '#objects/mod.ts';
import { KeyFolder } from '#pki/mod.ts';
import { clientOf } from '../harness/client.ts';
import { makeReady } from '../harness/make-ready.ts';
import type { Platform } from '../harness/platform.ts';
import { startPlatform, until } from '../harness/platform.ts';

let platform: Platform;
let client: HttpClient;
let folder: string;
let keys: KeyFolder;
let outside: Server;
const heard: { readonly headers: IncomingHttpHeaders; readonly body: string }[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ebb-security-'));
  keys = new KeyFolder(folder, systemClock);
  const { certPem, keyPem } = await keys.host(['localhost'], 3_600_000);
  outside = createServer({ cert: certPem, key: keyPem }, (asked, response) => {
    let body = '';
    asked.setEncoding('utf8').on('data', (text: string) => (body += text));
    asked.on('end', () => {
      heard.push({ headers: asked.headers, body });
      response.writeHead(202).end();
    });
  });
  await new Promise<void>((resolve) => outside.listen(0, resolve));
  platform = await startPlatform({ args: ['--no-example', '--launcher', 'process'], timeoutMs: 180_000 });
  client = clientOf(platform.dataDir);
  const data = { 'transport-encryption': 'strict', 'authentication-oidc': 'enabled' };
  await client.patch(ConfigMap, EVENTING_NAMESPACE, 'config-features', 'merge', { data });
  for (const name of ['me', 'stranger'])
    await client.create(ServiceAccount, { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { namespace, name } });
  await make(Broker, 'shop', {});
}, 300_000);

afterAll(async () => {
  client.close();
  await platform.discard();
  outside.close();
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

const namespace = 'default';
type Addressed = KubeObject & { status?: { address?: Address | undefined } | undefined };

/** Makes an object, and waits until it is ready. */
function make<O extends KubeObject>(kind: Kind<O>, name: string, spec: object): Promise<void> {
  return makeReady(client, kind, name, spec, 90_000);
}

async function addressOf<O extends Addressed>(kind: Kind<O>, name: string): Promise<Required<Address>> {
  const { status } = (await client.get(kind, namespace, name)) ?? {};
  return { name: '', url: '', CACerts: '', audience: '', ...status?.address };
}

async function tokenOf(account: string, audience: string): Promise<string> {
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${account}/token`;
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { audiences: [audience] } };
  const made = (await client.raw('POST', path, body)) as { readonly status: { readonly token: string } };
  return made.status.token;
}

interface Sent {
  readonly type?: string;
  readonly token?: string | undefined;
  /** Instead of those that the address tells. */
  readonly ca?: string;
}

/** The status of the answer to an event, sent to an address behind this port. */
function emit({ url: text, CACerts }: Required<Address>, port: number, sent: Sent = {}): Promise<number | undefined> {
  const { type = 'order', token, ca = CACerts } = sent;
  const { hostname, pathname: path } = new URL(text);
  const headers = {
    host: hostname,
    'content-type': 'application/json',
    'ce-specversion': '1.0',
    'ce-id': String(++ids),
    'ce-source': '/web',
    'ce-type': type,
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  };
  return new Promise((resolve, reject) => {
    const place = { host: '127.0.0.1', port, servername: hostname, ca, agent: false };
    const outgoing = request({ ...place, method: 'POST', path, headers }, (response) =>
      resolve(response.resume().statusCode),
    );
    outgoing.once('error', reject);
    outgoing.end('{}');
  });
}
let ids = 0;

const gatewayPort = () => Number(new URL(platform.endpoints.gatewayTls).port);

/** Where the platform's own sinks take events by TLS. */
async function sinkPort(service: string): Promise<number> {
  const slice = await client.get(EndpointSlice, EVENTING_NAMESPACE, service);
  return slice?.ports?.find(({ name }) => name === 'https')?.port ?? 0;
}

async function settles<T>(look: () => Promise<T>, isSo: (value: T) => boolean): Promise<void> {
  let last: T | undefined;
  await until(
    async () => isSo((last = await look())),
    60_000,
    () => `it stayed ${JSON.stringify(last)}`,
  );
}

describe('a Broker', () => {
  test('has one address, by https, and says whom to trust and for whom tokens are to be', async () => {
    const { status } = (await client.get(Broker, namespace, 'shop')) ?? {};
    expect(status?.addresses).toEqual([
      {
        name: 'https',
        url: 'https://broker-ingress.knative-eventing.svc.cluster.local/default/shop',
        CACerts: expect.stringContaining('BEGIN CERTIFICATE') as string,
        audience: 'eventing.knative.dev/broker/default/shop',
      },
    ]);
  });

  test('lets in who shows a token for it, and nobody else', async () => {
    const address = await addressOf(Broker, 'shop');
    const { audience } = address;
    expect(await emit(address, gatewayPort())).toBe(401);
    expect(await emit(address, gatewayPort(), { token: await tokenOf('me', 'another') })).toBe(401);
    const token = await tokenOf('me', audience);
    expect(await emit(address, gatewayPort(), { token })).toBe(202);
    const ends = token.slice(0, -4);
    expect(await emit(address, gatewayPort(), { token: `${ends}AAAA` })).toBe(401);
  });

  test('lets in whom its policies name, with what they let pass', async () => {
    const ref = { apiVersion: Broker.apiVersion, kind: 'Broker', name: 'shop' };
    const from = [{ sub: 'system:serviceaccount:default:me' }];
    await make(EventPolicy, 'orders', { to: [{ ref }], from, filters: [{ prefix: { type: 'order' } }] });
    const address = await addressOf(Broker, 'shop');
    const [mine, theirs] = await Promise.all(['me', 'stranger'].map((who) => tokenOf(who, address.audience)));
    await settles(
      () => emit(address, gatewayPort(), { token: theirs }),
      (status) => status === 403,
    );
    expect(await emit(address, gatewayPort(), { token: mine })).toBe(202);
    expect(await emit(address, gatewayPort(), { token: mine, type: 'refund' })).toBe(403);
    await client.delete(EventPolicy, namespace, 'orders');
    await settles(
      () => emit(address, gatewayPort(), { token: theirs }),
      (status) => status === 202,
    );
  });

  test('sends to a subscriber that a trust bundle vouches for, as the Trigger', async () => {
    const bundle = { 'ca.crt': (await keys.servingCa()).certPem };
    await client.create(ConfigMap, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        namespace: EVENTING_NAMESPACE,
        name: 'outside',
        labels: { 'networking.knative.dev/trust-bundle': 'true' },
      },
      data: bundle,
    });
    const { port } = outside.address() as AddressInfo;
    const subscriber = { uri: `https://localhost:${port}/`, audience: 'outside' };
    await make(Trigger, 'parcels', { broker: 'shop', filter: { attributes: { type: 'parcel' } }, subscriber });
    const address = await addressOf(Broker, 'shop');
    const token = await tokenOf('me', address.audience);
    expect(await emit(address, gatewayPort(), { token, type: 'parcel' })).toBe(202);
    await until(
      () => heard.length > 0,
      90_000,
      () => 'nothing was heard',
    );
    const [, payload = ''] = heard[0]?.headers.authorization?.split('.') ?? [];
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { aud: string[]; sub: string };
    const account = (await client.get(Trigger, namespace, 'parcels'))?.status?.auth?.serviceAccountName;
    expect(claims).toMatchObject({ aud: ['outside'], sub: `system:serviceaccount:default:${account}` });
  }, 120_000);

  test('shows the certificate that a Secret holds, and tells whom to trust then', async () => {
    const { certPem, keyPem } = await keys.host(['broker-ingress.knative-eventing.svc.cluster.local'], 3_600_000);
    const ca = (await keys.servingCa()).certPem;
    const name = 'mt-broker-ingress-server-tls';
    const data = { 'tls.crt': btoa(certPem), 'tls.key': btoa(keyPem), 'ca.crt': btoa(ca) };
    const metadata = { namespace: EVENTING_NAMESPACE, name };
    await client.create(Secret, { apiVersion: 'v1', kind: 'Secret', metadata, type: 'kubernetes.io/tls', data });
    await settles(
      async () => (await addressOf(Broker, 'shop')).CACerts,
      (told) => told === ca,
    );
    const address = await addressOf(Broker, 'shop');
    await settles(
      () => emit(address, gatewayPort(), {}).catch(() => undefined),
      (status) => status === 401,
    );
    await client.delete(Secret, EVENTING_NAMESPACE, name);
    await settles(
      async () => (await addressOf(Broker, 'shop')).CACerts,
      (told) => told !== ca,
    );
  });
});

const container = { name: 'c', image: 'ko.local/worker' };
const job = { spec: { template: { spec: { restartPolicy: 'Never', containers: [container] } } } };

describe('sinks of the platform’s own', () => {
  test.each([
    ['an IntegrationSink', IntegrationSink, { log: {} }, 'integration-sink', 204],
    ['a JobSink', JobSink, { job }, 'job-sink', 202],
  ] as const)('%s', async (_, kind, spec, service, accepted) => {
    await make(kind as Kind<Addressed>, 'taker', spec);
    const address = await addressOf(kind as Kind<Addressed>, 'taker');
    const port = await sinkPort(service);
    expect(await emit(address, port)).toBe(401);
    expect(await emit(address, port, { token: await tokenOf('me', address.audience) })).toBe(accepted);
    await expect(emit(address, port, { ca: (await keys.servingCa()).certPem })).rejects.toThrow(/certificate/);
  });

  test('a Broker’s events get there, as the Trigger', async () => {
    const ref = { apiVersion: JobSink.apiVersion, kind: 'JobSink', name: 'taker' };
    await make(Trigger, 'jobs', { broker: 'shop', filter: { attributes: { type: 'job' } }, subscriber: { ref } });
    const address = await addressOf(Broker, 'shop');
    const before = (await client.list(Job, { namespace })).items.length;
    const token = await tokenOf('me', address.audience);
    expect(await emit(address, gatewayPort(), { token, type: 'job' })).toBe(202);
    await settles(
      async () => (await client.list(Job, { namespace })).items.length,
      (jobs) => jobs === before + 1,
    );
  }, 120_000);
});
