// What a Secret holds, seen from the Certificate that it is for: pure.

import type { Certificate, CertificateConfig, Secret } from '#kinds/mod.ts';
import { CERTIFICATE_TYPE_LABEL, CLUSTER_DOMAIN, ISSUER_ANNOTATION } from '#kinds/mod.ts';
import { controllerOf } from '#machinery/mod.ts';
import type { KeyPair, Life } from '#pki/mod.ts';
import { lifeOf } from '#pki/mod.ts';

/** Who is to issue it, as the Secret's annotation names it: `local`, or the directory of an ACME server. */
export function issuerOf({ metadata, spec }: Certificate, { issuer, acmeDirectory }: CertificateConfig): string {
  const isInside =
    metadata.labels?.[CERTIFICATE_TYPE_LABEL] === 'cluster-local-domain' ||
    spec.dnsNames.every((name) => name.endsWith(`.${CLUSTER_DOMAIN}`));
  return issuer === 'local' || isInside ? LOCAL : acmeDirectory;
}
export const LOCAL = 'local';

/** `good`: nothing to do before its time. `due`: still good, but to be made anew. `wanting`: there is none that could be served. */
export type Held =
  | { readonly state: 'good' | 'due'; readonly life: Life }
  | { readonly state: 'wanting' }
  | { readonly state: 'taken' };

export interface HeldFacts {
  readonly issuer: string;
  /** The local CA; what it issued before it was made anew is due. */
  readonly caPem: string;
  readonly now: number;
}

export function judgeHeld(certificate: Certificate, secret: Secret | undefined, facts: HeldFacts): Held {
  if (!secret) return { state: 'wanting' };
  if (controllerOf(secret)?.uid !== certificate.metadata.uid) return { state: 'taken' };
  const pair = { certPem: textOf(secret, 'tls.crt'), keyPem: textOf(secret, 'tls.key') };
  const life = lifeOf(pair, { hosts: certificate.spec.dnsNames });
  if (!life || facts.now >= life.notAfter) return { state: 'wanting' };
  const isIssuers =
    secret.metadata.annotations?.[ISSUER_ANNOTATION] === facts.issuer &&
    (facts.issuer !== LOCAL || isGoodOfLocal(pair, life, facts));
  return { state: isIssuers && facts.now < life.renewAt ? 'good' : 'due', life };
}

/** By the CA as it is, and not of a time to come: the clock was ahead then. (To order by ACME anew for that would cost, and help nobody.) */
function isGoodOfLocal(pair: KeyPair, life: Life, { caPem, now }: HeldFacts): boolean {
  return life.notBefore <= now && lifeOf(pair, { issuerPem: caPem }) !== undefined;
}

function textOf({ data }: Secret, key: string): string {
  return Buffer.from(data?.[key] ?? '', 'base64').toString('utf8');
}
