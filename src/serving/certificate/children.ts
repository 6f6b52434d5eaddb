// Certificates as Routes, DomainMappings and Namespaces ask for them, and what comes of one: a Secret, TLS, challenge paths.

import type { CertificateStatus, IngressPath, IngressTls } from '#kinds/mod.ts';
import {
  Certificate,
  CERTIFICATE_CLASS_ANNOTATION,
  CERTIFICATE_CLASS_KEYS,
  CERTIFICATE_TYPE_LABEL,
  CHALLENGE_ANNOTATION,
  CoreService,
  ISSUER_ANNOTATION,
  LAST_APPLIED_ANNOTATION,
  ROLLOUT_DURATION_KEYS,
  Secret,
} from '#kinds/mod.ts';
import type { KubeObject } from '#machinery/mod.ts';
import type { KeyPair } from '#pki/mod.ts';
import { firstOf, without } from '../metadata.ts';

export type Http01Challenge = NonNullable<CertificateStatus['http01Challenges']>[number];

export interface CertificateParts {
  readonly name: string;
  readonly dnsNames: readonly string[];
  /** What all the names end with. */
  readonly domain: string;
  readonly type: 'external-domain' | 'cluster-local-domain';
  /** The class of config-network; an annotation of the owner's goes before it. */
  readonly usualClass: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** A Certificate for an object of the same namespace. */
export function certificateFor({ metadata }: KubeObject, parts: CertificateParts): Certificate {
  const { annotations, namespace } = metadata;
  return {
    apiVersion: Certificate.apiVersion,
    kind: Certificate.kind,
    metadata: {
      name: parts.name,
      namespace,
      labels: { ...parts.labels, [CERTIFICATE_TYPE_LABEL]: parts.type },
      annotations: {
        ...without(annotations, [LAST_APPLIED_ANNOTATION, ...ROLLOUT_DURATION_KEYS, ...CERTIFICATE_CLASS_KEYS]),
        [CERTIFICATE_CLASS_ANNOTATION]: firstOf(annotations, CERTIFICATE_CLASS_KEYS) ?? parts.usualClass,
      },
    },
    spec: { dnsNames: [...parts.dnsNames], domain: parts.domain, secretName: parts.name },
  };
}

/** The hosts that a Certificate's Secret is to be served for. */
export function ingressTlsOf({ metadata, spec }: Certificate, hosts: readonly string[]): IngressTls {
  return { hosts: [...hosts], secretName: spec.secretName, secretNamespace: metadata.namespace ?? '' };
}

/** Where an ACME server looks, led to where it is answered. */
export function challengePathOf({
  url = '',
  serviceName = '',
  serviceNamespace = '',
  servicePort = 80,
}: Http01Challenge) {
  const path: IngressPath = {
    path: URL.parse(url)?.pathname ?? '',
    splits: [{ serviceName, serviceNamespace, servicePort, percent: 100 }],
  };
  return path;
}

export function challengeHost({ url = '' }: Http01Challenge): string {
  return URL.parse(url)?.hostname ?? '';
}

/** What challenges name as their backend. Nothing is behind it: the gateway has a target of that name while an order runs. */
export function challengeServiceOf({ metadata: { name, namespace } }: Certificate, service: string): CoreService {
  return {
    apiVersion: CoreService.apiVersion,
    kind: CoreService.kind,
    metadata: { name: service, namespace, annotations: { [CHALLENGE_ANNOTATION]: name } },
    spec: { ports: [{ name: 'http', port: 80, protocol: 'TCP', targetPort: 80 }] },
  };
}
/** The Secret of a Certificate; `caPem` vouches for it where it is known. */
export function secretOf(certificate: Certificate, pair: KeyPair, issuer: string, caPem: string | undefined): Secret {
  const { namespace } = certificate.metadata;
  return {
    apiVersion: Secret.apiVersion,
    kind: Secret.kind,
    metadata: { name: certificate.spec.secretName, namespace, annotations: { [ISSUER_ANNOTATION]: issuer } },
    type: 'kubernetes.io/tls',
    data: {
      'tls.crt': toBase64(pair.certPem),
      'tls.key': toBase64(pair.keyPem),
      ...(caPem ? { 'ca.crt': toBase64(caPem) } : {}),
    },
  };
}

function toBase64(text: string): string {
  return Buffer.from(text).toString('base64');
}
