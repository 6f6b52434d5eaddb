// Who consumes: Triggers of every kind, how their subscribers behave, and what each is owed.

import type { Random } from '#base/mod.ts';
import type { Consumer, Delivery } from '#events/mod.ts';
import { between, isLucky } from '../chance.ts';

export const BROKER_HOST = 'broker-ingress.knative-eventing';
export const DEAD_URL = 'http://dead.ns/';
export const REPLY_TYPE = 'reply';

/** What a subscriber does with one request. */
export interface Behaviour {
  readonly status: number;
  readonly afterMs: number;
  /** It never answers. */
  readonly hangs?: boolean;
  readonly replies?: boolean;
}

export interface Role {
  readonly consumer: Consumer;
  /** Types of events that it is owed. */
  readonly types: readonly string[];
  readonly behave: (random: Random) => Behaviour;
  /** Whether a dead letter will do. */
  readonly maySendBack: boolean;
}

const patient: Delivery = { retry: 200, backoffPolicy: 'linear', backoffDelayMs: 20 };
const ANY = ['a', 'b'];

function role(name: string, more: Partial<Consumer>, types: readonly string[], behave: Role['behave']): Role {
  const consumer: Consumer = {
    namespace: 'ns',
    name,
    kind: 'trigger',
    filters: [{ any: types.map((type) => ({ exact: { type } })) }],
    subscriber: { url: urlOf(name) },
    reply: { url: `http://${BROKER_HOST}/ns/b` },
    delivery: patient,
    ...more,
  };
  return { consumer, types, behave, maySendBack: consumer.deadLetter !== undefined };
}

export const urlOf = (name: string): string => `http://${name}.ns/`;

const quick = (random: Random): Behaviour => ({ status: 200, afterMs: between(random, 0, 3) });
const flaky =
  (share: number) =>
  (random: Random): Behaviour => ({
    status: isLucky(random, share) ? (isLucky(random, 0.5) ? 503 : 404) : 200,
    afterMs: between(random, 0, 10),
  });

export const ROLES: Readonly<Record<string, Role>> = {
  steady: role('steady', {}, ANY, quick),
  chosen: role('chosen', {}, ['a'], quick),
  flaky: role(
    'flaky',
    {
      deadLetter: { url: DEAD_URL },
      delivery: { retry: 2, backoffPolicy: 'exponential', backoffDelayMs: 100 },
    },
    ANY,
    flaky(0.5),
  ),
  refusing: role('refusing', { deadLetter: { url: DEAD_URL } }, ['b'], (random) => ({
    status: 422,
    afterMs: between(random, 0, 5),
  })),
  slow: role('slow', { parallelism: 3 }, ANY, (random) => ({ status: 200, afterMs: between(random, 50, 400) })),
  hanging: role('hanging', { delivery: { ...patient, timeoutMs: 150 } }, ['a'], (random) => ({
    status: 200,
    afterMs: between(random, 0, 100),
    hangs: isLucky(random, 0.3),
  })),
  ordered: role('ordered', { order: 'ordered' }, ANY, flaky(0.2)),
  keyed: role('keyed', { order: 'key' }, ANY, flaky(0.3)),
  replying: role('replying', {}, ['b'], (random) => ({ ...quick(random), replies: true })),
  audience: role('audience', {}, [REPLY_TYPE], flaky(0.2)),
  mute: role('mute', {}, ['nothing'], quick),
};
