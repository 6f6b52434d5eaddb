// Spans on their way out: gathered in batches, sent again while the collector is away, and lost where it stays away.

import type { Backoff, Clock, Timer } from '#base/mod.ts';
import { backoffMs } from '#base/mod.ts';
import type { Logger } from './log.ts';
import type { Counter } from './metrics.ts';
import type { Delivery } from './otlp/send.ts';
import type { SpanRecord } from './tracer.ts';

/** OpenTelemetry's numbers for its batch processor. */
const MOST_WAITING = 2048;
const BATCH = 512;
const EVERY_MS = 5000;
const AGAIN: Backoff = { firstMs: 1000, maxMs: 30_000, factor: 2 };

export interface SpanExporterOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** Counts what is lost. */
  readonly lost: Counter;
  send(spans: readonly SpanRecord[]): Promise<Delivery>;
}

export interface SpanExporter {
  take(span: SpanRecord): void;
  /** Sends what is there, once, and takes nothing more. */
  close(): Promise<void>;
}

export function spanExporter({ clock, log, lost, send }: SpanExporterOptions): SpanExporter {
  let waiting: SpanRecord[] = [];
  let sending: Promise<void> | undefined;
  let timer: Timer | undefined;
  let failures = 0;
  /** How long the collector has asked to be left alone. */
  let pauseMs = 0;
  let isOpen = true;
  const lose = (count: number) => count > 0 && lost.add({ signal: 'traces' }, count);

  async function batch(): Promise<void> {
    const spans = waiting.slice(0, BATCH);
    waiting = waiting.slice(BATCH);
    const delivery = await send(spans);
    pauseMs = delivery.outcome === 'later' ? (delivery.afterMs ?? 0) : 0;
    if (delivery.outcome === 'taken') {
      if (failures > 0) log.info('the collector takes traces again');
      failures = 0;
      return;
    }
    if (failures++ === 0) log.warn('the collector does not take traces', { why: delivery.why });
    if (delivery.outcome === 'refused') return void lose(spans.length);
    waiting = [...spans, ...waiting];
    lose(waiting.splice(MOST_WAITING).length);
  }

  function flush(): Promise<void> {
    timer?.cancel();
    timer = undefined;
    sending ??= batch().finally(() => {
      sending = undefined;
      later();
    });
    return sending;
  }

  function later(): void {
    if (!isOpen || timer || sending || waiting.length === 0) return;
    if (failures === 0 && waiting.length >= BATCH) return void flush();
    const waitMs = failures > 0 ? Math.max(pauseMs, backoffMs(AGAIN, failures)) : EVERY_MS;
    timer = clock.after(waitMs, () => void flush());
  }

  return {
    take(span) {
      if (!isOpen) return;
      if (waiting.length >= MOST_WAITING) return void lose(1);
      waiting.push(span);
      if (waiting.length === 1 || waiting.length === BATCH) {
        if (waiting.length === BATCH && failures === 0) void flush();
        else later();
      }
    },
    async close() {
      isOpen = false;
      timer?.cancel();
      await sending;
      failures = 0;
      while (waiting.length > 0 && failures === 0) await batch();
      lose(waiting.length);
    },
  };
}
