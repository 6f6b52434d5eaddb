import { afterEach, expect, test } from 'vitest';
import type { SinkRequest } from '#sinks/mod.ts';
import { silentLog } from '#telemetry/mod.ts';
import type { SinkServer } from './sink-server.ts';
import { MAX_EVENT_BYTES, serveSinks } from './sink-server.ts';

let server: SinkServer;
afterEach(() => server.close());

async function start(): Promise<SinkRequest[]> {
  const asked: SinkRequest[] = [];
  const answer = async (request: SinkRequest) => {
    asked.push(request);
    return { status: 202, headers: { Location: '/somewhere' } };
  };
  server = await serveSinks(answer, '127.0.0.1', silentLog);
  return asked;
}

const post = (body: Uint8Array<ArrayBuffer>) =>
  fetch(`http://127.0.0.1:${server.port}/ns/name?a=b`, { method: 'POST', body, headers: { 'ce-id': '1' } });

test('requests come whole, with their host and raw path', async () => {
  const asked = await start();
  const answer = await post(new TextEncoder().encode('hello'));
  expect([answer.status, answer.headers.get('location'), await answer.text()]).toEqual([202, '/somewhere', '']);
  expect(asked).toMatchObject([{ method: 'POST', target: '/ns/name?a=b', host: '127.0.0.1' }]);
  expect(Buffer.from(asked[0]?.body ?? []).toString()).toBe('hello');
  expect(asked[0]?.headers).toContain('ce-id');
});

test('what is too long is refused in words', async () => {
  const asked = await start();
  const answer = await post(new Uint8Array(MAX_EVENT_BYTES + 1));
  expect([answer.status, await answer.text()]).toEqual([413, `an event may have ${MAX_EVENT_BYTES} bytes\n`]);
  expect(asked).toEqual([]);
});
