// Spans of the API's requests: only within traces that come in with a request, as at Kubernetes' API server, for those who
// ask all day long would otherwise drown everything else.

import type { Tracer } from '#telemetry/mod.ts';
import { parseTraceparent } from '#telemetry/mod.ts';
import type { Exchange } from './exchange.ts';

/** Begins a span that ends with the answer. Watches have none: they have no end worth waiting for. */
export function requestSpan(tracer: Tracer, { request, response, info }: Exchange): void {
  const header = tracer.on && info.verb !== 'watch' ? request.headers.traceparent : undefined;
  const parent = parseTraceparent(typeof header === 'string' ? header : undefined);
  if (!parent) return;
  const { verb, path, group, version, resource, subresource } = info;
  const span = tracer.begin(`${verb} ${subresource ? `${resource}/${subresource}` : resource}`, {
    kind: 'server',
    parent,
    attributes: {
      'http.request.method': request.method ?? '',
      'url.path': path,
      'k8s.api.verb': verb,
      'k8s.api.resource': [resource, version, group].filter(Boolean).join('.'),
    },
  });
  response.once('close', () => {
    const { statusCode } = response;
    span?.set({ 'http.response.status_code': statusCode });
    if (statusCode >= 500) span?.fail(String(statusCode));
    span?.end();
  });
}
