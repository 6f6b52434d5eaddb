// How a revision wakes, stage by stage: measured for everybody, and as spans in the trace of the request it wakes for. Whoever can
// wait gives way to many that wake.

import type { Calm, Clock } from '#base/mod.ts';
import type { GatewayControl, Target } from '#gateway/mod.ts';
import { Deployment, Pod, REVISION_LABEL } from '#kinds/mod.ts';
import type { KubeObject } from '#machinery/mod.ts';
import { splitKey } from '#machinery/mod.ts';
import type { Informers } from '#objects/mod.ts';
import type { Histogram, Labels, Metrics, Tracer } from '#telemetry/mod.ts';
import { parseTraceparent } from '#telemetry/mod.ts';
import { isPodReady } from '../pods.ts';

/**
 * What happens one after the other: the autoscaler has decided, there is a Pod, its container has started, it is ready, and
 * the gateway has been told of it.
 */
export const WAKE_STAGES = ['decided', 'created', 'started', 'ready', 'routed'] as const;
export type WakeStage = (typeof WAKE_STAGES)[number];

export interface WakeWatchOptions {
  readonly clock: Clock;
  /** Hears of each that wakes, before its Pod is there. */
  readonly calm: Calm;
  readonly metrics: Metrics;
  readonly tracer: Tracer;
  readonly informers: Informers;
}

/** One revision that wakes. Times are monotonic. */
interface Wake {
  readonly since: number;
  readonly traceparent: string | undefined;
  readonly reached: Map<WakeStage, number>;
  /** Nothing of it is waited for any more. */
  isOver(): void;
}

/** Then it is taken for another wake: nothing waits longer. */
const STALE_MS = 600_000;

export class WakeWatch {
  readonly #clock: Clock;
  readonly #calm: Calm;
  readonly #tracer: Tracer;
  readonly #metrics: Metrics;
  readonly #durations: Histogram;
  readonly #informers: Informers;
  /** By the target's key. */
  readonly #wakes = new Map<string, Wake>();

  constructor({ clock, calm, metrics, tracer, informers }: WakeWatchOptions) {
    this.#clock = clock;
    this.#calm = calm;
    this.#tracer = tracer;
    this.#metrics = metrics;
    this.#durations = metrics.histogram('ebb.revision.wake.duration');
    this.#informers = informers;
  }

  /** Watches from here on. Returns the stop. */
  start(gateway: Pick<GatewayControl, 'onWake'>): () => void {
    const stops = [
      gateway.onWake((key, traceparent) => this.#begin(key, traceparent)),
      this.#informers.of(Deployment).onChange(({ after }) => {
        if (after && (after.spec?.replicas ?? 1) > 0) this.#reach(keyOfRevision(after), 'decided');
      }),
      this.#informers.of(Pod).onChange(({ after }) => after && this.#sawPod(after)),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }

  /** The gateway has been told of a target. */
  told(key: string, target: Target | undefined): void {
    if (!target) this.#forget(key);
    else if (target.endpoints.some(({ state }) => state === 'ready')) this.#reach(key, 'routed', target);
  }

  #forget(key: string): void {
    const { namespace, name } = splitKey(key);
    this.#wakes.get(key)?.isOver();
    this.#wakes.delete(key);
    this.#metrics.forget({ 'k8s.namespace.name': namespace, 'kn.revision.name': name });
  }

  #begin(key: string, traceparent: string | undefined): void {
    const since = this.#clock.monotonic();
    const there = this.#wakes.get(key);
    if (there && since - there.since < STALE_MS) return;
    this.#wakes.set(key, { since, traceparent, reached: new Map(), isOver: this.#calm.starts() });
  }

  #sawPod(pod: Pod): void {
    const key = keyOfRevision(pod);
    if (key === undefined || !this.#wakes.has(key)) return;
    this.#reach(key, 'created');
    if (pod.status?.containerStatuses?.some(({ state }) => state?.running)) this.#reach(key, 'started');
    if (isPodReady(pod)) this.#reach(key, 'ready');
  }

  #reach(key: string | undefined, stage: WakeStage, target?: Target): void {
    const wake = key === undefined ? undefined : this.#wakes.get(key);
    if (!wake || wake.reached.has(stage)) return;
    wake.reached.set(stage, this.#clock.monotonic());
    if (!target) return;
    wake.isOver();
    this.#wakes.delete(key as string);
    this.#tell(wake, {
      'k8s.namespace.name': target.namespace,
      'kn.service.name': target.service ?? '',
      'kn.configuration.name': target.configuration ?? '',
      'kn.revision.name': target.name,
    });
  }

  #tell({ since, traceparent, reached }: Wake, labels: Labels): void {
    const end = reached.get('routed') ?? since;
    const parent = parseTraceparent(traceparent);
    const span = parent && this.#tracer.begin('wake', { parent, at: since, attributes: labels });
    this.#durations.observe((end - since) / 1000, { ...labels, stage: 'all' });
    let before = since;
    for (const stage of WAKE_STAGES) {
      const at = reached.get(stage);
      // News of a stage may be late, or never come where the next is there already.
      if (at === undefined || at < before) continue;
      this.#durations.observe((at - before) / 1000, { ...labels, stage });
      span?.child(`wake: ${stage}`, { at: before }).end(at);
      before = at;
    }
    span?.end(end);
  }
}

function keyOfRevision({ metadata }: KubeObject): string | undefined {
  const revision = metadata.labels?.[REVISION_LABEL];
  return revision === undefined ? undefined : `${metadata.namespace}/${revision}`;
}
