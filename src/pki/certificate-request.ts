// What a certificate is asked for with: a key of its own and a signed request (PKCS #10, RFC 2986). Loaded only where one is made.

import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

export interface CertificateRequest {
  /** The request, in DER. */
  readonly der: Uint8Array;
  /** The key it was signed with, in PEM. */
  readonly keyPem: string;
}

/** A request for these DNS names. Its subject is empty: CAs go by the list of names (RFC 8555 §7.4). */
export async function requestCertificate(names: readonly string[]): Promise<CertificateRequest> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [new x509.SubjectAlternativeNameExtension(names.map((value) => ({ type: 'dns', value })))],
  });
  const key = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return { der: new Uint8Array(request.rawData), keyPem: x509.PemConverter.encode(key, 'PRIVATE KEY') };
}
