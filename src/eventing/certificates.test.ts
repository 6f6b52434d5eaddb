import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { VirtualClock } from '#base/mod.ts';
import { BROKER_INGRESS, EVENTING_NAMESPACE, Secret } from '#kinds/mod.ts';
import type { Kind, KubeObject } from '#machinery/mod.ts';
import type { KeyPair } from '#pki/mod.ts';
import { KeyFolder } from '#pki/mod.ts';
import { caCertsOf, CERTIFICATE_SECRETS, givenCertificate } from './certificates.ts';

let folder: string;
let pair: KeyPair;
let other: KeyPair;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ebb-certificates-'));
  const keys = new KeyFolder(folder, new VirtualClock());
  [pair, other] = [await keys.host(['a'], 60_000), await keys.host(['b'], 60_000)];
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A reader with this one Secret in knative-eventing. */
function reading(data: Record<string, string> | undefined, name = 'mt-broker-ingress-server-tls') {
  const encoded = Object.entries(data ?? {}).map(([key, text]) => [key, btoa(text)]);
  const secret: Secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace: EVENTING_NAMESPACE },
    data: Object.fromEntries(encoded) as Record<string, string>,
  };
  return {
    get: <O extends KubeObject>(kind: Kind<O>, namespace: string, asked: string): O | undefined =>
      data && kind.kind === Secret.kind && namespace === EVENTING_NAMESPACE && asked === name
        ? (secret as unknown as O)
        : undefined,
  };
}

test('what a Secret holds takes the place of the platform’s own, and says whom to trust', () => {
  const reader = reading({ 'tls.crt': pair.certPem, 'tls.key': pair.keyPem, 'ca.crt': 'theirs' });
  expect(givenCertificate(BROKER_INGRESS, reader)).toEqual({ ...pair, caPem: 'theirs' });
  expect(caCertsOf(BROKER_INGRESS, reader, 'ours')).toBe('theirs');
});

test('of one that is trusted anyway nothing is said', () => {
  const reader = reading({ 'tls.crt': pair.certPem, 'tls.key': pair.keyPem });
  expect(caCertsOf(BROKER_INGRESS, reader, 'ours')).toBeUndefined();
});

test.each<[string, () => ReturnType<typeof reading>]>([
  ['no Secret', () => reading(undefined)],
  ['a Secret of another name', () => reading({ 'tls.crt': pair.certPem, 'tls.key': pair.keyPem }, 'other')],
  ['one without a key', () => reading({ 'tls.crt': pair.certPem })],
  ['one whose key is another’s', () => reading({ 'tls.crt': pair.certPem, 'tls.key': other.keyPem })],
  ['one that holds no certificate', () => reading({ 'tls.crt': 'x', 'tls.key': 'y' })],
])('%s leaves the platform’s own', (_, reader) => {
  expect(givenCertificate(BROKER_INGRESS, reader())).toBeUndefined();
  expect(caCertsOf(BROKER_INGRESS, reader(), 'ours')).toBe('ours');
});

test('each Service has a Secret of its own', () => {
  const names = Object.values(CERTIFICATE_SECRETS);
  expect(new Set(names).size).toBe(names.length);
});
