// What an ACME server refuses, in its own words (RFC 8555 §6.7, RFC 7807).

import { isRecord } from '#base/mod.ts';

const PREFIX = 'urn:ietf:params:acme:error:';

/** A refusal by the server, or by what it found when it looked. */
export class AcmeProblem extends Error {
  override readonly name = 'AcmeProblem';
  /** The word of the standard, as `rateLimited`; another URI as it is. */
  readonly type: string;
  readonly status: number;
  /** When the server wants to be asked again. */
  readonly retryAfterMs: number | undefined;

  constructor(type: string, message: string, status = 0, retryAfterMs?: number) {
    super(message);
    this.type = type;
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

/** The problem in the body of an answer, with those it is made of. */
export function problemOf(body: unknown, status: number, retryAfterMs?: number): AcmeProblem {
  const { type, detail, subproblems } = isRecord(body) ? body : {};
  const word = typeof type === 'string' ? type.replace(PREFIX, '') : 'unknown';
  const parts = Array.isArray(subproblems) ? subproblems.flatMap((one) => (isRecord(one) ? partOf(one) : [])) : [];
  const said = typeof detail === 'string' && detail ? detail : `the server answered ${status}`;
  return new AcmeProblem(word, [`${word}: ${said}`, ...parts].join('; '), status, retryAfterMs);
}

function partOf({ identifier, detail }: Record<string, unknown>): string {
  const name = isRecord(identifier) ? String(identifier['value']) : '?';
  return `${name}: ${typeof detail === 'string' ? detail : 'refused'}`;
}
