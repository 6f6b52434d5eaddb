// EventTransforms over the real store, asked by HTTP as senders ask; their expressions are evaluated by the real process.

import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '#base/mod.ts';
import type { Send, SendRequest } from '#events/mod.ts';
import { ConfigMap, CoreService, EventTransform, ServiceAccount } from '#kinds/mod.ts';
import { findCondition, isReady } from '#machinery/mod.ts';
import { addSink, made, sourcesWorld } from '../../../test/sources/world.ts';
import type { SinkAnswer, SinkRequest } from '../front.ts';
import { frontOf } from '../front.ts';
import { eventTransformController } from './controller.ts';
import { Evaluators } from './evaluators.ts';
import { eventTransformFront } from './front.ts';
import { helperProcesses } from './helper.ts';

const evaluators = new Evaluators({ clock: systemClock, start: helperProcesses() });
afterAll(() => evaluators.close());

type Answer = Awaited<ReturnType<Parameters<typeof eventTransformFront>[0]['send']>>;

const HOST = 'it-jsonata.default.svc.cluster.local';
const SINK = { ref: { apiVersion: 'v1', kind: 'Service', name: 'sink' } };
const EXPRESSION = '{"specversion": "1.0", "id": id, "type": "made", "source": source, "reason": data.why, "data": $}';
const REPLY = '{"specversion": "1.0", "id": "r", "type": type, "source": "reply", "data": data}';
const EVENT = [
  'ce-specversion',
  '1.0',
  'ce-id',
  '1',
  'ce-source',
  '/s',
  'ce-type',
  't',
  'content-type',
  'application/json',
];
const STRUCTURED = 'application/cloudevents+json';

let world: Awaited<ReturnType<typeof sourcesWorld>>;
let ask: (request: SinkRequest) => Promise<SinkAnswer>;
let sent: SendRequest[];
let answer: () => Answer | Promise<Answer>;

beforeEach(async () => {
  world = await sourcesWorld();
  sent = [];
  answer = () => ({ status: 202, headers: [], body: Buffer.from('') });
  world.begin(eventTransformController(evaluators));
  const send: Send = async (request, signal) => {
    sent.push(request);
    const broken = new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    return Promise.race([answer(), broken]);
  };
  ask = frontOf([
    eventTransformFront({
      clock: world.clock,
      informers: world.informers,
      guard: async () => undefined,
      evaluator: evaluators,
      send,
      giveToken: async (identity, audience) => `${identity} for ${audience}`,
    }),
  ]);
});
afterEach(() => world.stop());

/** What the controller asks of its expressions is known then, so that it need not wait for another process. */
async function create(spec: EventTransform['spec']): Promise<EventTransform | undefined> {
  for (const jsonata of [spec.jsonata, spec.reply?.jsonata]) await evaluators.check(jsonata?.expression ?? '');
  await world.client.create(EventTransform, made(EventTransform, spec));
  await world.clock.advance(100);
  return world.client.get(EventTransform, 'default', 'it');
}

const post = (over: Partial<SinkRequest> = {}) =>
  ask({
    method: 'POST',
    target: '/',
    scheme: 'http',
    host: HOST,
    headers: EVENT,
    body: Buffer.from('{"why":"so"}'),
    ...over,
  });

/** With the body as what it is. */
function shown({ body, ...rest }: SinkAnswer): object {
  const text = body && Buffer.from(body).toString();
  return { ...rest, ...(text ? { body: text.startsWith('{') ? (JSON.parse(text) as object) : text } : {}) };
}

const IN = {
  specversion: '1.0',
  id: '1',
  source: '/s',
  type: 't',
  datacontenttype: 'application/json',
  data: { why: 'so' },
};
const OUT = { specversion: '1.0', id: '1', type: 'made', source: '/s', reason: 'so', data: IN };

