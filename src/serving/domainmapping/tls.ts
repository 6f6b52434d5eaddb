// The certificate of a mapping: the user's own, or one that is asked for.

import type { Turn } from '#engine/mod.ts';
import type { DomainMapping, IngressTls } from '#kinds/mod.ts';
import { networkConfig } from '#kinds/mod.ts';
import type { Http01Challenge } from '../certificate/children.ts';
import { ingressTlsOf } from '../certificate/children.ts';
import {
  askForCertificate,
  challengesOf,
  isExternalTls,
  isSecure,
  PROVISIONED,
  provisionOf,
  tellProvision,
} from '../certificate/provision.ts';
import { certificateOf } from './children.ts';

type MappingTurn = Turn<DomainMapping>;

export interface MappingTls {
  readonly tls: readonly IngressTls[];
  readonly challenges: readonly Http01Challenge[];
  /** Whether the mapping's URL is https. */
  readonly secure: boolean;
}

const TEXTS = {
  awaited: (name: string) => `Certificate ${name} is not ready.`,
  failed: (name: string) => `Certificate ${name} failed to be provisioned.`,
};

export async function settleTls(turn: MappingTurn): Promise<MappingTls> {
  const { metadata, spec } = turn.object;
  if (spec.tls) {
    turn.mark.trueWith(PROVISIONED, 'CertificateExternallyProvided', 'TLS certificate was provided externally');
    const own = { hosts: [metadata.name], secretName: spec.tls.secretName, secretNamespace: metadata.namespace ?? '' };
    return { tls: [own], challenges: [], secure: true };
  }
  const network = turn.config(networkConfig);
  if (!isExternalTls(network, metadata.annotations)) {
    turn.mark.trueWith(PROVISIONED, 'TLSNotEnabled', 'external-domain-tls is not enabled');
    return { tls: [], challenges: [], secure: false };
  }
  const certificate = await askForCertificate(
    turn,
    certificateOf(turn.object, network.certificateClass),
    'domainmapping',
  );
  const provision = provisionOf(certificate, network.httpProtocol === 'enabled');
  tellProvision(turn.mark, provision, TEXTS);
  return {
    tls: provision.state === 'ready' ? [ingressTlsOf(certificate, [metadata.name])] : [],
    challenges: challengesOf(provision),
    secure: isSecure(provision),
  };
}
