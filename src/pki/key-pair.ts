// A certificate with its key, and whether one that was found is still good. By Node's own means, without the X.509 library.

import { X509Certificate, createPrivateKey } from 'node:crypto';
import { isIP } from 'node:net';

/** A certificate and its key, in PEM. */
export interface KeyPair {
  readonly certPem: string;
  readonly keyPem: string;
}

/** What a certificate has to be. */
export interface Demands {
  /** Who must have issued it; anybody where it is left out. */
  readonly issuerPem?: string | undefined;
  /** DNS names and addresses a server certificate must hold. */
  readonly hosts?: readonly string[];
}

/** When a certificate begins, ends and is to be made anew, in milliseconds since 1970. */
export interface Life {
  readonly notBefore: number;
  readonly renewAt: number;
  readonly notAfter: number;
}

/** The life of a pair that belongs together, was issued by whom it should be and holds the hosts; undefined for any other. */
export function lifeOf({ certPem, keyPem }: KeyPair, { issuerPem, hosts = [] }: Demands): Life | undefined {
  try {
    const certificate = new X509Certificate(certPem);
    const fits =
      certificate.checkPrivateKey(createPrivateKey(keyPem)) &&
      (issuerPem === undefined || certificate.verify(new X509Certificate(issuerPem).publicKey)) &&
      hosts.every((host) => holds(certificate, host));
    return fits ? spanOf(certificate) : undefined;
  } catch {
    // What cannot be read is not good either.
    return undefined;
  }
}

/** Whether a pair is what it has to be and has more than a third of its life before it. A CA issues itself. */
export function isGood(pair: KeyPair, { now, ...demands }: Demands & { readonly now: number }): boolean {
  const life = lifeOf(pair, { issuerPem: pair.certPem, ...demands });
  return life !== undefined && now < life.renewAt;
}

/** A certificate is made anew when a third of its life is left. */
function spanOf({ validFrom, validTo }: X509Certificate): Life {
  const [notBefore, notAfter] = [Date.parse(validFrom), Date.parse(validTo)];
  return { notBefore, renewAt: notAfter - (notAfter - notBefore) / 3, notAfter };
}

function holds(certificate: X509Certificate, host: string): boolean {
  if (isIP(host)) return certificate.checkIP(host) !== undefined;
  return certificate.subjectAltName?.split(', ').includes(`DNS:${host}`) ?? false;
}
