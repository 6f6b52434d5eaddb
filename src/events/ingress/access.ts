// Who may send events to an address: the bearer token's subject, and the policies over it.

import { headerValue } from '#base/mod.ts';
import type { AccessPolicy, AccessRule, Filter } from '../control.ts';
import type { CloudEvent } from '../event.ts';
import type { IngressAnswer } from './refusals.ts';
import { refused } from './refusals.ts';

/** The sender, as far as they are known. */
export type Who = { readonly subject: string } | { readonly unknown: IngressAnswer };

/** Whose token it is; throws with what is wrong with it. */
export type VerifyToken = (token: string, audience: string) => Promise<string>;

export interface GatekeeperPorts {
  readonly verify: VerifyToken;
  /** Whether all of the filters let the event pass. */
  readonly passes: (filters: readonly Filter[], event: CloudEvent) => boolean;
}

/** Lets senders in, or not. */
export class Gatekeeper {
  readonly #ports: GatekeeperPorts;

  constructor(ports: GatekeeperPorts) {
    this.#ports = ports;
  }

  async identify(headers: readonly string[], { audience }: AccessRule): Promise<Who> {
    const token = bearerToken(headers);
    if (token === undefined) return { unknown: refused('no-token') };
    try {
      return { subject: await this.#ports.verify(token, audience) };
    } catch (error) {
      return { unknown: refused('bad-token', error instanceof Error ? error.message : undefined) };
    }
  }

  /** Undefined where they may send this event. The first policy that names them decides. */
  refusal(who: Who, access: AccessRule, namespace: string, event: CloudEvent): IngressAnswer | undefined {
    if ('unknown' in who) return who.unknown;
    const { subject } = who;
    if (access.policies.length === 0)
      return isLetInUnasked(access, namespace, subject) ? undefined : refused('forbidden', subject);
    const policy = access.policies.find(({ subjects }) => subjects.some((pattern) => fits(pattern, subject)));
    return policy && this.#passes(policy, event) ? undefined : refused('forbidden', subject);
  }

  #passes({ filters }: AccessPolicy, event: CloudEvent): boolean {
    return filters.length === 0 || this.#ports.passes(filters, event);
  }
}

function isLetInUnasked({ otherwise }: AccessRule, namespace: string, subject: string): boolean {
  if (otherwise === 'allow-same-namespace') return subject.startsWith(`system:serviceaccount:${namespace}:`);
  return otherwise === 'allow-all';
}

function fits(pattern: string, subject: string): boolean {
  return pattern.endsWith('*') ? subject.startsWith(pattern.slice(0, -1)) : pattern === subject;
}

function bearerToken(headers: readonly string[]): string | undefined {
  return /^Bearer +(\S+)$/i.exec((headerValue(headers, 'authorization') ?? '').trim())?.[1];
}
