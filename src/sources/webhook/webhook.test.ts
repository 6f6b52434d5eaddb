// WebhookSources and GitHubSources over the real store, called by HTTP as senders call.

import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import {
  CoreService,
  EndpointSlice,
  EVENTING_NAMESPACE,
  GitHubSource,
  KIngress,
  Secret,
  WebhookSource,
} from '#kinds/mod.ts';
import { findCondition, isReady } from '#machinery/mod.ts';
import { addSink, made, plainSinks, sourcesWorld } from '../../../test/sources/world.ts';
import { gitHubSourceController } from '../github/controller.ts';
import type { AskApi } from '../github/hooks.ts';
import { WEBHOOK_SERVICE } from './address.ts';
import { calledSources } from './called.ts';
import { webhookSourceController } from './controller.ts';
import type { WebhookAnswer } from './call.ts';
import type { WebhookFront } from './front.ts';
import { webhookFront } from './front.ts';

interface Case {
  readonly why: string;
  readonly github?: string;
  readonly method?: string;
  readonly host?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly sign?: string | false;
  readonly over?: string;
  readonly signature?: object & {
    readonly header?: string;
    readonly algorithm?: string;
    readonly encoding?: string;
    readonly prefix?: string;
  };
  readonly unsigned?: boolean;
  readonly event?: object;
  readonly sink?: number;
  readonly status: number;
  readonly text?: string;
  readonly sent?: Readonly<Record<string, string>>;
}

const sink = { ref: { apiVersion: 'v1', kind: 'Service', name: 'sink' } };
const secret = { secretKeyRef: { name: 's', key: 'k' } };
const cases = parse(readFileSync(new URL('./calls.cases.yaml', import.meta.url), 'utf8')) as Case[];

let world: Awaited<ReturnType<typeof sourcesWorld>>;
let front: WebhookFront;
/** What GitHub was asked, and what it answers. */
let asked: string[];
let answers: (method: string, url: string) => { status: number; body: unknown };
const ask: AskApi = async (method, url, token, body) => {
  asked.push(
    [method, url.replace('https://api.github.com', ''), token, ...(body ? [JSON.stringify(body)] : [])].join(' '),
  );
  return answers(method, url);
};

beforeEach(async () => {
  asked = [];
  answers = (method) => (method === 'GET' ? { status: 200, body: [] } : { status: 201, body: { id: 42 } });
  world = await sourcesWorld();
  front = webhookFront({ find: calledSources(world), post: (parcel) => world.outbox.post(parcel) });
  world.begin(webhookSourceController(plainSinks), gitHubSourceController({ sinks: plainSinks, ask }));
  await addSink(world.client);
  await world.client.create(EndpointSlice, {
    ...made<EndpointSlice>(EndpointSlice, {}, { name: WEBHOOK_SERVICE, namespace: EVENTING_NAMESPACE }),
    addressType: 'IPv4',
    endpoints: [{ addresses: ['127.0.0.1'] }],
    ports: [{ name: 'http', protocol: 'TCP', port: 4711 }],
  });
  await addSecret({ k: 'secret', token: 'pat' });
});
afterEach(() => world.stop());

async function addSecret(stringData: Record<string, string>): Promise<void> {
  await world.client.create(Secret, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 's', namespace: 'default' },
    stringData,
  });
}

async function createWebhook(spec: object = {}): Promise<void> {
  const signature = { secret, prefix: 'sha256=' };
  await world.client.create(WebhookSource, made(WebhookSource, { sink, signature, ...spec }));
  await world.clock.advance(10);
}

async function createGitHub(spec: object = {}): Promise<void> {
  const usual = { sink, ownerAndRepository: 'o/r', eventTypes: ['push', 'issues'], secretToken: secret };
  await world.client.create(GitHubSource, made(GitHubSource, { ...usual, ...spec }));
  await world.clock.advance(10);
}

function signatureOf({ signature = {}, sign = 'secret', over }: Case, body: string): [string, string][] {
  if (sign === false) return [];
  const { header = 'X-Hub-Signature-256', algorithm = 'sha256', encoding = 'hex', prefix = 'sha256=' } = signature;
  const digest = createHmac(algorithm, sign)
    .update(over ?? body)
    .digest(encoding as 'hex');
  return [[header, prefix + digest]];
}

