// Whom senders of events trust beside the usual authorities: what trust bundles of knative-eventing hold.

import { X509Certificate } from 'node:crypto';
import { ConfigMap, EVENTING_NAMESPACE, TRUST_BUNDLE_LABEL } from '#kinds/mod.ts';
import type { Informers } from '#objects/mod.ts';

const isBundle = ({ metadata }: ConfigMap): boolean =>
  metadata.namespace === EVENTING_NAMESPACE && metadata.labels?.[TRUST_BUNDLE_LABEL] === 'true';

/** Tells the certificates that are trusted, in PEM, now and after each change. Returns the stop. */
export function followTrust(informers: Informers, tell: (certificates: readonly string[]) => void): () => void {
  const informer = informers.of(ConfigMap);
  const look = () => tell(certificatesOf(informer.list(EVENTING_NAMESPACE).filter(isBundle)));
  look();
  return informer.onChange(({ before, after }) => {
    if ([before, after].some((one) => one && isBundle(one))) look();
  });
}

const PEM = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** Each once, in an order that does not depend on who came first; what is no certificate is left out. */
export function certificatesOf(bundles: readonly ConfigMap[]): readonly string[] {
  const texts = bundles.flatMap(({ data = {} }) => Object.values(data).flatMap((text) => text.match(PEM) ?? []));
  return [...new Set(texts)].filter(isCertificate).sort();
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).subject !== undefined;
  } catch {
    return false;
  }
}
