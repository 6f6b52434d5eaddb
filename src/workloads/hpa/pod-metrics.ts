// Metrics that Pods have of themselves, by the usual annotations: prometheus.io/scrape, port and path.

import type { Clock } from '#base/mod.ts';
import { messageOf } from '#base/mod.ts';
import type { Pod } from '#kinds/mod.ts';
import { podAddress } from '#kinds/mod.ts';
import type { FetchText } from '#telemetry/mod.ts';
import { fetchWithin, valueIn } from '#telemetry/mod.ts';
import type { Reading } from './group.ts';
import type { CustomMetrics } from './measure.ts';

const PREFIX = 'prometheus.io/';
const TIMEOUT_MS = 3000;
/** For all Pods together; those that were not asked by then are left for the next look. */
const ALL_MS = 10_000;
/** Pods asked at once. */
const AT_ONCE = 16;

/** Asks each Pod that says where its metrics are. */
export function podMetrics(fetch: FetchText, clock: Clock): Required<Pick<CustomMetrics, 'ofPods'>> {
  return {
    async ofPods(metric, pods) {
      const asked = pods.flatMap((pod) => {
        const url = metricsUrl(pod);
        return url ? [{ name: pod.metadata.name, url }] : [];
      });
      if (pods.length > 0 && !pods.some(isScraped)) throw new Error(NOWHERE);
      const readings = new Map<string, Reading>();
      let problem = '';
      const endMs = clock.monotonic() + ALL_MS;
      for (let from = 0; from < asked.length && clock.monotonic() < endMs; from += AT_ONCE) {
        const some = asked.slice(from, from + AT_ONCE);
        const answers = await Promise.allSettled(some.map(({ url }) => fetchWithin(fetch, url, clock, TIMEOUT_MS)));
        for (const [at, answer] of answers.entries()) {
          const { name = '', url = '' } = some[at] ?? {};
          const found = answer.status === 'fulfilled' ? valueOf(answer.value, metric) : messageOf(answer.reason);
          if (typeof found === 'string') problem = `${url}: ${found}`;
          else readings.set(name, { milli: Math.round(found * 1000), atMs: clock.now(), windowMs: 0 });
        }
      }
      // Some are better than none: the rest count as missing.
      if (readings.size === 0 && problem) throw new Error(problem);
      return readings;
    },
  };
}

const NOWHERE = `no Pod says where its metrics are: expected the annotation ${PREFIX}scrape: "true", and maybe ${PREFIX}port and ${PREFIX}path`;

function valueOf(text: string, metric: string): number | string {
  try {
    return valueIn(text, metric);
  } catch (error) {
    return messageOf(error);
  }
}

function isScraped({ metadata }: Pod): boolean {
  return metadata.annotations?.[`${PREFIX}scrape`] === 'true';
}

/** Undefined for a Pod that says nothing of its metrics, or has no address yet. */
export function metricsUrl(pod: Pod): string | undefined {
  if (!isScraped(pod)) return undefined;
  const { annotations = {} } = pod.metadata;
  const declared = pod.spec.containers.flatMap(({ ports = [] }) => ports.map(({ containerPort }) => containerPort));
  const port = Number(annotations[`${PREFIX}port`] ?? declared[0] ?? NaN);
  const address = Number.isInteger(port) ? podAddress(pod, port) : undefined;
  if (!address) return undefined;
  const path = annotations[`${PREFIX}path`] ?? '/metrics';
  return `http://${address.host}:${address.port}${path.startsWith('/') ? path : `/${path}`}`;
}
