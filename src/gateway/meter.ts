// What is measured of each request, under the names that Knative's data plane and OpenTelemetry have for it.

import type { HistogramSeries, Labels, Metrics } from '#telemetry/mod.ts';
import type { Activator } from './activator.ts';
import type { Target, TargetReport } from './control.ts';
import type { Onward } from './passage.ts';
import { NO_TAGS } from './route-tag.ts';
import type { Exchange } from './transport.ts';

/** nginx's number for a client that left before its answer. */
export const CLIENT_LEFT = 499;

/** Any other method is `_OTHER`, so that a client cannot make series as it likes (OpenTelemetry's HTTP conventions). */
const METHODS = ['GET', 'POST', 'HEAD', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'CONNECT', 'TRACE'];
const OTHER = '_OTHER';
const VERSIONS: readonly string[] = ['1.0', '1.1', '2'];

/** What came of a request that had a target. */
export interface Done {
  readonly onward: Onward;
  readonly exchange: Pick<Exchange, 'method' | 'version' | 'scheme'>;
  /** 0 where the client left before an answer. */
  readonly status: number;
  readonly tookMs: number;
  /** Of that, from the last sending on; undefined where it was never sent. */
  readonly atEndpointMs: number | undefined;
}

export interface Meter {
  done(done: Done): void;
  /** A request was turned away before it had a target. */
  turnedAway(exchange: Pick<Exchange, 'method' | 'version' | 'scheme'>, status: number): void;
  reported(reports: readonly TargetReport[], targetOf: (key: string) => Target | undefined): void;
  /** Its series go: it will not come again. */
  gone(key: string, target: Target): void;
}

/** The series one kind of request counts in. */
interface Series {
  readonly invocation: HistogramSeries;
  readonly server: HistogramSeries;
  readonly client: HistogramSeries;
}

export function createMeter(metrics: Metrics): Meter {
  const invocation = metrics.histogram('kn.serving.invocation.duration');
  const server = metrics.histogram('http.server.request.duration');
  const client = metrics.histogram('http.client.request.duration');
  const concurrency = metrics.gauge('kn.revision.request.concurrency');
  /** By numbers, for that is the quickest to find on a path where each look-up counts. */
  const known = new WeakMap<Target, Map<number, Series>>();
  const tags = [...NO_TAGS];

  function make({ target, tag }: Onward, exchange: Done['exchange'], status: number): Series {
    const revision = revisionLabels(target);
    const came: Labels = { ...revision, ...methodLabels(exchange), ...statusLabels(status) };
    return {
      invocation: invocation.of({ ...revision, 'http.response.status_code': String(status) }),
      server: server.of({ ...came, ...protocolLabels(exchange), 'kn.route.tag': tag }),
      client: client.of(came),
    };
  }

  return {
    done({ onward, exchange, status, tookMs, atEndpointMs }) {
      const told = status === 0 ? CLIENT_LEFT : status;
      const tag = numberOf(tags, onward.tag);
      const kind = told + 1000 * (METHODS.indexOf(exchange.method) + 1 + 16 * (kindOf(exchange) + 16 * tag));
      let byKind = known.get(onward.target);
      if (!byKind) known.set(onward.target, (byKind = new Map()));
      let series = byKind.get(kind);
      if (!series) byKind.set(kind, (series = make(onward, exchange, told)));
      series.invocation.observe(tookMs / 1000);
      series.server.observe(tookMs / 1000);
      if (atEndpointMs !== undefined) series.client.observe(atEndpointMs / 1000);
    },
    turnedAway(exchange, status) {
      server.observe(0, { ...methodLabels(exchange), ...protocolLabels(exchange), ...statusLabels(status) });
    },
    reported(reports, targetOf) {
      for (const report of reports) {
        const target = targetOf(report.target);
        if (target) concurrency.set(report.concurrency, revisionLabels(target));
      }
    },
    gone(key, { namespace, name }) {
      metrics.forget({ 'k8s.namespace.name': namespace, 'kn.revision.name': name });
      metrics.forget({ target: key });
    },
  };
}

/** Shows how many requests wait and are in flight, looked up at each reading. */
export function showLevels(metrics: Metrics, activator: Activator): void {
  const queued = metrics.gauge('kn.revision.request.queued');
  const active = metrics.gauge('kn.revision.request.active');
  const depth = metrics.gauge('kn.serving.queue.depth');
  metrics.beforeRead(() => {
    for (const gauge of [queued, active, depth]) gauge.clear();
    for (const { target, waiting, inFlight } of activator.levels()) {
      const labels = revisionLabels(target);
      queued.set(waiting, labels);
      active.set(inFlight, labels);
      depth.set(waiting + inFlight, labels);
    }
  });
}

const revisions = new WeakMap<Target, Labels>();

/** The attributes by which Knative's metrics name a revision. */
export function revisionLabels(target: Target): Labels {
  const known = revisions.get(target);
  if (known) return known;
  const labels = {
    'k8s.namespace.name': target.namespace,
    'kn.service.name': target.service ?? '',
    'kn.configuration.name': target.configuration ?? '',
    'kn.revision.name': target.name,
  };
  revisions.set(target, labels);
  return labels;
}

function methodLabels({ method }: Done['exchange']): Labels {
  return { 'http.request.method': METHODS.includes(method) ? method : OTHER };
}

function protocolLabels({ scheme, version }: Done['exchange']): Labels {
  return { 'url.scheme': scheme, 'network.protocol.version': version };
}

function statusLabels(status: number): Labels {
  const code = { 'http.response.status_code': String(status) };
  return status >= 500 ? { ...code, 'error.type': String(status) } : code;
}

function kindOf({ scheme, version }: Done['exchange']): number {
  return VERSIONS.indexOf(version) * 2 + (scheme === 'https' ? 1 : 0);
}

function numberOf(list: string[], one: string): number {
  const at = list.indexOf(one);
  return at >= 0 ? at : list.push(one) - 1;
}
