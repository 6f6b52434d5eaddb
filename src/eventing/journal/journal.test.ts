// From what the data plane tells to what the API says, over objects in memory.

import { describe, expect, test } from 'vitest';
import type { Attempt, EventStory, EventsControl } from '#events/mod.ts';
import type { Kind, KubeObject } from '#machinery/mod.ts';
import type { ResolveReader } from '../resolve/resolve.ts';
import { eventJournal } from './journal.ts';

const object = (apiVersion: string, kind: string, name: string, more: object = {}, meta: object = {}): KubeObject => ({
  apiVersion,
  kind,
  metadata: { name, namespace: 'ns', uid: `uid-${name}`, ...meta },
  ...more,
});

const behind = (kind: string, name: string) => ({
  status: {
    annotations: {
      'knative.dev/channelAPIVersion': 'messaging.knative.dev/v1',
      'knative.dev/channelKind': kind,
      'knative.dev/channelName': name,
    },
  },
});
const subscribers = [
  { uid: 'one', subscriberUri: 'http://broker-filter.knative-eventing.svc.cluster.local/triggers/ns/audit/uid-audit' },
  { uid: 'two', name: 'x', subscriberUri: 'http://elsewhere/' },
];
const objects = [
  object('eventing.knative.dev/v1', 'Broker', 'b', behind('InMemoryChannel', 'b-kne-trigger'), {
    annotations: { 'ebb.dev/journal': 'true' },
  }),
  object('eventing.knative.dev/v1', 'Broker', 'young'),
  object('messaging.knative.dev/v1', 'InMemoryChannel', 'b-kne-trigger', { spec: { subscribers } }),
  object('messaging.knative.dev/v1', 'Channel', 'c', {
    status: { channel: { apiVersion: 'messaging.knative.dev/v1', kind: 'InMemoryChannel', name: 'c' } },
  }),
  object('messaging.knative.dev/v1', 'InMemoryChannel', 'c', { spec: {} }),
  object('messaging.knative.dev/v1', 'Subscription', 'sub', { spec: {} }, { uid: 'two' }),
];

const reader: ResolveReader = {
  get: <O extends KubeObject>({ kind, apiVersion }: Kind<O>, namespace: string, name: string) =>
    objects.find(
      (one) =>
        one.kind === kind &&
        one.apiVersion === apiVersion &&
        one.metadata.namespace === namespace &&
        one.metadata.name === name,
    ) as O | undefined,
  list: <O extends KubeObject>({ kind }: Kind<O>) => objects.filter((one) => one.kind === kind) as O[],
  ownedBy: () => [],
  byIndex: () => [],
};

const attempt: Attempt = {
  stream: 's',
  consumer: 'one',
  offset: 4,
  at: 'subscriber',
  destination: 'http://audit/',
  status: 503,
  startedAt: Date.UTC(2026, 0, 1),
  tookMs: 12,
  next: { kind: 'end', end: 'dead-lettered' },
};
const row = {
  offset: 4,
  at: Date.UTC(2026, 0, 1),
  attributes: { specversion: '1.0', id: '1', type: 't', source: '/s' },
  bytes: 10,
  fates: { one: { state: 'dead-lettered', attempts: 1, status: 503 }, 'replay-1': { state: 'under way', attempts: 0 } },
} as const;
const story: EventStory = {
  ...row,
  headers: [],
  data: 'e30=',
  verdicts: { one: { result: 'pass', clause: 'all of', parts: [] }, two: { result: 'none', clause: 'all of' } },
  attempts: [attempt],
};
const run = {
  id: 'replay-1',
  stream: 'ns/c/uid-c',
  to: 'http://a/',
  from: 0,
  position: 1,
  until: 9,
  delivered: 1,
  failed: 0,
};

function journalOver(more: Partial<EventsControl> = {}) {
  const asked: unknown[] = [];
  const events = {
    events: async (query: unknown) => (asked.push(query), { events: [row], next: 5 }),
    event: async (_: string, offset: number) => (offset === 4 ? story : undefined),
    replay: async (order: unknown) => (asked.push(order), 'replay-1'),
    replays: async () => [{ ...run, isOver: false }],
    redrive: async (order: unknown) => (asked.push(order), { end: 'failed', status: 503, reason: 'no room' }),
    ...more,
  } as EventsControl;
  return { asked, journal: eventJournal({ events, reader }) };
}

const broker = { kind: 'Broker', namespace: 'ns', name: 'b' };
const stream = 'ns/b-kne-trigger/uid-b-kne-trigger';
const audit = { kind: 'Trigger', namespace: 'ns', name: 'audit', uid: 'one' };

