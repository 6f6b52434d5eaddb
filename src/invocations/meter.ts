// What of invocations is measured.

import type { Counter, Histogram, Metrics } from '#telemetry/mod.ts';
import type { Invocation } from './ledger.ts';
import type { Ending } from './words.ts';

export class Meter {
  readonly #accepted: Counter | undefined;
  readonly #duration: Histogram | undefined;

  /** `open` gives how many are not over. */
  constructor(metrics: Metrics | undefined, open: () => number) {
    this.#accepted = metrics?.counter('ebb.async.accepted');
    this.#duration = metrics?.histogram('ebb.async.duration');
    const level = metrics?.gauge('ebb.async.open');
    metrics?.beforeRead(() => level?.set(open(), {}));
  }

  accepted(service: string): void {
    this.#accepted?.add(labelsOf(service));
  }

  /** `nowMs` is the clock's monotonic time. */
  finished({ service, acceptedMs }: Invocation, outcome: Ending, nowMs: number): void {
    this.#duration?.observe((nowMs - acceptedMs) / 1000, { ...labelsOf(service), outcome });
  }
}

function labelsOf(service: string): Record<string, string> {
  const [namespace = '', name = ''] = service.split('/');
  return { 'k8s.namespace.name': namespace, 'kn.service.name': name };
}
