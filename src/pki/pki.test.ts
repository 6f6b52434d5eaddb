import { X509Certificate, createPublicKey, verify } from 'node:crypto';
import type { webcrypto } from 'node:crypto';
import { copyFileSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer } from 'node:tls';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parse } from 'yaml';
import { VirtualClock, systemClock } from '#base/mod.ts';
import { createAuthority, issueClient } from './authority.ts';
import type { Keys } from './keeper.ts';
import { daily, keepKeys } from './keeper.ts';
import { kubeconfigText } from './kubeconfig.ts';
import { createSigningKey, tokenSigner } from './tokens.ts';

const DAY_MS = 86_400_000;
const HOSTS = ['127.0.0.1', '::1', 'localhost', 'kubernetes.default.svc'];
const NOW = Date.UTC(2026, 5, 1);

let folder = '';
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'ebb-pki-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const keysAt = (days: number, hosts = HOSTS) =>
  keepKeys(join(folder, 'pki'), hosts, new VirtualClock(NOW + days * DAY_MS));
const fileOf = (name: string) => join(folder, 'pki', name);

test('keys are made once and kept, readable by their owner only', async () => {
  const first = await keysAt(0);
  const second = await keysAt(1);
  expect([second.caPem, second.server, second.admin]).toEqual([first.caPem, first.server, first.admin]);
  expect(second.tokens.jwks()).toEqual(first.tokens.jwks());
  for (const name of readdirSync(join(folder, 'pki'))) expect(statSync(fileOf(name)).mode & 0o777).toBe(0o600);
  expect(statSync(join(folder, 'pki')).mode & 0o777).toBe(0o700);
});

type Changed = Partial<Record<'ca' | 'server' | 'admin', true>>;

test.each<[string, () => Promise<Keys> | Keys, Changed]>([
  ['nothing, when the same is asked soon', () => keysAt(200), {}],
  ['nothing, when fewer hosts are asked', () => keysAt(0, ['localhost']), {}],
  ['the server, when it lacks a name', () => keysAt(0, [...HOSTS, 'other.example']), { server: true }],
  ['the server, when it lacks an address', () => keysAt(0, [...HOSTS, '10.0.0.1']), { server: true }],
  ['both leaves, when a third of their year is left', () => keysAt(250), { server: true, admin: true }],
  ['everything, when a third of the CA is left', () => keysAt(2600), { ca: true, server: true, admin: true }],
  [
    'the server, when its key is another',
    () => {
      copyFileSync(fileOf('admin.key'), fileOf('kube-apiserver.key'));
      return keysAt(0);
    },
    { server: true },
  ],
  [
    'the administrator, when its certificate is no certificate',
    () => {
      writeFileSync(fileOf('admin.crt'), 'torn');
      return keysAt(0);
    },
    { admin: true },
  ],
  [
    'everything, when the CA is gone',
    () => {
      rmSync(fileOf('ca.crt'));
      return keysAt(0);
    },
    { ca: true, server: true, admin: true },
  ],
])('made anew: %s', async (_, ask, changed) => {
  const before = await keysAt(0);
  const after = await ask();
  expect({
    ...(before.caPem === after.caPem ? {} : { ca: true }),
    ...(before.server.certPem === after.server.certPem ? {} : { server: true }),
    ...(before.admin.certPem === after.admin.certPem ? {} : { admin: true }),
  }).toEqual(changed);
  expect(readFileSync(fileOf('ca.crt'), 'utf8')).toBe(after.caPem);
});

test('server and client prove themselves to each other over TLS', async () => {
  const { caPem, server, admin } = await keepKeys(folder, HOSTS, systemClock);
  const seen = Promise.withResolvers<unknown>();
  const listening = createServer(
    { cert: server.certPem, key: server.keyPem, ca: caPem, requestCert: true, rejectUnauthorized: true },
    (socket) => {
      seen.resolve({ ...socket.getPeerCertificate().subject });
      socket.end();
    },
  );
  listening.on('tlsClientError', seen.reject);
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  const { port } = listening.address() as AddressInfo;
  connect({ port, host: '127.0.0.1', ca: caPem, cert: admin.certPem, key: admin.keyPem })
    .on('error', seen.reject)
    .resume();
  expect(await seen.promise).toEqual({ CN: 'kubernetes-admin', O: 'system:masters' });
  listening.close();
});

