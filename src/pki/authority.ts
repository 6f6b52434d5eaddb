// The platform's own certificate authority: makes the CA, issues server and client certificates. Loaded only where one is to be made.

import { DAY_MS } from '#base/mod.ts';
import 'reflect-metadata';
import type { KeyObject } from 'node:crypto';
import { createPrivateKey, randomBytes, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import * as x509 from '@peculiar/x509';
import type { KeyPair } from './key-pair.ts';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const CA_DAYS = 3650;
const LEAF_DAYS = 365;

/** Who a client certificate speaks for: CN is the user, each O a group (as Kubernetes reads them). */
export interface Identity {
  readonly user: string;
  readonly groups: readonly string[];
}

/** A new self-signed CA. `now` in milliseconds. */
export async function createAuthority(commonName: string, now: number): Promise<KeyPair> {
  const keys = await generateKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: [{ CN: [commonName] }],
    notBefore: new Date(now - DAY_MS),
    notAfter: new Date(now + CA_DAYS * DAY_MS),
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return pair(certificate, keys);
}

/** A server certificate for these names and addresses. */
export function issueServer(ca: KeyPair, commonName: string, hosts: readonly string[], now: number): Promise<KeyPair> {
  return issue(ca, [{ CN: [commonName] }], now, serverExtensions(hosts));
}

/** The list of names is critical where the subject has none (RFC 5280 §4.2.1.6). */
function serverExtensions(hosts: readonly string[], critical = false): x509.Extension[] {
  const names = hosts.map((host) => ({ type: isIP(host) ? ('ip' as const) : ('dns' as const), value: host }));
  return [
    new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
    new x509.SubjectAlternativeNameExtension(names, critical),
  ];
}

/** The longest common name there may be (RFC 5280, ub-common-name). */
const MAX_COMMON_NAME = 64;

/** A certificate by which a host on the network is served, for as long as is asked. A long name is only in the list of names. */
export function issueHost(ca: KeyPair, hosts: readonly string[], now: number, lifeMs: number): Promise<KeyPair> {
  const short = hosts.find((host) => host.length <= MAX_COMMON_NAME);
  return issue(
    ca,
    short === undefined ? [] : [{ CN: [short] }],
    now,
    serverExtensions(hosts, short === undefined),
    lifeMs,
  );
}

/** A client certificate for a user and its groups. */
export function issueClient(ca: KeyPair, { user, groups }: Identity, now: number): Promise<KeyPair> {
  const name = [{ CN: [user] }, ...groups.map((group) => ({ O: [group] }))];
  return issue(ca, name, now, [new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth])]);
}

async function issue(
  ca: KeyPair,
  subject: x509.JsonName,
  now: number,
  extensions: x509.Extension[],
  lifeMs = LEAF_DAYS * DAY_MS,
): Promise<KeyPair> {
  const issuer = new x509.X509Certificate(ca.certPem);
  const keys = await generateKeys();
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial(),
    subject,
    issuer: issuer.subject,
    // Clocks of clients may be late, by less than a short life is long.
    notBefore: new Date(now - Math.min(DAY_MS, lifeMs / 10)),
    notAfter: new Date(now + lifeMs),
    publicKey: keys.publicKey,
    signingKey: await importKey(ca.keyPem),
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
      ...extensions,
    ],
  });
  return pair(certificate, keys);
}

function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
}

function importKey(keyPem: string): Promise<CryptoKey> {
  const der = createPrivateKey(keyPem).export({ type: 'pkcs8', format: 'der' });
  return webcrypto.subtle.importKey('pkcs8', der, ALGORITHM, false, ['sign']);
}

async function pair(certificate: x509.X509Certificate, keys: webcrypto.CryptoKeyPair): Promise<KeyPair> {
  const der = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  const key: KeyObject = createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' });
  return {
    certPem: `${certificate.toString('pem')}\n`,
    keyPem: key.export({ type: 'pkcs8', format: 'pem' }),
  };
}

/** 16 random bytes, positive. */
function serial(): string {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0] ?? 0) & 0x7f;
  return bytes.toString('hex');
}
