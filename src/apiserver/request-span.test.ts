// Which requests of the API have a span, and what it says.

import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { seededRandom, VirtualClock } from '#base/mod.ts';
import type { SpanRecord } from '#telemetry/mod.ts';
import { Tracer } from '#telemetry/mod.ts';
import type { Exchange } from './exchange.ts';
import { requestInfo } from './request/request-info.ts';
import { requestSpan } from './request-span.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const sampled = `00-${TRACE}-00f067aa0ba902b7-01`;
const POD = '/api/v1/namespaces/a/pods/b';

async function spansOf(traceparent: string | undefined, path: string, query = '', statusCode = 200) {
  const clock = new VirtualClock();
  const spans: SpanRecord[] = [];
  const tracer = new Tracer(clock, seededRandom(1));
  tracer.direct((span) => spans.push(span), { rate: 1 });
  const request = { method: 'GET', headers: traceparent === undefined ? {} : { traceparent } };
  const response = Object.assign(new EventEmitter(), { statusCode });
  const info = requestInfo('GET', path, new URLSearchParams(query));
  requestSpan(tracer, { request, response, info } as unknown as Exchange);
  await clock.advance(7);
  response.emit('close');
  return spans;
}

test('a request within a trace has one', async () => {
  const [span, ...more] = await spansOf(sampled, `${POD}/log`, '', 503);
  expect(more).toEqual([]);
  expect(span).toMatchObject({
    traceId: TRACE,
    parentSpanId: '00f067aa0ba902b7',
    name: 'get pods/log',
    kind: 'server',
    error: '503',
    attributes: { 'url.path': `${POD}/log`, 'k8s.api.resource': 'pods.v1', 'http.response.status_code': 503 },
  });
  expect((span?.endMs ?? 0) - (span?.startMs ?? 0)).toBe(7);
});

test.each([
  ['none came', undefined, POD, ''],
  ['the one that came is not recorded', sampled.replace(/01$/, '00'), POD, ''],
  ['it is a watch', sampled, '/api/v1/pods', 'watch=1'],
])('there is none where %s', async (_, traceparent, path, query) =>
  expect(await spansOf(traceparent, path, query)).toEqual([]),
);