describe('what it says of itself', () => {
  test('where it is, once its expression can be read', async () => {
    const transform = await create({ jsonata: { expression: EXPRESSION } });
    expect(transform && isReady(transform)).toBe(true);
    expect(transform?.status?.address).toEqual({ name: 'http', url: `http://${HOST}` });
    const service = await world.client.get(CoreService, 'default', 'it-jsonata');
    expect(service?.spec).toMatchObject({
      type: 'ExternalName',
      externalName: 'event-transform.knative-eventing.svc.cluster.local',
    });
  });

  test.each<[string, EventTransform['spec'], string, RegExp]>([
    [
      'an expression',
      { jsonata: { expression: '{"a": ' } },
      'InvalidExpression',
      /^spec\.jsonata\.expression .*character/,
    ],
    [
      'that of the reply',
      { jsonata: { expression: '$' }, sink: SINK, reply: { jsonata: { expression: ')' } } },
      'InvalidExpression',
      /^spec\.reply\.jsonata\.expression/,
    ],
    [
      'a sink that is not there',
      { jsonata: { expression: '$' }, sink: SINK },
      'NoAddressable',
      /services "sink" not found/,
    ],
  ])('what is wrong with %s', async (what, spec, reason, message) => {
    if (what === 'that of the reply') await addSink(world.client);
    const { status } = (await create(spec)) ?? {};
    expect(findCondition(status, 'Ready')).toMatchObject({
      status: 'False',
      reason,
      message: expect.stringMatching(message) as string,
    });
    expect(findCondition(status, 'TransformationReady')).toMatchObject({ status: 'False', reason });
  });

  test('a sink that comes later is found', async () => {
    await create({ jsonata: { expression: EXPRESSION }, sink: SINK });
    await addSink(world.client);
    await world.clock.advance(100);
    const transform = await world.client.get(EventTransform, 'default', 'it');
    expect(transform && isReady(transform)).toBe(true);
    expect(transform?.status?.sinkUri).toBe('http://sink.default.svc.cluster.local');
  });
});

describe('without a sink', () => {
  test('the answer is what the expression makes', async () => {
    await create({ jsonata: { expression: EXPRESSION } });
    expect(shown(await post())).toEqual({ status: 200, headers: { 'Content-Type': STRUCTURED }, body: OUT });
  });

  test.each<[string, string, Partial<SinkRequest>, object]>([
    [
      'text that is no event',
      '{"said": $}',
      { headers: [], body: Buffer.from('hello') },
      { status: 200, body: { said: 'hello' } },
    ],
    [
      'JSON that is no event',
      'a',
      { headers: [], body: Buffer.from('{"a":{"b":1}}') },
      { status: 200, body: { b: 1 } },
    ],
    [
      'a media type of its own',
      '{"contenttype": "application/x-mine", "a": 1}',
      {},
      { status: 200, headers: { 'Content-Type': 'application/x-mine' } },
    ],
    ['a media type that is none', '{"contenttype": "a\\r\\nb: c"}', {}, { status: 500, text: /must be a media type/ }],
    ['nothing', 'data.missing', {}, { status: 500, text: /makes nothing of this event/ }],
    ['what is no event', '{"specversion": "1.0", "id": id}', {}, { status: 500, text: /no event: .*type/ }],
    ['what fails', '$number(data.why)', {}, { status: 500, headers: { Reason: /cast|number/i } }],
    ['a malformed event', '$', { headers: EVENT.slice(0, 4) }, { status: 400, text: /source/ }],
    [
      'a batch',
      '$',
      { headers: ['content-type', 'application/cloudevents-batch+json'], body: Buffer.from('[]') },
      { status: 400 },
    ],
    ['another method', '$', { method: 'GET' }, { status: 405, headers: { Allow: 'POST' } }],
    ['another path', '$', { target: '/x' }, { status: 404 }],
    ['another host', '$', { host: 'other-jsonata.default.svc' }, { status: 404 }],
  ])('%s', async (_, expression, request, expected) => {
    await create({ jsonata: { expression } });
    expect(shown(await post(request))).toMatchObject(matching(expected));
  });
});

/** Regular expressions as what texts must match. */
function matching(value: unknown): Record<string, unknown> {
  const of = (one: unknown): unknown =>
    one instanceof RegExp ? expect.stringMatching(one) : typeof one === 'object' && one !== null ? matching(one) : one;
  return Object.fromEntries(Object.entries(value as object).map(([key, one]) => [key, of(one)]));
}

