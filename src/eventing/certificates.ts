// What the addresses of events show by TLS: certificates of the platform's own authority, or what a Secret of knative-eventing holds in
// their place, as cert-manager writes it.

import type { Reader, Watch } from '#engine/mod.ts';
import { watch } from '#engine/mod.ts';
import { BROKER_INGRESS, CHANNEL_DISPATCHER, EVENTING_NAMESPACE, REQUEST_REPLY, Secret } from '#kinds/mod.ts';
import type { Kind, KubeObject } from '#machinery/mod.ts';
import { keyOf } from '#machinery/mod.ts';
import type { KeyPair } from '#pki/mod.ts';
import { lifeOf } from '#pki/mod.ts';

/** Knative's names of those Secrets, by the Services of knative-eventing whose certificates they hold. */
export const CERTIFICATE_SECRETS: Readonly<Record<string, string>> = {
  [BROKER_INGRESS]: 'mt-broker-ingress-server-tls',
  [CHANNEL_DISPATCHER]: 'imc-dispatcher-server-tls',
  [REQUEST_REPLY]: 'request-reply-server-tls',
  'job-sink': 'job-sink-server-tls',
  'kafka-sink-ingress': 'kafka-sink-ingress-server-tls',
};

/** A certificate that somebody else has issued. */
export interface GivenCertificate extends KeyPair {
  /** Whom clients are to trust, where that is not who they trust anyway. */
  readonly caPem: string | undefined;
}

/** What takes the place of the platform's own certificate of a Service; undefined where nothing does that could be shown. */
export function givenCertificate(service: string, reader: Pick<Reader, 'get'>): GivenCertificate | undefined {
  const name = CERTIFICATE_SECRETS[service];
  const secret = name === undefined ? undefined : reader.get(Secret, EVENTING_NAMESPACE, name);
  if (!secret) return undefined;
  // Objects are shared and never change: each is taken apart once.
  if (!taken.has(secret)) taken.set(secret, certificateIn(secret));
  return taken.get(secret);
}

const taken = new WeakMap<Secret, GivenCertificate | undefined>();

function certificateIn({ data = {} }: Secret): GivenCertificate | undefined {
  const [certPem, keyPem, caPem] = ['tls.crt', 'tls.key', 'ca.crt'].map((key) => atob(data[key] ?? ''));
  if (!certPem || !keyPem || !lifeOf({ certPem, keyPem }, {})) return undefined;
  return { certPem, keyPem, caPem: caPem || undefined };
}

/** Whom clients of a Service of knative-eventing are to trust. `ownCa` is the platform's own authority. */
export function caCertsOf(service: string, reader: Pick<Reader, 'get'>, ownCa: string | undefined): string | undefined {
  const given = givenCertificate(service, reader);
  return given ? given.caPem : ownCa;
}

/** A look at all objects of a kind when a Service's certificate is another. */
export function watchCertificate<O extends KubeObject>(of: Kind<O>, service: string): Watch {
  return watch(Secret, ({ metadata: { namespace, name } }, reader) =>
    namespace === EVENTING_NAMESPACE && name === CERTIFICATE_SECRETS[service] ? reader.list(of).map(keyOf) : [],
  );
}
