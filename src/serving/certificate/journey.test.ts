// A certificate's whole life over the real store and all controllers: ordered, proven through the gateway, served, made anew, kept.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { seededRandom, settle, VirtualClock } from '#base/mod.ts';
import { runControllers } from '#engine/mod.ts';
import type { GatewayControl, IngressRules, Target } from '#gateway/mod.ts';
import {
  allKinds,
  Certificate,
  ConfigMap,
  CoreService,
  DomainMapping,
  EndpointSlice,
  Namespace,
  systemConfigMaps,
} from '#kinds/mod.ts';
import { findCondition, isReady } from '#machinery/mod.ts';
import type { Client, Informers } from '#objects/mod.ts';
import { localClient, localInformers, Registry, Scheme, Store } from '#objects/mod.ts';
import type { KeyPair } from '#pki/mod.ts';
import { AcmeProblem, KeyFolder } from '#pki/mod.ts';
import { silentLog } from '#telemetry/mod.ts';
import { ScriptedDatabase } from '../../../test/contracts/scripted-database.ts';
import { silentGateway } from '../../../test/cases/silent-gateway.ts';
import { servingControllers } from '../mod.ts';
import type { AcmeIssuer, CertificateIssuers } from './issuers.ts';

const DAY_MS = 86_400_000;
const START = Date.UTC(2026, 0, 2);
const HOST = 'shop.example.com';
const KEY = `default/${HOST}`;
const admin = { name: 'system:admin', groups: ['system:masters'] };

/** What the gateway was told last. */
class NotingGateway {
  readonly targets = new Map<string, Target>();
  readonly ingresses = new Map<string, IngressRules>();
  readonly control: GatewayControl = {
    ...silentGateway,
    setTarget: async (key, target) => void (target ? this.targets.set(key, target) : this.targets.delete(key)),
    setIngress: async (key, rules) => void (rules ? this.ingresses.set(key, rules) : this.ingresses.delete(key)),
  };

  get served(): string | undefined {
    return this.ingresses.get(KEY)?.tls?.[0]?.certPem;
  }

  /** The path of the challenge, and whether it leads to where it is answered. */
  get challenges() {
    return (this.ingresses.get(KEY)?.rules ?? [])
      .flatMap(({ paths }) => paths)
      .filter(({ prefix }) => prefix.startsWith('/.well-known/'))
      .map(({ prefix, plain, splits }) => [
        prefix,
        plain,
        this.targets.get(splits[0]?.target ?? '')?.endpoints[0]?.port,
      ]);
  }
}

let clock: VirtualClock;
let client: Client;
let informers: Informers;
let store: Store;
const scheme = new Scheme(allKinds);
let gateway: NotingGateway;
let stop: AbortController;
let running: Promise<void>;
let caPem: string;
/** What the server issues, one after the other: made beforehand, for keys take time that a virtual clock does not give. */
let supply: KeyPair[];
/** What the gateway showed of each order's challenge when the server was told to look. */
let looked: unknown[];
let refuse: string | undefined;
/** Orders never end, as if the server had gone silent. */
let silent = false;
/** Ends when the last order is no longer wanted. */
let ordered: AbortSignal | undefined;

/** An ACME server that wants one challenge answered, and has certificates that live 90 days. */
const acme: AcmeIssuer = async (_settings, _names, present, signal) => {
  ordered = signal;
  await present([{ host: HOST, token: `t${looked.length}`, keyAuthorization: 'me' }], signal);
  looked.push(gateway.challenges);
  if (silent) await new Promise<never>(() => {});
  if (refuse) throw new AcmeProblem('unauthorized', refuse);
  const next = supply.shift();
  if (!next) throw new Error('nobody expected another order');
  return next;
};

/** Two that live 90 days: from now, and from when the first is in its last third. */
async function makeSupply(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'ebb-certificates-'));
  const at = (days: number) => new KeyFolder(folder, new VirtualClock(START + days * DAY_MS));
  caPem = (await at(0).servingCa()).certPem;
  supply = [await at(0).host([HOST], 90 * DAY_MS), await at(59).host([HOST], 90 * DAY_MS)];
  rmSync(folder, { recursive: true });
}

