// What of events is measured, under the names that Knative has for it.

import type { Counter, Histogram, HistogramSeries, Metrics } from '#telemetry/mod.ts';
import type { Consumer, StreamAddress } from './control.ts';
import type { Attempt } from './deliver/ports.ts';

/** Records what came in and what went out. */
export class EventsMeter {
  readonly #dispatch: Histogram;
  readonly #process: Histogram;
  readonly #undelivered: Counter;
  /** Series that were found before: for each address, and for each consumer by the status. */
  readonly #kept = new WeakMap<StreamAddress, HistogramSeries>();
  readonly #attempted = new WeakMap<Consumer, Map<number | undefined, HistogramSeries>>();

  constructor(metrics: Metrics) {
    this.#dispatch = metrics.histogram('kn.eventing.dispatch.duration');
    this.#process = metrics.histogram('kn.eventing.process.duration');
    this.#undelivered = metrics.counter('ebb.eventing.undelivered');
  }

  /** An event was taken, so many milliseconds after its last byte. */
  kept(address: StreamAddress, ms: number): void {
    let series = this.#kept.get(address);
    if (!series) this.#kept.set(address, (series = this.#process.of(labelsOf(address))));
    series.observe(ms / 1000);
  }

  attempted(consumer: Consumer, { status, tookMs, next }: Attempt): void {
    this.#attemptsOf(consumer, status).observe(tookMs / 1000);
    if (next.kind === 'end' && (next.end === 'failed' || next.end === 'lost'))
      this.#undelivered.add({ ...labelsOf(consumer), outcome: next.end });
  }

  #attemptsOf(consumer: Consumer, status: number | undefined): HistogramSeries {
    let byStatus = this.#attempted.get(consumer);
    if (!byStatus) this.#attempted.set(consumer, (byStatus = new Map()));
    let series = byStatus.get(status);
    if (!series) {
      const code: Record<string, string> = status === undefined ? {} : { 'http.response.status_code': String(status) };
      byStatus.set(status, (series = this.#dispatch.of({ ...labelsOf(consumer), ...code })));
    }
    return series;
  }
}

/** Of a Broker, channel, Trigger or Subscription. */
function labelsOf({ kind, namespace, name }: StreamAddress | Consumer): Record<string, string> {
  return { 'k8s.namespace.name': namespace, [`kn.${kind}.name`]: name };
}
