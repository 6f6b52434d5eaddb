import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { IngressRules } from '#gateway/mod.ts';
import { ConfigMap, EVENTING_NAMESPACE, Secret } from '#kinds/mod.ts';
import { KeyFolder } from '#pki/mod.ts';
import { silentLog } from '#telemetry/mod.ts';
import { sourcesWorld } from '../../../../test/sources/world.ts';
import { EventCertificates } from './certificates.ts';
import { certificatesOf, followTrust } from './trust.ts';

let world: Awaited<ReturnType<typeof sourcesWorld>>;
let folder: string;
let keys: KeyFolder;
let shown: Map<string, IngressRules | undefined>;
let stop: () => void;

/** Keys are made beside the test, on a machine that may be busy. */
const PATIENCE = { timeout: 20_000 };
const INGRESS = 'broker-ingress.knative-eventing.svc.cluster.local';
const features = (data: Record<string, string>): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'config-features', namespace: EVENTING_NAMESPACE },
  data,
});

beforeEach(async () => {
  world = await sourcesWorld();
  folder = mkdtempSync(join(tmpdir(), 'ebb-certificates-'));
  keys = new KeyFolder(folder, world.clock);
  // There from the start, as in a platform.
  await keys.servingCa();
  shown = new Map();
});
afterEach(async () => {
  stop();
  await world.stop();
  rmSync(folder, { recursive: true, force: true });
});

function start(): EventCertificates {
  const certificates = new EventCertificates({
    informers: world.informers,
    config: world.engine.config,
    gateway: { setIngress: async (key, rules) => void shown.set(key, rules) },
    issue: (hosts, lifeMs) => keys.host(hosts, lifeMs),
    clock: world.clock,
    log: silentLog,
  });
  stop = certificates.start();
  return certificates;
}

/** What the gateway shows for Brokers, once that is so. */
function told(isSo: (certPem: string) => boolean): Promise<string> {
  const now = () => shown.get('events/broker-ingress')?.tls?.[0]?.certPem ?? '';
  return expect
    .poll(() => isSo(now()), PATIENCE)
    .toBe(true)
    .then(now);
}
const isThere = (certPem: string) => certPem !== '';

test('nothing is shown where TLS is switched off', async () => {
  const before = start();
  await before.contextFor(INGRESS);
  expect(shown.size).toBe(0);
});

test('its own, in all spellings of the host, from when TLS is switched on', async () => {
  start();
  await world.client.create(ConfigMap, features({ 'transport-encryption': 'strict' }));
  const certificate = new X509Certificate(await told(isThere));
  expect(certificate.verify(new X509Certificate((await keys.servingCa()).certPem).publicKey)).toBe(true);
  expect(shown.get('events/broker-ingress')?.tls?.[0]?.hosts).toContain(INGRESS);
  expect(certificate.checkHost(INGRESS)).toBe(INGRESS);
  await expect
    .poll(() => [...shown.keys()].toSorted(), PATIENCE)
    .toEqual(['events/broker-ingress', 'events/imc-dispatcher', 'events/request-reply']);
});

test('what a Secret holds, as long as it is there', async () => {
  start();
  await world.client.create(ConfigMap, features({ 'transport-encryption': 'strict' }));
  const own = await told(isThere);
  const { certPem, keyPem } = await keys.host([INGRESS], 3_600_000);
  await world.client.create(Secret, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'mt-broker-ingress-server-tls', namespace: EVENTING_NAMESPACE },
    data: { 'tls.crt': btoa(certPem), 'tls.key': btoa(keyPem) },
  });
  await told((shownNow) => shownNow === certPem);
  await world.client.delete(Secret, EVENTING_NAMESPACE, 'mt-broker-ingress-server-tls');
  expect(await told((shownNow) => shownNow !== certPem)).toBe(own);
});

test('its own is made anew before it ends', async () => {
  start();
  await world.client.create(ConfigMap, features({ 'transport-encryption': 'strict' }));
  const first = await told(isThere);
  await world.clock.advance(61 * 86_400_000);
  const second = new X509Certificate(await told((certPem) => certPem !== first));
  expect(Date.parse(second.validTo)).toBeGreaterThan(Date.parse(new X509Certificate(first).validTo));
});

test('a host has one context for as long as its certificate is the same', async () => {
  const certificates = start();
  const context = await certificates.contextFor('it-deployment.default.svc.cluster.local');
  expect(await certificates.contextFor('it-deployment.default.svc.cluster.local')).toBe(context);
  expect(await certificates.contextFor('other-deployment.default.svc.cluster.local')).not.toBe(context);
});

test('trust bundles of knative-eventing are told, and nothing else', async () => {
  const heard: (readonly string[])[] = [];
  stop = followTrust(world.informers, (certificates) => heard.push(certificates));
  const pem = (await keys.servingCa()).certPem.trim();
  const bundle = (name: string, namespace: string, data: Record<string, string>, label = 'true'): ConfigMap => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace, labels: { 'networking.knative.dev/trust-bundle': label } },
    data,
  });
  await world.client.create(ConfigMap, bundle('elsewhere', 'default', { 'ca.crt': pem }));
  await world.client.create(ConfigMap, bundle('unmarked', EVENTING_NAMESPACE, { 'ca.crt': pem }, 'false'));
  expect(heard).toEqual([[]]);
  await world.client.create(
    ConfigMap,
    bundle('one', EVENTING_NAMESPACE, { 'ca.crt': `words\n${pem}\n${pem}`, b: 'x' }),
  );
  expect(heard.at(-1)).toEqual([pem]);
  await world.client.delete(ConfigMap, EVENTING_NAMESPACE, 'one');
  expect(heard.at(-1)).toEqual([]);
});

test('what only looks like a certificate is left out', () => {
  const data = { a: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----' };
  expect(certificatesOf([{ ...features(data), data }])).toEqual([]);
});

const HOUR_MS = 3_600_000;
test.each([
  { what: 'forward by hours', hours: 12, isKept: true },
  { what: 'forward, into its last third', hours: 61 * 24, isKept: false },
  { what: 'back, to before it was made', hours: -12, isKept: false },
])('what a sink shows where the clock is set $what', PATIENCE, async ({ hours, isKept }) => {
  const certificates = start();
  const show = () => certificates.contextFor('sink.ns.svc.cluster.local');
  const before = await show();
  world.clock.jump(hours * HOUR_MS);
  expect((await show()) === before).toBe(isKept);
});