function start(): void {
  informers = localInformers(store, scheme);
  gateway = new NotingGateway();
  stop = new AbortController();
  const issuers: CertificateIssuers = {
    local: { caPem: async () => caPem, issue: () => Promise.reject(new Error('nothing here is local')) },
    acme,
    answers: { host: '127.0.0.1', port: 4711, set: () => {}, remove: () => {} },
  };
  const digests = { resolve: async (image: string) => image };
  const parts = { client, informers, digests, clock, random: seededRandom(1), log: silentLog, issuers };
  running = runControllers(servingControllers({ ...parts, gateway: gateway.control }), stop);
}

async function end(): Promise<void> {
  stop.abort();
  await clock.advance(1000);
  await running;
}

beforeEach(async () => {
  clock = new VirtualClock(START);
  await makeSupply();
  [looked, refuse, silent] = [[], undefined, false];
  store = await Store.open(new ScriptedDatabase());
  client = localClient(new Registry({ store, scheme, clock, random: seededRandom(1) }), admin);
  for (const name of ['default', 'knative-serving', 'knative-eventing'])
    await client.create(Namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } } as Namespace);
  const set: Record<string, Record<string, string>> = {
    'config-network': { 'external-domain-tls': 'enabled', 'autocreate-cluster-domain-claims': 'true' },
    'config-ebb-certificate': { issuer: 'acme', 'acme-directory': 'https://acme.test/dir' },
  };
  for (const map of systemConfigMaps())
    await client.create(ConfigMap, { ...map, data: { ...map.data, ...set[map.metadata.name] } });
  await mapDomain();
  start();
});

afterEach(end);

