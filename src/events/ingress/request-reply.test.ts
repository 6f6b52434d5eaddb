// Requests that are answered with the event that replies to them, through the whole of the data plane.

import { beforeEach, describe, expect, test } from 'vitest';
import {
  broker,
  eventHeaders,
  EventsWorld,
  REQUEST_HOST,
  replyOf,
  requestReply,
  streamOf,
  trigger,
} from '../events.fixture.ts';
import type { Consumer } from '../control.ts';
import type { IngressAnswer } from './refusals.ts';

let world: EventsWorld;

beforeEach(async () => {
  world = new EventsWorld();
  const server = trigger('server', { filters: [{ exact: { type: 'ask' } }] });
  await world.events.setStream('ns/b', streamOf({ server }, { addresses: [broker, requestReply] }));
});

/** Brings the word back under a name. */
const answering = (attribute: string, type = 'told') => {
  world.at('http://server.ns/', ({ event }) => {
    const { correlationid = '', id = '' } = Object.fromEntries(event.attributes) as Record<string, string>;
    return replyOf({ type, id: `of-${id}`, [attribute]: correlationid }, '{"answer":42}');
  });
};

const ask = (id: string) =>
  world.request({ host: REQUEST_HOST, target: '/ns/rr', headers: eventHeaders({ type: 'ask', id }), body: '{}' });

function shown({ status, headers, body, text }: IngressAnswer): object {
  const pairs = headers.flatMap((name, i) => (i % 2 === 0 ? [[name.toLowerCase(), headers[i + 1]]] : []));
  return { status, headers: Object.fromEntries(pairs) as object, text: body ? Buffer.from(body).toString() : text };
}

test('the answer is the event that brings the word back', async () => {
  answering('replyid');
  const asked = ask('1');
  await world.clock.advance(10);
  const { headers, ...rest } = shown(await asked) as { headers: Record<string, string> };
  expect(rest).toEqual({ status: 200, text: '{"answer":42}' });
  expect(headers).toMatchObject({
    'ce-id': 'of-1',
    'ce-type': 'told',
    'ce-replyid': '1:secret-1:0',
    'content-type': 'application/json',
  });
  expect(headers).not.toHaveProperty('ce-knativebrokerttl');
});

test('each gets its own, also of one id', async () => {
  answering('replyid');
  const asked = [ask('1'), ask('1'), ask('2')];
  await world.clock.advance(10);
  const answers = (await Promise.all(asked)).map((answer) => shown(answer) as { headers: Record<string, string> });
  expect(answers.map(({ headers }) => headers['ce-replyid'])).toEqual(['1:secret-1:0', '1:secret-2:0', '2:secret-3:0']);
});

test('others of the Broker see request and reply as well', async () => {
  answering('replyid');
  const all = trigger('all');
  const server = trigger('server', { filters: [{ exact: { type: 'ask' } }] });
  await world.events.setStream('ns/b', streamOf({ server, all }, { addresses: [broker, requestReply] }));
  world.at('http://all.ns/', { status: 202 });
  await Promise.all([ask('1'), world.clock.advance(10)]);
  await world.clock.advance(10);
  expect(world.idsAt('http://all.ns/')).toEqual(['1', 'of-1']);
});

describe('a request whose reply does not come is 504', () => {
  test.each([
    ['where nobody answers', () => world.at('http://server.ns/', { status: 202 })],
    ['where the word comes back under another name', () => answering('otherid')],
    [
      'where another word comes back',
      () => world.at('http://server.ns/', replyOf({ type: 'told', replyid: '1:secret-0:0' })),
    ],
  ])('%s', async (_, prepare) => {
    prepare();
    const asked = ask('1');
    await world.clock.advance(29_000);
    expect(await Promise.race([asked, Promise.resolve('waits')])).toBe('waits');
    await world.clock.advance(2000);
    expect(shown(await asked)).toMatchObject({ status: 504, text: 'no reply came in time: within 30000 ms\n' });
  });
});

test('a platform that stops keeps nobody waiting', async () => {
  world.at('http://server.ns/', { status: 202 });
  const asked = ask('1');
  await world.clock.advance(10);
  await Promise.all([world.events.close(0), world.clock.advance(10)]);
  expect(shown(await asked)).toMatchObject({ status: 503 });
});

describe('a Trigger may ask', () => {
  const asks = async (more: Partial<Consumer>) => {
    const asker = trigger('asker', {
      filters: [{ cesql: "type = 'ask' AND NOT EXISTS correlationid" }],
      subscriber: { url: `http://${REQUEST_HOST}/ns/rr` },
      ...more,
    });
    const server = trigger('server', { filters: [{ cesql: "type = 'ask' AND EXISTS correlationid" }] });
    const told = trigger('told', { filters: [{ exact: { type: 'told' } }] });
    await world.events.setStream('ns/b', streamOf({ asker, server, told }, { addresses: [broker, requestReply] }));
    await world.emit('ask', '1');
  };

  test('and the reply is the answer to it, which goes to its Broker', async () => {
    answering('replyid');
    world.at('http://told.ns/', { status: 202 });
    await asks({});
    await world.clock.advance(10);
    expect(world.idsAt('http://told.ns/')).toEqual(['of-1', 'of-1']);
  });

  test('for as long as its delivery lets an attempt last', async () => {
    world.at('http://server.ns/', { status: 202 });
    world.at('http://dead.ns/', { status: 202 });
    await asks({ delivery: { retry: 0, timeoutMs: 1000 }, deadLetter: { url: 'http://dead.ns/' } });
    await world.clock.advance(1100);
    expect(world.idsAt('http://dead.ns/')).toEqual(['1']);
    expect(world.attempts.find(({ consumer }) => consumer === 'asker')?.error).toBe('no answer within 1000 ms');
  });
});
