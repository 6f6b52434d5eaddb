// Session affinity: a client is known by a cookie and goes back to the endpoint that answered it first.

import type { Activator } from './activator.ts';
import type { Affinity, Split } from './control.ts';
import { cookieValue } from './headers.ts';
import type { RoutePath } from './routes.ts';
import type { Exchange } from './transport.ts';

/** What is known of a client that is to stay with its endpoint. */
export interface Attachment {
  readonly affinity: Affinity;
  /** The endpoint that it says it belongs to. */
  readonly token: string | undefined;
  readonly secure: boolean;
}

export function attachmentOf(affinity: Affinity, { headers, scheme }: Exchange): Attachment {
  return { affinity, token: cookieValue(headers, affinity.cookie), secure: scheme === 'https' };
}

/** The share that has the client's endpoint, so that a client stays with its revision, too. */
export function splitOf({ splits }: RoutePath, { token }: Attachment, activator: Activator): Split | undefined {
  return token === undefined ? undefined : splits.find(({ target }) => activator.holds(target, token));
}

export function attachingCookie({ affinity, secure }: Attachment, token: string): string {
  const { cookie, maxAgeSeconds } = affinity;
  return `${cookie}=${token}; Path=/; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`;
}
