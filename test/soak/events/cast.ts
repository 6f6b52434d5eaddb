// Who consumes in the soak of events: twenty Triggers of every kind, of which each event matches two, and how their subscribers
// behave.

import type { Random } from '#base/mod.ts';
import type { Trigger } from '#kinds/mod.ts';

/** What a subscriber does with one request. */
export interface Behaviour {
  readonly status: number;
  readonly afterMs: number;
  /** No answer at all: none in time, or the connection ends. */
  readonly mute?: 'hangs' | 'cuts';
  /** In seconds. */
  readonly retryAfter?: number;
  readonly replies?: boolean;
}

export interface Role {
  readonly name: string;
  /** The one type of events that it matches. */
  readonly type: string;
  /** What order it asks for. */
  readonly order?: 'key' | 'ordered';
  readonly parallelism?: number;
  /** Whether it has a dead letter sink. */
  readonly buries?: boolean;
  /** Under the name of a Service that only the control process knows. */
  readonly byService?: boolean;
  readonly filters?: Trigger['spec']['filters'];
  readonly delivery?: NonNullable<Trigger['spec']['delivery']>;
  readonly behave: (random: Random) => Behaviour;
}

export const REPLY_TYPE = 'reply';
/** Of what producers send; each is matched by two roles, and so are replies. */
export const TYPES = ['t0', 't1', 't2', 't3', 't4', 't5', 't6', 't7', 't8'];

const PATIENT = { retry: 100, backoffPolicy: 'linear', backoffDelay: 'PT0.05S' } as const;
const BRIEF = { retry: 2, backoffPolicy: 'exponential', backoffDelay: 'PT0.02S' } as const;

const between = (random: Random, least: number, most: number) => least + random.next() * (most - least);
const takes =
  (least: number, most: number) =>
  (random: Random): Behaviour => ({ status: 202, afterMs: between(random, least, most) });
const unless =
  (share: number, other: Partial<Behaviour>) =>
  (random: Random): Behaviour => ({
    ...takes(0, 5)(random),
    ...(random.next() < share ? other : {}),
  });

export const ROLES: readonly Role[] = [
  { name: 'plain', type: 't0', behave: takes(0, 2) },
  { name: 'keyed', type: 't0', order: 'key', behave: takes(0, 5) },
  { name: 'failing', type: 't1', delivery: PATIENT, behave: unless(0.3, { status: 503 }) },
  { name: 'slow', type: 't1', behave: takes(30, 90) },
  { name: 'keyed-failing', type: 't2', order: 'key', delivery: PATIENT, behave: unless(0.2, { status: 500 }) },
  { name: 'refusing', type: 't2', buries: true, behave: () => ({ status: 422, afterMs: 1 }) },
  { name: 'replying', type: 't3', delivery: PATIENT, behave: () => ({ status: 200, afterMs: 1, replies: true }) },
  {
    name: 'by-expression',
    type: 't3',
    filters: [{ cesql: "type = 't3' AND partitionkey LIKE 'p%'" }],
    behave: takes(0, 5),
  },
  { name: 'hanging', type: 't4', delivery: { ...PATIENT, timeout: 'PT0.3S' }, behave: unless(0.05, { mute: 'hangs' }) },
  { name: 'broken', type: 't4', buries: true, delivery: BRIEF, behave: () => ({ status: 500, afterMs: 1 }) },
  { name: 'ordered', type: 't5', order: 'ordered', behave: takes(0, 3) },
  { name: 'cutting', type: 't5', delivery: PATIENT, behave: unless(0.1, { mute: 'cuts' }) },
  {
    name: 'busy',
    type: 't6',
    delivery: { ...PATIENT, retryAfterMax: 'PT5S' },
    behave: unless(0.1, { status: 429, retryAfter: 1 }),
  },
  { name: 'keyed-slow', type: 't6', order: 'key', behave: takes(10, 30) },
  { name: 'by-service', type: 't7', byService: true, behave: takes(0, 5) },
  { name: 'narrow', type: 't7', parallelism: 2, behave: takes(0, 5) },
  {
    name: 'not-other',
    type: 't8',
    filters: [{ not: { prefix: { type: 'r' } } }, { suffix: { type: '8' } }],
    behave: takes(0, 5),
  },
  { name: 'flaky', type: 't8', buries: true, delivery: BRIEF, behave: unless(0.5, { status: 500 }) },
  { name: 'audience', type: REPLY_TYPE, behave: takes(0, 5) },
  { name: 'failing-audience', type: REPLY_TYPE, delivery: PATIENT, behave: unless(0.2, { status: 502 }) },
];

export const roleNamed = new Map(ROLES.map((role) => [role.name, role]));

export const rolesOf = (type: string): readonly Role[] => ROLES.filter((role) => role.type === type);

export interface Places {
  /** Where subscribers listen. */
  readonly port: number;
  /** A host that only the control process can find. */
  readonly service: string;
}

export const NAMESPACE = 'default';
export const BROKER = 'soak';

/** The Trigger of a role. Who takes everything is tried on for some seconds, for on a busy machine a connection may fail. */
export function triggerOf(role: Role, { port, service }: Places) {
  const { name, type, order, parallelism, buries, byService, filters, delivery } = role;
  const at = (path: string) => `http://127.0.0.1:${port}/${path}/${name}`;
  const annotations = {
    ...(order ? { 'ebb.dev/order': order } : {}),
    ...(parallelism ? { 'ebb.dev/parallelism': String(parallelism) } : {}),
  };
  return {
    apiVersion: 'eventing.knative.dev/v1',
    kind: 'Trigger',
    metadata: { namespace: NAMESPACE, name, annotations },
    spec: {
      broker: BROKER,
      filters: filters ?? [{ exact: { type } }],
      subscriber: { uri: byService ? `http://${service}:${port}/take/${name}` : at('take') },
      delivery: { ...(delivery ?? PATIENT), ...(buries ? { deadLetterSink: { uri: at('bury') } } : {}) },
    },
  };
}
