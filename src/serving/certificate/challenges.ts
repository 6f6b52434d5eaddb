// The challenges of an order on this platform: where they stand in a status, and whether a server can fetch them.

import type { Reader } from '#engine/mod.ts';
import type { Certificate } from '#kinds/mod.ts';
import { KIngress } from '#kinds/mod.ts';
import { isReady } from '#machinery/mod.ts';
import type { HttpChallenge } from '#pki/mod.ts';
import { challengePath } from '#pki/mod.ts';
import { HOSTS_INDEX } from '../ingress/hosts.ts';
import type { Http01Challenge } from './children.ts';
import type { OrderState } from './orders.ts';

type Proving = Extract<OrderState, { phase: 'proving' }>;

const CHALLENGE_PORT = 80;
const CHALLENGES = challengePath('');

export function challengesOf({ metadata }: Certificate, { challenges, service }: Proving): Http01Challenge[] {
  return challenges.map(({ host, token }) => ({
    url: `http://${host}${challengePath(token)}`,
    serviceName: service,
    serviceNamespace: metadata.namespace,
    servicePort: CHALLENGE_PORT,
  }));
}

/** What the server is to fetch, for people: without the tokens. */
export function placesOf({ challenges }: Proving): string {
  return challenges.map(({ host }) => `http://${host}${CHALLENGES}`).join(', ');
}

/** Whether an Ingress that is in force leads the challenge's path to where it is answered. */
export function isLed(reader: Reader, { host, token }: HttpChallenge): boolean {
  const path = challengePath(token);
  const leads = (ingress: KIngress) =>
    (ingress.spec.rules ?? []).some(
      ({ hosts = [], http }) => hosts.includes(host) && http?.paths.some((one) => one.path === path),
    );
  return reader.byIndex(KIngress, HOSTS_INDEX, host).some((ingress) => leads(ingress) && isReady(ingress));
}
