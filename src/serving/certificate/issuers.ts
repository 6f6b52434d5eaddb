// Where certificates come from: the ports that a home fills.

import type { AccountBinding, ChallengeAnswers, HttpChallenge, KeyPair } from '#pki/mod.ts';

/** The platform's own CA. */
export interface LocalIssuer {
  /** The CA's certificate, in PEM. */
  caPem(): Promise<string>;
  issue(names: readonly string[], lifeMs: number): Promise<KeyPair>;
}

/** Which ACME server, and as whom. */
export interface AcmeSettings {
  readonly directory: string;
  readonly email: string;
  readonly caBundle: string;
  /** For servers that take only whom they know. */
  readonly binding?: AccountBinding | undefined;
}

/** Resolves when what an ACME server will fetch can be fetched. */
export type Present = (challenges: readonly HttpChallenge[], signal: AbortSignal) => Promise<void>;

/** Gets one certificate by ACME. Rejects with an `AcmeProblem` where the server refused. */
export type AcmeIssuer = (
  settings: AcmeSettings,
  names: readonly string[],
  present: Present,
  signal: AbortSignal,
) => Promise<KeyPair>;

export interface CertificateIssuers {
  readonly local: LocalIssuer;
  readonly acme: AcmeIssuer;
  /** Where the answers to challenges are given. */
  readonly answers: ChallengeAnswers;
}
