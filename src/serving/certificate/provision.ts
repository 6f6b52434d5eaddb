// What a Certificate means for the object that asked for it: whether its host is served with TLS, and what is told of it.

import type { Turn } from '#engine/mod.ts';
import type { NetworkConfig } from '#kinds/mod.ts';
import { Certificate, DISABLE_TLS_KEYS } from '#kinds/mod.ts';
import type { KubeObject, Marker } from '#machinery/mod.ts';
import { findCondition, isReady, isTrue } from '#machinery/mod.ts';
import { firstOf } from '../metadata.ts';
import type { Http01Challenge } from './children.ts';

/**
 * `downgraded`: there is none yet, and plain HTTP is served meanwhile. `awaited`, `failed`: there is none, and plain HTTP
 * is no way out.
 */
export type ProvisionState = 'ready' | 'downgraded' | 'awaited' | 'failed';

export interface Provision {
  readonly state: ProvisionState;
  readonly certificate: Certificate;
  /** The reason that the Certificate itself gives. */
  readonly reason: string;
}

/** From the one that matters least to the one that matters most. */
const BY_WEIGHT: readonly ProvisionState[] = ['ready', 'downgraded', 'awaited', 'failed'];

/** `plainAllowed`: whether a host may be served without TLS until its certificate is there. */
export function provisionOf(certificate: Certificate, plainAllowed: boolean): Provision {
  const { status, reason = '' } = findCondition(certificate.status, 'Ready') ?? {};
  const of = (state: ProvisionState): Provision => ({ state, certificate, reason });
  if (isReady(certificate)) return of('ready');
  if (plainAllowed) return of('downgraded');
  return of(status === 'False' ? 'failed' : 'awaited');
}

/** Of several, the one that says most about what is wrong. */
export function gravest(provisions: readonly Provision[]): Provision | undefined {
  return provisions.toSorted((a, b) => BY_WEIGHT.indexOf(b.state) - BY_WEIGHT.indexOf(a.state))[0];
}

/** Whether URLs say https: not while plain HTTP stands in. */
export function isSecure({ state }: Provision): boolean {
  return state !== 'downgraded';
}

export const PROVISIONED = 'CertificateProvisioned';

/** Route and DomainMapping say the same things in slightly different words. */
export interface ProvisionTexts {
  awaited(name: string, reason: string): string;
  failed(name: string, reason: string): string;
}

/** The owner's condition CertificateProvisioned. */
export function tellProvision(mark: Marker, { state, certificate, reason }: Provision, texts: ProvisionTexts): void {
  const { name } = certificate.metadata;
  switch (state) {
    case 'ready':
      return mark.true(PROVISIONED);
    case 'downgraded':
      return mark.trueWith(PROVISIONED, 'HTTPDowngrade', `Certificate ${name} is not ready downgrade HTTP.`);
    case 'awaited':
      return mark.unknown(PROVISIONED, 'CertificateNotReady', texts.awaited(name, reason));
    default:
      return mark.false(PROVISIONED, 'CertificateProvisionFailed', texts.failed(name, reason));
  }
}

/** Makes sure of the owner's Certificate; `owner` is what errors call its kind. */
export async function askForCertificate<O extends KubeObject>(
  turn: Turn<O>,
  desired: Certificate,
  owner: string,
): Promise<Certificate> {
  const { outcome, object } = await turn.apply(Certificate, desired);
  if (outcome !== 'taken') return object;
  const { name } = desired.metadata;
  const why = `There is an existing certificate ${name} that we don't own.`;
  turn.mark.false(PROVISIONED, 'CertificateNotOwned', why);
  throw new Error(`${owner}: ${JSON.stringify(turn.object.metadata.name)} does not own Certificate: ${name}`);
}

/** What an ACME server looks for now; of a certificate that is in service only while it is made anew. */
export function challengesOf({ certificate: { status }, state }: Provision): readonly Http01Challenge[] {
  return state !== 'ready' || isTrue(status, 'Renewing') ? (status?.http01Challenges ?? []) : [];
}

const TRUE = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);

/** Whether certificates are got for an object's public names. */
export function isExternalTls({ externalDomainTls }: NetworkConfig, annotations: Record<string, string> = {}): boolean {
  return externalDomainTls === 'enabled' && !TRUE.has(firstOf(annotations, DISABLE_TLS_KEYS) ?? '');
}