async function call(one: Case): Promise<WebhookAnswer> {
  const { body = '{"kind":"a","n":1}', headers = {}, github } = one;
  const all = [
    ...signatureOf(one, body),
    ...Object.entries({ 'Content-Type': 'application/json', ...headers }),
    ...(github === undefined ? [] : [['X-GitHub-Delivery', 'd1'], ...(github ? [['X-GitHub-Event', github]] : [])]),
  ];
  const answered = front.handle({
    method: one.method ?? 'POST',
    host: one.host ?? `it-${github === undefined ? 'webhook' : 'github'}.default.svc.cluster.local`,
    headers: all.flat(),
    body: Buffer.from(body),
  });
  await world.clock.advance(5000);
  return answered;
}

test.each(cases)('$why: $status', async (one) => {
  if (one.github === undefined) {
    const { signature, unsigned, event } = one;
    await createWebhook({
      ...(signature ? { signature: { secret, ...signature } } : {}),
      ...(unsigned ? { signature: undefined, unsigned } : {}),
      ...(event ? { event } : {}),
    });
  } else await createGitHub();
  if (one.sink) world.answer = () => one.sink ?? 0;
  const answer = await call(one);
  expect(answer).toMatchObject({ status: one.status, ...(one.text === undefined ? {} : { text: one.text }) });
  expect(world.received.map(({ event }) => Object.fromEntries(event.attributes))).toMatchObject(
    one.sent ? [one.sent] : [],
  );
});

const source = async () => {
  const found = await world.client.get(WebhookSource, 'default', 'it');
  if (!found) throw new Error('the source is gone');
  return found;
};
const gitHub = async () => {
  const found = await world.client.get(GitHubSource, 'default', 'it');
  if (!found) throw new Error('the source is gone');
  return found;
};

/** The gateway carries the address out. */
async function carryOut(name: string): Promise<void> {
  const ingress = await world.client.get(KIngress, 'default', name);
  if (!ingress) throw new Error('there is no KIngress');
  const conditions = ['Ready', 'NetworkConfigured', 'LoadBalancerReady'].map((type) => ({ type, status: 'True' }));
  await world.client.updateStatus(KIngress, {
    ...ingress,
    status: { conditions, observedGeneration: ingress.metadata.generation ?? 1 },
  });
  await world.clock.advance(10);
}

describe('the address', () => {
  test('is a host at the gateway, with the platform behind it', async () => {
    await createWebhook();
    expect((await source()).status?.address?.url).toBe('http://it-webhook.default.svc.cluster.local');
    const ingress = await world.client.get(KIngress, 'default', 'it-webhook');
    expect(ingress?.spec.rules?.[0]?.http?.paths).toEqual([
      {
        rewriteHost: 'it-webhook.default.svc.cluster.local',
        splits: [{ percent: 100, serviceName: 'it-webhook', serviceNamespace: 'default', servicePort: 80 }],
      },
    ]);
    expect(await world.client.get(EndpointSlice, 'default', 'it-webhook')).toMatchObject({
      endpoints: [{ addresses: ['127.0.0.1'] }],
      ports: [{ name: 'http', port: 4711 }],
      metadata: { labels: { 'kubernetes.io/service-name': 'it-webhook' } },
    });
    expect(findCondition((await source()).status, 'AddressReady')?.status).toBe('Unknown');
    await carryOut('it-webhook');
    expect(isReady(await source())).toBe(true);
  });

  test('follows the platform, whose port differs at each start', async () => {
    await createWebhook();
    const slice = await world.client.get(EndpointSlice, EVENTING_NAMESPACE, WEBHOOK_SERVICE);
    if (!slice) throw new Error('the slice is gone');
    await world.client.update(EndpointSlice, { ...slice, ports: [{ name: 'http', protocol: 'TCP', port: 4712 }] });
    await world.clock.advance(10);
    expect((await world.client.get(EndpointSlice, 'default', 'it-webhook'))?.ports).toMatchObject([{ port: 4712 }]);
  });

  test('is none where its name is another’s', async () => {
    const ports = [{ port: 80 }];
    await world.client.create(CoreService, made(CoreService, { ports }, { name: 'it-webhook' }));
    await createWebhook();
    expect(findCondition((await source()).status, 'AddressReady')).toMatchObject({
      status: 'False',
      reason: 'NotOwned',
    });
  });

  test('of sources of two kinds with one name are two', async () => {
    await createWebhook();
    await createGitHub();
    expect((await gitHub()).status?.address?.url).toBe('http://it-github.default.svc.cluster.local');
    expect((await source()).status?.address?.url).toBe('http://it-webhook.default.svc.cluster.local');
  });
});