test('a client certificate names a user and several groups', async () => {
  const ca = await createAuthority('ca', NOW);
  const { certPem } = await issueClient(ca, { user: 'jo', groups: ['dev', 'ops'] }, NOW);
  expect(new X509Certificate(certPem).subject.split('\n').sort()).toEqual(['CN=jo', 'O=dev', 'O=ops']);
});

test('a kubeconfig holds the server, the CA and the client', async () => {
  const { caPem, admin } = await keysAt(0);
  const config = parse(kubeconfigText('https://127.0.0.1:6443', caPem, admin)) as {
    clusters: [{ cluster: Record<string, string> }];
    users: [{ user: Record<string, string> }];
    'current-context': string;
    contexts: [{ name: string; context: unknown }];
  };
  const text = (data = '') => Buffer.from(data, 'base64').toString();
  expect(config.clusters[0].cluster.server).toBe('https://127.0.0.1:6443');
  expect(text(config.clusters[0].cluster['certificate-authority-data'])).toBe(caPem);
  expect(text(config.users[0].user['client-certificate-data'])).toBe(admin.certPem);
  expect(text(config.users[0].user['client-key-data'])).toBe(admin.keyPem);
  expect(config.contexts[0]).toEqual({
    name: config['current-context'],
    context: { cluster: 'ebb', user: 'ebb-admin', namespace: 'default' },
  });
});

test('a daily look hands on what it finds, goes on after a failure, and ends with its stop', async () => {
  const clock = new VirtualClock(NOW);
  const seen: unknown[] = [];
  let asked = 0;
  const ask = async () => {
    if (++asked === 2) throw new Error('no disk');
    return asked;
  };
  const stop = daily(
    clock,
    ask,
    (answer) => seen.push(answer),
    (error) => seen.push((error as Error).message),
  );
  await clock.advance(3 * DAY_MS);
  stop();
  await clock.advance(3 * DAY_MS);
  expect(seen).toEqual([1, 'no disk', 3]);
});

const subject = { namespace: 'default', serviceAccount: { name: 'builder', uid: 'u1' } };

test('a token says who it speaks for, until it ends, to its audience, under its own key', () => {
  const signer = tokenSigner(createSigningKey(), 'https://issuer');
  const { token, expiresAt } = signer.issue(subject, { audiences: ['api'], seconds: 600, now: NOW });
  expect(signer.verify(token, { audiences: ['api'], now: NOW })?.sub).toBe('system:serviceaccount:default:builder');
  expect(expiresAt).toBe(NOW + 600_000);
  expect(signer.verify(token, { audiences: ['other'], now: NOW })).toBeUndefined();
  expect(signer.verify(token, { audiences: ['api'], now: NOW + 601_000 })).toBeUndefined();
  expect(signer.verify(`${token.slice(0, -4)}AAAA`, { audiences: ['api'], now: NOW })).toBeUndefined();
  expect(signer.verify('a.b.c', { audiences: ['api'], now: NOW })).toBeUndefined();
  const other = tokenSigner(createSigningKey(), 'https://issuer');
  expect(other.verify(token, { audiences: ['api'], now: NOW })).toBeUndefined();
});

test('anyone can check a token by the published key set', () => {
  const signer = tokenSigner(createSigningKey(), 'https://issuer');
  const { token } = signer.issue(subject, { audiences: ['api'], seconds: 600, now: NOW });
  const [header = '', payload = '', signature = ''] = token.split('.');
  const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid: string };
  const published = signer.jwks().keys.find((key) => key.kid === kid);
  const key = createPublicKey({ key: published as webcrypto.JsonWebKey, format: 'jwk' });
  const check = { key, dsaEncoding: 'ieee-p1363' } as const;
  expect(verify('sha256', Buffer.from(`${header}.${payload}`), check, Buffer.from(signature, 'base64url'))).toBe(true);
});
