// The journal of events by the API: what may be asked and ordered, by whom, and that the client over HTTP says what was said.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { EventStory, JournalList } from '#kinds/mod.ts';
import { journalType } from '#kinds/mod.ts';
import type { EventJournal, HttpClient } from '#objects/mod.ts';
import { httpClient, httpJournal } from '#objects/mod.ts';
import type { TestApi } from '../contracts/api-server.ts';
import { ROOT_TOKEN, startTestApi, USER_TOKEN } from '../contracts/api-server.ts';

const EVENT = { offset: 3, time: '2026-01-01T00:00:00.000Z', attributes: { id: '1' }, bytes: 9, fates: [] };
const LIST: JournalList = { ...journalType('EventList'), journal: true, events: [EVENT], next: 4 };
const STORY: EventStory = {
  ...journalType('EventStory'),
  journal: true,
  ...EVENT,
  headers: [],
  verdicts: [],
  attempts: [],
};
const RUN = { id: 'replay-1', to: 'http://a/', from: 0, position: 0, until: 9, delivered: 0, failed: 0, isOver: false };

let asked: unknown[] = [];
const eventJournal: EventJournal = {
  events: async (of, query) => (asked.push([of, query]), LIST),
  event: async (of, offset) => (asked.push([of, offset]), STORY),
  replay: async (of, order) => (asked.push([of, order]), RUN),
  replays: async (of) => (asked.push([of]), [RUN]),
  redrive: async (of, order) => (asked.push([of, order]), { state: 'delivered', status: 202 }),
};

let api: TestApi;
let client: HttpClient;
beforeAll(async () => {
  api = await startTestApi({ eventJournal });
  client = httpClient({ server: api.server.url, token: ROOT_TOKEN });
});
afterAll(async () => {
  client.close();
  await api.close();
});
beforeEach(() => void (asked = []));

const BROKER = '/apis/eventing.knative.dev/v1/namespaces/shop/brokers/b';
const owner = { kind: 'Broker', namespace: 'shop', name: 'b' };

describe('the client over HTTP', () => {
  const filters = [{ exact: { type: 'a&b' } }, { cesql: "source = '/x'" }];
  const order = { from: 'offset:2', filters, to: { uri: 'http://a/' } };
  const again = { offset: 3, consumer: 'audit', set: { subject: 'x', n: 1, ok: true }, unset: ['foo'], data: 'e30=' };
  const query = {
    from: '2026-01-01T00:00:00Z',
    until: 'offset:9',
    filters,
    state: 'dead-lettered',
    consumer: 'audit',
    newest: true,
    limit: 5,
  } as const;

  test.each([
    ['a list', (journal: EventJournal) => journal.events(owner, query), LIST, [owner, query]],
    ['a list of all', (journal: EventJournal) => journal.events(owner, {}), LIST, [owner, {}]],
    ['one event', (journal: EventJournal) => journal.event(owner, 3), STORY, [owner, 3]],
    ['a replay', (journal: EventJournal) => journal.replay(owner, order), RUN, [owner, order]],
    ['replays', (journal: EventJournal) => journal.replays(owner), [RUN], [owner]],
    [
      'a redrive',
      (journal: EventJournal) => journal.redrive(owner, again),
      { state: 'delivered', status: 202 },
      [owner, again],
    ],
  ])('%s', async (_, ask, answer, heard) => {
    expect(await ask(httpJournal(client))).toEqual(answer);
    expect(asked).toEqual([heard]);
  });

  test.each(['Channel', 'InMemoryChannel'])('of a %s, too', async (kind) => {
    await httpJournal(client).events({ ...owner, kind }, {});
    expect(asked).toEqual([[{ ...owner, kind }, {}]]);
  });
});

describe('what makes no sense is refused', () => {
  test.each([
    ['from=yesterday', 400, /from: Invalid value: "yesterday": expected offset:N, or a time/],
    ['state=gone', 400, /state: Unsupported value: "gone": supported values: "delivered", "dead-lettered"/],
    ['filters={', 400, /filters: expected a list of filters as JSON/],
    ['filters=[{"cesql":"type ="}]', 400, /filters: invalid value: type =: \[0\].cesql\nexpected an expression/],
    ['limit=x', 400, /limit: Invalid value/],
  ])('%s', async (query, code, words) => {
    const answer = await api.request('GET', `${BROKER}/events?${encodeURI(query)}`);
    expect([answer.code, answer.body['message']]).toEqual([code, expect.stringMatching(words)]);
  });

  test.each([
    ['replay', {}, 422, /spec.to: Required value/],
    ['replay', { to: { uri: 'http://a' }, from: 'x' }, 422, /spec.from: Invalid value: "x"/],
    ['replay', { to: { uri: 'http://a' }, filters: [{ not: { exct: {} } }] }, 422, /unknown field "exct"/],
    ['replay', { to: { uri: 'http://a' }, delivery: { backoffPolicy: 'fast' } }, 422, /spec.delivery/],
    ['replay', { where: 'x' }, 400, /unknown field "spec.where"/],
    ['redrive', { offset: 1, consumer: 'a', set: { Data: 'x' } }, 422, /lower-case letters and digits/],
    ['redrive', { offset: 1, consumer: 'a', set: { x: {} } }, 422, /expected a text, a number/],
  ])('%s of %j', async (what, spec, code, words) => {
    const answer = await api.request('POST', `${BROKER}/${what}`, { body: { spec } });
    expect([answer.code, answer.body['message']]).toEqual([code, expect.stringMatching(words)]);
    expect(asked).toEqual([]);
  });

  test.each([
    ['GET', `${BROKER}/redrive`, 405],
    ['POST', `${BROKER}/events`, 405],
    ['GET', '/apis/eventing.knative.dev/v1/namespaces/shop/triggers/t/events', 404],
    ['GET', '/apis/serving.knative.dev/v1/namespaces/shop/services/s/replay', 404],
  ])('%s %s', async (method, path, code) => {
    expect((await api.request(method, path)).code).toBe(code);
  });
});

test('discovery is that of a cluster', async () => {
  const { body } = await api.request('GET', '/apis/eventing.knative.dev/v1');
  const names = (body['resources'] as { name: string }[]).map(({ name }) => name);
  expect(names.filter((name) => name.startsWith('brokers'))).toEqual(['brokers', 'brokers/status']);
});

test('who may read Brokers may read what came, and who may write them may send it again', async () => {
  const order = { spec: { to: { uri: 'http://a' } } };
  const codes = async () => [
    (await api.request('GET', `${BROKER}/events`, { token: USER_TOKEN })).code,
    (await api.request('POST', `${BROKER}/replay`, { token: USER_TOKEN, body: order })).code,
  ];
  const bind = (role: string) =>
    api.request('POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
      body: {
        metadata: { name: `ann-${role}` },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'ann' }],
      },
    });
  expect(await codes()).toEqual([403, 403]);
  await bind('view');
  await api.settled();
  expect(await codes()).toEqual([200, 403]);
  await bind('edit');
  await api.settled();
  expect(await codes()).toEqual([200, 201]);
});

test('without a journal it says so', async () => {
  const bare = await startTestApi();
  const { code, body } = await bare.request('GET', `${BROKER}/events`);
  expect([code, body['reason']]).toEqual([501, 'NotImplemented']);
  await bare.close();
});
