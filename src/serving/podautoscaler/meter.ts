// What the autoscaler sees and wants of each revision, as metrics under Knative's names.

import type { AutoscalerSpec, Decision } from '#autoscaler/mod.ts';
import type { PodAutoscaler } from '#kinds/mod.ts';
import { CONFIGURATION_LABEL, SERVICE_LABEL } from '#kinds/mod.ts';
import type { ObjectKey } from '#machinery/mod.ts';
import { keyOf } from '#machinery/mod.ts';
import type { Gauge, Labels, Metrics } from '#telemetry/mod.ts';
import type { PodCounts } from '../pods.ts';

/** What one turn found and decided. */
export interface Measure {
  /** -1 where nothing is known. */
  readonly want: number;
  readonly counts: PodCounts;
}

interface Kept extends Measure {
  readonly labels: Labels;
}

/** What a decider says just now. */
export type LastOf = (key: ObjectKey) => { readonly spec: AutoscalerSpec; readonly last: Decision } | undefined;

export class PodAutoscalerMeter {
  readonly #kept = new Map<ObjectKey, Kept>();
  readonly #gauges: { readonly [Name in keyof typeof GAUGES]: Gauge };

  /** Fills its gauges whenever they are read. */
  constructor(metrics: Metrics, lastOf: LastOf) {
    const made = Object.entries(GAUGES).map(([key, name]) => [key, metrics.gauge(name)]);
    this.#gauges = Object.fromEntries(made) as { readonly [Name in keyof typeof GAUGES]: Gauge };
    metrics.beforeRead(() => {
      for (const gauge of Object.values(this.#gauges)) gauge.clear();
      for (const [key, kept] of this.#kept) this.#show(kept, lastOf(key));
    });
  }

  note(pa: PodAutoscaler, measure: Measure): void {
    const { namespace = '', name, labels = {} } = pa.metadata;
    this.#kept.set(keyOf(pa), {
      ...measure,
      labels: {
        'k8s.namespace.name': namespace,
        'kn.service.name': labels[SERVICE_LABEL] ?? '',
        'kn.configuration.name': labels[CONFIGURATION_LABEL] ?? '',
        'kn.revision.name': name,
      },
    });
  }

  forget(key: ObjectKey): void {
    this.#kept.delete(key);
  }

  #show({ labels, want, counts }: Kept, decided: ReturnType<LastOf>): void {
    const gauges = this.#gauges;
    gauges.requested.set(want, labels);
    gauges.count.set(counts.ready, labels);
    gauges.notReady.set(counts.notReady, labels);
    gauges.pending.set(counts.pending, labels);
    gauges.terminating.set(counts.terminating, labels);
    if (!decided) return;
    const { spec, last } = decided;
    gauges.desired.set(last.desired, labels);
    gauges.excess.set(last.excessBurstCapacity, labels);
    gauges.panicking.set(last.panicking ? 1 : 0, labels);
    const [stable, panic, target] =
      spec.metric === 'rps'
        ? [gauges.stableRps, gauges.panicRps, gauges.targetRps]
        : [gauges.stableConcurrency, gauges.panicConcurrency, gauges.targetConcurrency];
    stable.set(last.stable, labels);
    panic.set(last.panic, labels);
    target.set(last.target, labels);
  }
}

const GAUGES = {
  desired: 'kn.revision.pods.desired',
  requested: 'kn.revision.pods.requested',
  count: 'kn.revision.pods.count',
  notReady: 'kn.revision.pods.not_ready.count',
  pending: 'kn.revision.pods.pending.count',
  terminating: 'kn.revision.pods.terminating.count',
  excess: 'kn.revision.capacity.excess',
  panicking: 'kn.revision.panic.mode',
  stableConcurrency: 'kn.revision.concurrency.stable',
  panicConcurrency: 'kn.revision.concurrency.panic',
  targetConcurrency: 'kn.revision.concurrency.target',
  stableRps: 'kn.revision.rps.stable',
  panicRps: 'kn.revision.rps.panic',
  targetRps: 'kn.revision.rps.target',
} as const;
