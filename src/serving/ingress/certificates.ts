// The certificates that a KIngress names, read from their Secrets, and what is wrong with those that cannot be served.

import { createPrivateKey, X509Certificate } from 'node:crypto';
import { messageOf } from '#base/mod.ts';
import type { Reader } from '#engine/mod.ts';
import type { IngressCertificate } from '#gateway/mod.ts';
import type { KIngress } from '#kinds/mod.ts';
import { Secret } from '#kinds/mod.ts';

export interface ServedCertificates {
  readonly certificates: readonly IngressCertificate[];
  /** One line for each that is left out. */
  readonly faults: readonly string[];
}

export function certificatesOf({ spec }: KIngress, reader: Reader): ServedCertificates {
  const certificates: IngressCertificate[] = [];
  const faults: string[] = [];
  for (const { hosts = [], secretName = '', secretNamespace = '' } of spec.tls ?? []) {
    const pair = pairOf(reader.get(Secret, secretNamespace, secretName));
    if ('fault' in pair) faults.push(`Secret "${secretNamespace}/${secretName}" ${pair.fault}`);
    else certificates.push({ hosts, ...pair });
  }
  return { certificates, faults };
}

/** What the gateway would choke on is told here, where it can be shown. */
function pairOf(secret: Secret | undefined): { certPem: string; keyPem: string } | { fault: string } {
  if (!secret) return { fault: 'is not there' };
  const [cert, key] = [secret.data?.['tls.crt'], secret.data?.['tls.key']];
  if (!cert || !key)
    return { fault: `has no ${cert ? 'tls.key' : 'tls.crt'}; a Secret of type kubernetes.io/tls has both` };
  const [certPem, keyPem] = [fromBase64(cert), fromBase64(key)];
  try {
    const fits = new X509Certificate(certPem).checkPrivateKey(createPrivateKey(keyPem));
    return fits ? { certPem, keyPem } : { fault: 'has a tls.key that does not belong to its tls.crt' };
  } catch (thrown) {
    return { fault: `cannot be read as a certificate and its key in PEM: ${messageOf(thrown)}` };
  }
}

function fromBase64(text: string): string {
  return Buffer.from(text, 'base64').toString('utf8');
}