describe('the secret', () => {
  test('that is not there is told, and calls are asked to come again', async () => {
    await world.client.delete(Secret, 'default', 's');
    await createWebhook();
    expect(findCondition((await source()).status, 'SecretsProvided')).toMatchObject({
      status: 'False',
      message: 'there is no Secret "s" in namespace default; its key "k" is expected',
    });
    expect(await call({ why: '', status: 503 })).toMatchObject({ status: 503, headers: { 'Retry-After': '5' } });
    await addSecret({ other: 'secret' });
    await world.clock.advance(10);
    expect(findCondition((await source()).status, 'SecretsProvided')?.message).toBe('Secret "s" has no key "k"');
    await world.client.delete(Secret, 'default', 's');
    await addSecret({ k: 'secret' });
    await world.clock.advance(10);
    expect(await call({ why: '', status: 202 })).toEqual({ status: 202 });
    expect(findCondition((await source()).status, 'SecretsProvided')?.status).toBe('True');
  });

  test('that changes counts at once', async () => {
    await createWebhook();
    await world.client.patch(Secret, 'default', 's', 'merge', { stringData: { k: 'new' } });
    expect(await call({ why: '', status: 403 })).toMatchObject({ status: 403 });
    expect(await call({ why: '', sign: 'new', status: 202 })).toMatchObject({ status: 202 });
  });
});

test('a source without a sink asks callers to come again', async () => {
  await createWebhook({ sink: { ref: { ...sink.ref, name: 'late' } } });
  expect(await call({ why: '', status: 503 })).toMatchObject({ status: 503 });
  await addSink(world.client, 'late');
  await world.clock.advance(10);
  expect(await call({ why: '', status: 202 })).toEqual({ status: 202 });
});

describe('the webhook at GitHub', () => {
  const accessToken = { secretKeyRef: { name: 's', key: 'token' } };
  const configured = async () => findCondition((await gitHub()).status, 'WebhookConfigured');

  test('is told to be made by hand where there is no token', async () => {
    await createGitHub();
    expect(await configured()).toMatchObject({
      status: 'True',
      reason: 'ByHand',
      message:
        'enter http://it-github.default.svc.cluster.local as a webhook of o/r at GitHub, with content type application/json and the secret, for push, issues',
    });
    expect(asked).toEqual([]);
  });

  test('is made once, changed when the source changes, and removed with it', async () => {
    await createGitHub({ accessToken });
    await world.clock.advance(120_000);
    expect(asked).toEqual([
      'GET /repos/o/r/hooks?per_page=100 pat',
      'POST /repos/o/r/hooks pat {"name":"web","active":true,"events":["push","issues"],"config":{"url":"http://it-github.default.svc.cluster.local","secret":"secret","content_type":"json","insecure_ssl":"1"}}',
    ]);
    expect((await gitHub()).status?.webhookIDKey).toBe('42');
    const config = { url: 'http://it-github.default.svc.cluster.local' };
    answers = (method) => ({
      status: 200,
      body:
        method === 'GET'
          ? [
              { id: 7, config: {} },
              { id: 42, config },
            ]
          : { id: 42 },
    });
    await world.client.patch(GitHubSource, 'default', 'it', 'merge', { spec: { eventTypes: ['push'] } });
    await world.clock.advance(10);
    expect(asked[3]).toMatch(/^PATCH \/repos\/o\/r\/hooks\/42 pat .*"events":\["push"\]/);
    await world.client.delete(GitHubSource, 'default', 'it');
    await world.clock.advance(10);
    expect(asked[4]).toBe('DELETE /repos/o/r/hooks/42 pat');
    expect(await world.client.get(GitHubSource, 'default', 'it')).toBeUndefined();
  });

  test('of an organization lies elsewhere', async () => {
    await createGitHub({ accessToken, ownerAndRepository: 'org' });
    expect(asked[0]).toBe('GET /orgs/org/hooks?per_page=100 pat');
  });

  test('that GitHub refuses is told, and tried again', async () => {
    answers = () => ({ status: 404, body: { message: 'Not Found' } });
    await createGitHub({ accessToken });
    expect(await configured()).toMatchObject({
      status: 'False',
      reason: 'WebhookFailed',
      message: 'GitHub answered 404 (Not Found); the token must be allowed to administer webhooks of o/r',
    });
    answers = (method) => (method === 'GET' ? { status: 200, body: [] } : { status: 201, body: { id: 1 } });
    await world.clock.advance(61_000);
    expect((await configured())?.status).toBe('True');
  });

  test('that cannot be removed keeps no source', async () => {
    await createGitHub({ accessToken });
    answers = () => ({ status: 500, body: undefined });
    await world.client.delete(GitHubSource, 'default', 'it');
    await world.clock.advance(10);
    expect(await world.client.get(GitHubSource, 'default', 'it')).toBeUndefined();
  });
});
