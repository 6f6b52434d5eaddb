// What is measured of the API's requests, under the names that Kubernetes' API server has.

import type { Clock } from '#base/mod.ts';
import type { Metrics } from '#telemetry/mod.ts';
import type { Exchange } from './exchange.ts';
import type { RequestInfo } from './request/request-info.ts';

/** Takes each request for a resource that is served, and counts it when its answer is over. Watches count, but have no duration. */
export function requestMeter(metrics: Metrics, clock: Clock): (exchange: Exchange) => void {
  const requests = metrics.counter('apiserver.request');
  const durations = metrics.histogram('apiserver.request.duration');
  return ({ info, response }) => {
    const from = clock.monotonic();
    const { verb, group, version, resource, subresource } = info;
    const labels = { verb, group, version, resource, subresource, scope: scopeOf(info) };
    response.once('close', () => {
      const code = String(response.statusCode);
      // There is no end of subresources that there are not.
      requests.add(code === '404' ? { ...labels, subresource: '', code } : { ...labels, code });
      if (verb !== 'watch' && code !== '404') durations.observe((clock.monotonic() - from) / 1000, labels);
    });
  };
}

function scopeOf({ name, namespace }: RequestInfo): string {
  if (name) return 'resource';
  return namespace ? 'namespace' : 'cluster';
}
