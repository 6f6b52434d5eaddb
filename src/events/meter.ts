// What of events is measured, under the names that Knative has for it.

import type { Counter, Histogram, Metrics } from '#telemetry/mod.ts';
import type { Consumer, StreamAddress } from './control.ts';
import type { Attempt } from './deliver/ports.ts';

/** Records what came in and what went out. */
export class EventsMeter {
  readonly #dispatch: Histogram;
  readonly #process: Histogram;
  readonly #undelivered: Counter;

  constructor(metrics: Metrics) {
    this.#dispatch = metrics.histogram('kn.eventing.dispatch.duration');
    this.#process = metrics.histogram('kn.eventing.process.duration');
    this.#undelivered = metrics.counter('ebb.eventing.undelivered');
  }

  /** An event was taken, so many milliseconds after its last byte. */
  kept({ kind, namespace, name }: StreamAddress, ms: number): void {
    this.#process.observe(ms / 1000, { 'k8s.namespace.name': namespace, [`kn.${kind}.name`]: name });
  }

  attempted({ kind, namespace, name }: Consumer, { status, tookMs, next }: Attempt): void {
    const labels = { 'k8s.namespace.name': namespace, [`kn.${kind}.name`]: name };
    const code: Record<string, string> = status === undefined ? {} : { 'http.response.status_code': String(status) };
    this.#dispatch.observe(tookMs / 1000, { ...labels, ...code });
    if (next.kind === 'end' && (next.end === 'failed' || next.end === 'lost'))
      this.#undelivered.add({ ...labels, outcome: next.end });
  }
}
