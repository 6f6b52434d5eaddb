import { expect, test } from 'vitest';
import { passThrough } from './pass-through.ts';

test.each([
  ['X-Request-Id', true],
  ['x-request-id', true],
  ['Retry-After', true],
  ['Knative-Anything', true],
  ['X-B3-TraceId', true],
  ['traceparent', true],
  ['Tracestate', true],
  ['Kn-Namespace', false],
  ['X-Request-Identity', false],
  ['Authorization', false],
  ['Cookie', false],
  ['Ce-Id', false],
  ['X-Forwarded-For', false],
  ['Transfer-Encoding', false],
  ['Prefer', false],
  ['B3', false],
])('%s: %s', (name, passes) => {
  expect(passThrough(['A', 'b', name, 'v'])).toEqual(passes ? [name, 'v'] : []);
});
