// Which series a request of the API counts in.

import { EventEmitter } from 'node:events';
import { expect, test } from 'vitest';
import { VirtualClock } from '#base/mod.ts';
import { createMetrics } from '#telemetry/mod.ts';
import type { Exchange } from './exchange.ts';
import { requestInfo } from './request/request-info.ts';
import { requestMeter } from './request-meter.ts';

test.each([
  ['GET', '/api/v1/namespaces/a/pods/b', '', 200, { verb: 'get', scope: 'resource', code: '200' }, 1],
  ['GET', '/api/v1/namespaces/a/pods', '', 200, { verb: 'list', scope: 'namespace', code: '200' }, 1],
  ['GET', '/api/v1/pods', 'watch=1', 200, { verb: 'watch', scope: 'cluster', code: '200' }, 0],
  ['GET', '/api/v1/namespaces/a/pods/b/log', '', 200, { subresource: 'log', code: '200' }, 1],
  ['GET', '/api/v1/namespaces/a/pods/b/anything', '', 404, { subresource: '', code: '404' }, 0],
])('%s %s?%s', async (method, path, query, statusCode, labels, durations) => {
  const clock = new VirtualClock();
  const metrics = createMetrics();
  const response = Object.assign(new EventEmitter(), { statusCode });
  const info = requestInfo(method, path, new URLSearchParams(query));
  requestMeter(metrics, clock)({ info, response } as unknown as Exchange);
  await clock.advance(30);
  response.emit('close');
  const [count, took] = metrics.families();
  expect(count?.samples).toEqual([{ labels: expect.objectContaining({ resource: 'pods', ...labels }), value: 1 }]);
  expect(took?.samples.map((sample) => [sample.count, sample.value])).toEqual(durations === 1 ? [[1, 0.03]] : []);
});