describe('with a sink', () => {
  beforeEach(() => addSink(world.client));

  test('it is sent there, with what goes along with an event', async () => {
    await create({ jsonata: { expression: EXPRESSION }, sink: { ...SINK, uri: '/in' } });
    const trace = ['traceparent', '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'];
    expect(shown(await post({ headers: [...EVENT, ...trace, 'cookie', 'no'] }))).toEqual({ status: 202, headers: {} });
    expect(sent.map(({ url, headers, body }) => [url.href, headers, JSON.parse(Buffer.from(body).toString())])).toEqual(
      [['http://sink.default.svc.cluster.local/in', ['Content-Type', STRUCTURED, ...trace], OUT]],
    );
  });

  test('in the name of its own, where the sink asks who sends', async () => {
    await world.client.create(ConfigMap, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'config-features', namespace: 'knative-eventing' },
      data: { 'authentication-oidc': 'enabled' },
    });
    const transform = await create({ jsonata: { expression: EXPRESSION }, sink: { ...SINK, audience: 'a' } });
    const serviceAccountName = 'it-oidc-eventing.knative.dev-eventtransform';
    expect(transform?.status).toMatchObject({ auth: { serviceAccountName }, sinkAudience: 'a' });
    expect(await world.client.get(ServiceAccount, 'default', serviceAccountName)).toBeDefined();
    await post();
    expect(sent[0]?.headers.slice(-2)).toEqual(['Authorization', `Bearer default/${serviceAccountName} for a`]);
  });

  const replied = (status: number, body: string, headers: string[] = []) => ({
    status,
    headers,
    body: Buffer.from(body),
  });
  const binary = [
    'CE-SpecVersion',
    '1.0',
    'ce-id',
    '2',
    'ce-type',
    'r',
    'ce-source',
    '/r',
    'Content-Type',
    'application/json',
  ];

  test.each<[string, EventTransform['spec']['reply'], Answer | Error, object]>([
    [
      'its answer is the answer',
      undefined,
      replied(200, '{"a":1}', [...binary, 'Server', 'x', 'Retry-After', '3']),
      {
        status: 200,
        headers: {
          'Retry-After': '3',
          'CE-SpecVersion': '1.0',
          'ce-id': '2',
          'ce-type': 'r',
          'ce-source': '/r',
          'Content-Type': 'application/json',
        },
        body: { a: 1 },
      },
    ],
    ['or thrown away', { discard: true }, replied(200, '{"a":1}', binary), { status: 200 }],
    [
      'or made over',
      { jsonata: { expression: REPLY } },
      replied(201, '{"a":1}', binary),
      {
        status: 201,
        headers: { 'Content-Type': STRUCTURED },
        body: { specversion: '1.0', id: 'r', type: 'r', source: 'reply', data: { a: 1 } },
      },
    ],
    ['none is not', { jsonata: { expression: REPLY } }, replied(202, ''), { status: 202, headers: {} }],
    [
      'a refusal is told as it is',
      { jsonata: { expression: REPLY } },
      replied(429, 'no'),
      { status: 429, headers: {}, body: 'no' },
    ],
    ['so is silence', undefined, new Error('ECONNREFUSED'), { status: 500, text: /did not answer: ECONNREFUSED/ }],
  ])('%s', async (_, reply, told, expected) => {
    answer = () => {
      if (told instanceof Error) throw told;
      return told;
    };
    await create({ jsonata: { expression: EXPRESSION }, sink: SINK, ...(reply ? { reply } : {}) });
    expect(shown(await post())).toMatchObject(matching(expected));
  });

  test('is waited for as long as a wake may take', async () => {
    await create({ jsonata: { expression: EXPRESSION }, sink: SINK });
    const asked = Promise.withResolvers<void>();
    answer = () => {
      asked.resolve();
      return new Promise(() => {});
    };
    const answered = post();
    await asked.promise;
    await world.clock.advance(60_000);
    expect(shown(await answered)).toMatchObject(
      matching({ status: 500, text: /did not answer: no answer within 60000 ms/ }),
    );
  });
});
