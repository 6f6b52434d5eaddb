// Certificates of all ingresses, found by server name.

import type { SecureContext } from 'node:tls';
import { createSecureContext } from 'node:tls';
import type { IngressCertificate, IngressRules } from './control.ts';

interface Made {
  readonly certificate: IngressCertificate;
  readonly context: SecureContext;
}

/** Contexts are made once when a certificate is new; a key that does not fit its certificate throws there. */
export class Certificates {
  readonly #byIngress = new Map<string, readonly Made[]>();
  /** All of them by host; undefined where a change has come since it was built: many changes at once build it once. */
  #byHost: ReadonlyMap<string, SecureContext> | undefined;

  set(key: string, rules: IngressRules | undefined): void {
    const before = this.#byIngress.get(key) ?? [];
    const made = (rules?.tls ?? []).map((certificate) => ({ certificate, context: contextOf(certificate, before) }));
    if (made.length === 0 && before.length === 0) return;
    if (made.length > 0) this.#byIngress.set(key, made);
    else this.#byIngress.delete(key);
    this.#byHost = undefined;
  }

  /** The exact name first, then a wildcard for its first label (RFC 6125 §6.4.3). */
  find(serverName: string): SecureContext | undefined {
    this.#byHost ??= this.#merged();
    const name = serverName.toLowerCase();
    return this.#byHost.get(name) ?? this.#byHost.get(name.replace(/^[^.]+/, '*'));
  }

  /** A host of two ingresses stays with the one that stands first. */
  #merged(): Map<string, SecureContext> {
    const all = new Map<string, SecureContext>();
    for (const made of this.#byIngress.values())
      for (const { certificate, context } of made.toReversed())
        for (const host of certificate.hosts) {
          const name = host.toLowerCase();
          if (!all.has(name)) all.set(name, context);
        }
    return all;
  }
}

/** One that was there already goes on: an ingress changes far more often than its certificates. */
function contextOf({ certPem, keyPem }: IngressCertificate, before: readonly Made[]): SecureContext {
  const same = before.find(({ certificate }) => certificate.certPem === certPem && certificate.keyPem === keyPem);
  return same?.context ?? createSecureContext({ cert: certPem, key: keyPem, minVersion: 'TLSv1.2' });
}
