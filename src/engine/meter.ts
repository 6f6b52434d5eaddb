// What is measured of controllers and their queues, under the names of knative.dev/pkg.

import type { Clock } from '#base/mod.ts';
import type { Metrics } from '#telemetry/mod.ts';
import type { QueueWatch, TurnOutcome } from './work-queue.ts';

export interface EngineMeter {
  turn(controller: string, outcome: TurnOutcome['outcome'], ms: number): void;
  /** What a controller's queue tells. */
  queue(controller: string): QueueWatch;
  /** Shows what waits and what runs at each reading. Returns the stop. */
  show(controller: string, queue: { readonly depth: number; readonly runningSince: Iterable<number> }): () => void;
}

export function engineMeter(metrics: Metrics, clock: Clock): EngineMeter {
  const reconciles = metrics.histogram('ebb.reconcile.duration');
  /** By controller and outcome: there are few, and many turns. */
  const labelsOfTurns = new Map<string, { readonly controller: string; readonly outcome: string }>();
  const depth = metrics.gauge('kn.workqueue.depth');
  const adds = metrics.counter('kn.workqueue.adds');
  const waits = metrics.histogram('kn.workqueue.queue.duration');
  const works = metrics.histogram('kn.workqueue.process.duration');
  const unfinished = metrics.gauge('kn.workqueue.unfinished_work');
  const longest = metrics.gauge('kn.workqueue.longest_running_processor');
  const retries = metrics.counter('kn.workqueue.retries');
  return {
    turn(controller, outcome, ms) {
      const key = `${controller} ${outcome}`;
      const labels = labelsOfTurns.get(key) ?? { controller, outcome };
      labelsOfTurns.set(key, labels);
      reconciles.observe(ms / 1000, labels);
    },
    queue(name) {
      const labels = { name };
      return {
        added: () => adds.add(labels),
        taken: (waitedMs) => waits.observe(waitedMs / 1000, labels),
        done: (tookMs) => works.observe(tookMs / 1000, labels),
        retried: () => retries.add(labels),
      };
    },
    show: (name, queue) =>
      metrics.beforeRead(() => {
        const labels = { name };
        const ages = [...queue.runningSince].map((since) => (clock.monotonic() - since) / 1000);
        depth.set(queue.depth, labels);
        unfinished.set(
          ages.reduce((sum, age) => sum + age, 0),
          labels,
        );
        longest.set(Math.max(0, ...ages), labels);
      }),
  };
}