test('a list: consumers have their names', async () => {
  const { asked, journal } = journalOver();
  const list = await journal.events(broker, {
    from: 'offset:3',
    until: '2026-01-01T00:00:00Z',
    state: 'under-way',
    consumer: 'audit',
    filters: [{ exact: { type: 't' } }, {}],
    limit: 7,
  });
  expect(asked).toEqual([
    {
      stream,
      from: { offset: 3 },
      until: { time: Date.UTC(2026, 0, 1) },
      state: 'under way',
      consumer: 'one',
      filters: [{ exact: { type: 't' } }],
      limit: 7,
    },
  ]);
  expect(list).toMatchObject({
    journal: true,
    next: 5,
    events: [
      {
        offset: 4,
        time: '2026-01-01T00:00:00.000Z',
        fates: [
          { consumer: audit, state: 'dead-lettered', attempts: 1, status: 503 },
          { consumer: { kind: 'Replay', name: 'replay-1' }, state: 'under-way' },
        ],
      },
    ],
  });
});

test('a story: verdicts and attempts by name', async () => {
  expect(await journalOver().journal.event(broker, 4)).toMatchObject({
    kind: 'EventStory',
    data: 'e30=',
    verdicts: [
      { consumer: audit, verdict: { result: 'pass' } },
      { consumer: { kind: 'Subscription', name: 'sub', namespace: 'ns', uid: 'two' }, verdict: { result: 'none' } },
    ],
    attempts: [{ consumer: audit, status: 503, next: { kind: 'end', state: 'dead-lettered' } }],
  });
});

test('a Channel is the channel behind it', async () => {
  const { asked, journal } = journalOver();
  expect(await journal.events({ ...broker, kind: 'Channel', name: 'c' }, {})).toMatchObject({ journal: false });
  expect(asked).toEqual([{ stream: 'ns/c/uid-c' }]);
});

describe('what is sent again', () => {
  test('a replay goes to where its destination leads', async () => {
    const { asked, journal } = journalOver();
    const to = { uri: 'http://a/', audience: 'me' };
    const of = { kind: 'InMemoryChannel', namespace: 'ns', name: 'c' };
    expect(await journal.replay(of, { to, from: 'offset:1' })).toEqual({
      id: 'replay-1',
      to: 'http://a/',
      from: 0,
      position: 1,
      until: 9,
      delivered: 1,
      failed: 0,
      isOver: false,
    });
    expect(asked).toEqual([{ stream: 'ns/c/uid-c', from: { offset: 1 }, to: { url: 'http://a/', audience: 'me' } }]);
  });

  test('a redrive is changed, and goes to who is named', async () => {
    const { asked, journal } = journalOver();
    const order = { offset: 4, consumer: 'audit', set: { subject: 'x' }, unset: ['foo'], data: 'e30=' };
    expect(await journal.redrive(broker, order)).toEqual({ state: 'failed', status: 503, reason: 'no room' });
    expect(asked).toEqual([
      { stream, offset: 4, consumer: 'one', attributes: { subject: 'x', foo: null }, data: 'e30=' },
    ]);
  });
});

describe('refused', () => {
  const away = async () => Promise.reject(new Error('the data process is away'));
  const no = { uri: '/relative' };
  test.each([
    ['a Broker that is not there', { ...broker, name: 'x' }, 404, 'brokers.eventing.knative.dev "x" not found'],
    ['one without a channel', { ...broker, name: 'young' }, 404, 'kubectl describe -n ns broker young'],
    ['another kind', { ...broker, kind: 'Trigger' }, 404, 'could not find the requested resource'],
  ])('%s', async (_, of, code, message) => {
    const refused = journalOver().journal.events(of, {});
    await expect(refused).rejects.toMatchObject({ code, message: expect.stringContaining(message) as string });
  });

  test.each([
    ['an event that is gone', () => journalOver().journal.event(broker, 9), 404, 'event 9 is not kept any more'],
    ['a data plane that is away', () => journalOver({ events: away }).journal.events(broker, {}), 503, 'is away'],
    ['a sink that leads nowhere', () => journalOver().journal.replay(broker, { to: no }), 400, 'URI is not absolute'],
    [
      'a consumer that is not there',
      () => journalOver().journal.redrive(broker, { offset: 4, consumer: 'x' }),
      400,
      'there are: audit, sub',
    ],
    [
      'what would be no event',
      () => journalOver().journal.redrive(broker, { offset: 4, consumer: 'audit', unset: ['type'] }),
      400,
      'type must be set',
    ],
  ])('%s', async (_, refused, code, message) => {
    await expect(refused()).rejects.toMatchObject({ code, message: expect.stringContaining(message) as string });
  });
});
