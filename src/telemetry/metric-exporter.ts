// Metrics on their way out: read and sent each so many seconds. What is lost is told by the next reading, for all sums go on.

import type { Clock, Timer } from '#base/mod.ts';
import type { Logger } from './log.ts';
import type { Counter } from './metrics.ts';
import type { Delivery } from './otlp/send.ts';

/** OpenTelemetry's number, where none is set. */
export const USUAL_INTERVAL_MS = 60_000;

export interface MetricExporterOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly intervalMs: number;
  /** Counts what is lost. */
  readonly lost: Counter;
  /** Reads and sends. */
  send(): Promise<Delivery>;
}

/** Begins at once; `close` sends a last time. */
export function metricExporter({ clock, log, intervalMs, lost, send }: MetricExporterOptions): {
  close(): Promise<void>;
} {
  let timer: Timer | undefined;
  let isOpen = true;
  let isFailing = false;
  let sending: Promise<void> | undefined;

  async function once(): Promise<void> {
    const delivery = await send();
    const isTaken = delivery.outcome === 'taken';
    if (!isTaken) lost.add({ signal: 'metrics' });
    if (!isTaken && !isFailing) log.warn('the collector does not take metrics', { why: delivery.why });
    if (isTaken && isFailing) log.info('the collector takes metrics again');
    isFailing = !isTaken;
  }

  function next(): void {
    if (!isOpen) return;
    timer = clock.after(intervalMs, () => {
      sending = once().finally(next);
    });
  }
  next();
  return {
    async close() {
      isOpen = false;
      timer?.cancel();
      await sending;
      await once();
    },
  };
}
