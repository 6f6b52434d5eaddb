// What a DomainMapping makes: the claim of its domain, and a KIngress that leads to the host of what it refers to.

import type { Certificate, DomainMapping, IngressTls } from '#kinds/mod.ts';
import {
  ClusterDomainClaim,
  DOMAIN_MAPPING_NAMESPACE_LABEL,
  DOMAIN_MAPPING_UID_LABEL,
  INGRESS_CLASS_ANNOTATION,
  INGRESS_CLASS_KEYS,
  KIngress,
  LAST_APPLIED_ANNOTATION,
  ROLLOUT_DURATION_KEYS,
} from '#kinds/mod.ts';
import { childName } from '#machinery/mod.ts';
import type { Http01Challenge } from '../certificate/children.ts';
import { certificateFor, challengePathOf } from '../certificate/children.ts';
import type { HttpOption } from '../http-option.ts';
import { without } from '../metadata.ts';
import type { Backend } from './resolve.ts';

/** What the application is told of the host that the client asked for. */
const ORIGINAL_HOST = 'K-Original-Host';

/** The claim has no owner: it belongs to a namespace, and goes when the mapping is finalized. */
export function claimOf({ metadata: { name, namespace = '' } }: DomainMapping): ClusterDomainClaim {
  return {
    apiVersion: ClusterDomainClaim.apiVersion,
    kind: ClusterDomainClaim.kind,
    metadata: { name },
    spec: { namespace },
  };
}

/** A certificate for the domain, of the class of config-network. */
export function certificateOf(mapping: DomainMapping, usualClass: string): Certificate {
  const { name, uid = '' } = mapping.metadata;
  return certificateFor(mapping, {
    name: childName(name, ''),
    dnsNames: [name],
    domain: name,
    type: 'external-domain',
    usualClass,
    labels: { [DOMAIN_MAPPING_UID_LABEL]: uid },
  });
}

export interface MappingIngressParts {
  readonly backend: Backend;
  readonly ingressClass: string;
  readonly httpOption: HttpOption;
  readonly tls: readonly IngressTls[];
  readonly challenges: readonly Http01Challenge[];
}

export function ingressOf({ metadata }: DomainMapping, parts: MappingIngressParts): KIngress {
  const { name, namespace = '', labels, annotations, uid = '' } = metadata;
  const { host, service } = parts.backend;
  const split = {
    appendHeaders: { [ORIGINAL_HOST]: name },
    percent: 100,
    serviceName: service,
    serviceNamespace: namespace,
    servicePort: 80,
  };
  return {
    apiVersion: KIngress.apiVersion,
    kind: KIngress.kind,
    metadata: {
      name: childName(name, ''),
      namespace,
      labels: { ...labels, [DOMAIN_MAPPING_UID_LABEL]: uid, [DOMAIN_MAPPING_NAMESPACE_LABEL]: namespace },
      annotations: {
        ...without(annotations, [LAST_APPLIED_ANNOTATION, ...ROLLOUT_DURATION_KEYS, ...INGRESS_CLASS_KEYS]),
        [INGRESS_CLASS_ANNOTATION]: parts.ingressClass,
      },
    },
    spec: {
      httpOption: parts.httpOption,
      ...(parts.tls.length > 0 ? { tls: [...parts.tls] } : {}),
      rules: [
        {
          hosts: [name],
          visibility: 'ExternalIP',
          http: { paths: [...parts.challenges.map(challengePathOf), { rewriteHost: host, splits: [split] }] },
        },
      ],
    },
  };
}
