// What the data plane is told of channels: once, until it changes, and that they are gone.

import { expect, test } from 'vitest';
import type { InMemoryChannel } from '#kinds/mod.ts';
import { RememberedEvents } from '../events.fixture.ts';
import { StreamBoard } from './board.ts';

const channel = (uid: string) => ({ metadata: { name: 'c', namespace: 'ns', uid } }) as InMemoryChannel;
const rule = (name: string) => ({
  addresses: [{ hosts: [name], path: '/', kind: 'channel', namespace: 'ns', name } as const],
  consumers: {},
});

test('a rule is told once, and anew when it differs', async () => {
  const events = new RememberedEvents();
  const board = new StreamBoard(events);
  await board.tell(channel('1'), rule('a'));
  expect(events.streams.get('ns/c/1')).toEqual(rule('a'));
  events.refusal = new Error('not there');
  await board.tell(channel('1'), rule('a'));
  await expect(board.tell(channel('1'), rule('b'))).rejects.toThrow('not there');
  events.refusal = undefined;
  await board.tell(channel('1'), rule('b'));
  expect(events.streams.get('ns/c/1')).toEqual(rule('b'));
});

test('a channel that was made anew is another stream', async () => {
  const events = new RememberedEvents();
  const board = new StreamBoard(events);
  await board.tell(channel('1'), rule('a'));
  await board.tell(channel('2'), rule('a'));
  expect([...events.streams.keys()]).toEqual(['ns/c/2']);
  await board.forget('ns/c');
  await board.forget('ns/c');
  expect(events.streams.size).toBe(0);
});

test('of RequestReplies it knows what was told, and says what changed', async () => {
  const board = new StreamBoard(new RememberedEvents());
  const heard: string[] = [];
  const stop = board.onRequestAddress((key) => void heard.push(key));
  const request = (name: string, timeoutMs: number) => ({
    hosts: ['request-reply.knative-eventing'],
    path: `/ns/${name}`,
    kind: 'requestreply' as const,
    namespace: 'ns',
    name,
    replies: { correlationAttribute: 'c', replyAttribute: 'r', timeoutMs },
  });
  const tell = (uid: string, ...addresses: ReturnType<typeof request>[]) =>
    board.tell(channel(uid), { addresses, consumers: {} });
  await tell('1', request('a', 1), request('b', 1));
  await tell('1', request('a', 2), request('b', 1));
  expect(board.requestAddress('ns/a')?.replies?.timeoutMs).toBe(2);
  await tell('1', request('b', 1));
  expect(board.requestAddress('ns/a')).toBeUndefined();
  expect(heard).toEqual(['ns/a', 'ns/b', 'ns/a', 'ns/a']);
  await tell('2', request('b', 1));
  expect(board.requestAddress('ns/b')).toBeDefined();
  await board.forget('ns/c');
  expect(board.requestAddress('ns/b')).toBeUndefined();
  expect(heard.slice(4)).toEqual(['ns/b', 'ns/b', 'ns/b']);
  stop();
  await tell('3', request('b', 1));
  expect(heard).toHaveLength(7);
});