/** A mapping to a plain Service with somebody behind it. */
async function mapDomain(): Promise<void> {
  const metadata = { name: 'shop', namespace: 'default' };
  await client.create(CoreService, { apiVersion: 'v1', kind: 'Service', metadata, spec: { ports: [{ port: 80 }] } });
  await client.create(EndpointSlice, {
    apiVersion: EndpointSlice.apiVersion,
    kind: EndpointSlice.kind,
    metadata: { ...metadata, labels: { 'kubernetes.io/service-name': 'shop' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.0.0.1'] }],
    ports: [{ port: 8080 }],
  });
  await client.create(DomainMapping, {
    apiVersion: DomainMapping.apiVersion,
    kind: DomainMapping.kind,
    metadata: { name: HOST, namespace: 'default' },
    spec: { ref: { apiVersion: 'v1', kind: 'Service', name: 'shop' } },
  });
}

const certificate = () => informers.of(Certificate).get('default', HOST);
const mapping = () => informers.of(DomainMapping).get('default', HOST);

/** Looks until something holds. */
async function until(what: string, holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 20_000; tries++) {
    if (holds()) return;
    await settle();
    await new Promise((resolve) => setImmediate(resolve));
    if (tries % 20 === 19) await clock.advance(10);
  }
  throw new Error(`did not come about: ${what}`);
}

/** Time passes step by step, and everybody has a chance to do something about it. */
async function pass(steps: number, stepMs = DAY_MS): Promise<void> {
  for (let i = 0; i < steps; i++) {
    await clock.advance(stepMs);
    for (let turns = 0; turns < 20; turns++) await settle();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Minutes pass, of a day at most, until something holds: an order is not given a day at once. */
async function within(what: string, holds: () => boolean): Promise<void> {
  for (let minutes = 0; minutes < 24 * 60; minutes++) {
    if (holds()) return;
    await pass(1, 60_000);
  }
  throw new Error(`did not come about within a day: ${what}`);
}

test('it is proven through the gateway, served, and made anew in its last third; a restart orders nothing', async () => {
  await until(
    'the mapping is secure',
    () => mapping()?.status?.url === `https://${HOST}` && isReady(mapping() ?? { metadata: {} }),
  );
  expect(looked).toEqual([[['/.well-known/acme-challenge/t0', true, 4711]]]);
  await until('the challenge is gone', () => gateway.challenges.length === 0);
  expect([...gateway.targets.keys()]).toEqual(['default/shop']);
  const first = gateway.served;
  expect(first).toContain('BEGIN CERTIFICATE');

  await pass(59);
  expect([looked.length, gateway.served === first]).toEqual([1, true]);
  await within('another certificate is served', () => gateway.served !== undefined && gateway.served !== first);
  expect(looked.length).toBe(2);
  expect(isReady(mapping() ?? { metadata: {} })).toBe(true);

  const second = gateway.served;
  await end();
  start();
  await until('the gateway knows it again', () => gateway.served === second);
  await pass(1);
  expect(looked.length).toBe(2);
});

test('one that cannot be made anew stays in service while it is tried again, and is told of', async () => {
  await until('it is served', () => gateway.served !== undefined);
  refuse = 'not today';
  await pass(59);
  await within('the refusal is told', () => findCondition(certificate()?.status, 'Renewing')?.reason === 'OrderFailed');
  expect(findCondition(certificate()?.status, 'Renewing')?.message).toMatch(/^not today\. Tried again at 2026-/);
  expect([isReady(certificate() ?? { metadata: {} }), gateway.served === undefined]).toEqual([true, false]);
  const tries = looked.length;
  refuse = undefined;
  await within('it was tried again', () => looked.length > tries);
  await within('nothing is told any more', () => findCondition(certificate()?.status, 'Renewing') === undefined);
});

test.each([
  { what: 'forward, into its last third', days: 61, orders: 2 },
  { what: 'forward, to before that', days: 30, orders: 1 },
  { what: 'back', days: -0.5, orders: 1 },
])('it goes by the new time within seconds where the clock is set $what', async ({ days, orders }) => {
  await until('it is served', () => gateway.served !== undefined);
  const first = gateway.served;
  clock.jump(days * DAY_MS);
  await pass(60, 1000);
  expect([looked.length, gateway.served === first]).toEqual([orders, orders === 1]);
  expect(isReady(mapping() ?? { metadata: {} })).toBe(true);
});

test('an order that a crash interrupts is begun anew, and nothing of the first is left', async () => {
  silent = true;
  await until('the server was told to look', () => looked.length === 1);
  await end();
  silent = false;
  start();
  await until('it is served', () => gateway.served !== undefined);
  expect(looked).toEqual([
    [['/.well-known/acme-challenge/t0', true, 4711]],
    [['/.well-known/acme-challenge/t1', true, 4711]],
  ]);
  await until('the challenge is gone', () => gateway.challenges.length === 0);
  expect(certificate()?.status?.http01Challenges).toBeUndefined();
  expect([...gateway.targets.keys()]).toEqual(['default/shop']);
  expect(
    informers
      .of(CoreService)
      .list('default')
      .map(({ metadata }) => metadata.name),
  ).toEqual(['shop']);
});

test('an order that the settings no longer allow is given up, and nothing of it is left', async () => {
  silent = true;
  await until('the server was told to look', () => looked.length === 1);
  await client.patch(ConfigMap, 'knative-serving', 'config-ebb-certificate', 'merge', {
    data: { 'acme-eab-secret': 'nobody' },
  });
  await until('it is told', () => findCondition(certificate()?.status, 'Ready')?.reason === 'AccountBindingMissing');
  await until('the challenge is gone', () => gateway.challenges.length === 0);
  expect(ordered?.aborted).toBe(true);
  expect(certificate()?.status?.http01Challenges).toBeUndefined();
  expect([...gateway.targets.keys()]).toEqual(['default/shop']);
  expect(informers.of(CoreService).list('default')).toMatchObject([{ metadata: { name: 'shop' } }]);
});
