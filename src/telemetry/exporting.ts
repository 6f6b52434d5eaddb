// Which exporters run, by settings that may change at any time. The code that speaks to collectors is loaded when first needed.

import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '#base/mod.ts';
import { messageOf } from '#base/mod.ts';
import type { MetricGroup } from './instruments.ts';
import type { LineSink, Logger } from './log.ts';
import { metricExporter, USUAL_INTERVAL_MS } from './metric-exporter.ts';
import type { Metrics } from './metrics.ts';
import type { Resource } from './otlp/parts.ts';
import type { MetricsExport, TelemetrySettings } from './settings.ts';
import { NO_TELEMETRY } from './settings.ts';
import { spanExporter } from './span-exporter.ts';
import type { SpanRecord, SpanSink, Tracer } from './tracer.ts';

export interface ExportingOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly tracer: Tracer;
  readonly resource: Resource;
  /** Where spans are written with `stdout`. */
  readonly out: LineSink;
  /** Opens a port for a scraper, in the process that does so for all. */
  readonly openScrape?: OpenScrape | undefined;
}

interface Running {
  readonly close: () => Promise<void>;
}

/** Serves the metrics of a group at an address. Rejects where that is not to be had. */
export type OpenScrape = (endpoint: string, group: MetricGroup) => Promise<Running>;

/** The exporters of one process. */
export class Exporting {
  readonly #options: ExportingOptions;
  readonly #startMs: number;
  readonly #running = new Map<string, Running>();
  #settings = NO_TELEMETRY;
  /** Changes take effect one after the other. */
  #last: Promise<void> = Promise.resolve();

  constructor(options: ExportingOptions) {
    this.#options = options;
    this.#startMs = options.clock.now();
  }

  /** Takes new settings; what did not change goes on undisturbed. */
  configure(settings: TelemetrySettings): Promise<void> {
    return (this.#last = this.#last.then(() => this.#change(settings)));
  }

  /** Sends what is left, and stops. */
  close(): Promise<void> {
    return this.configure(NO_TELEMETRY);
  }

  async #change(settings: TelemetrySettings): Promise<void> {
    const before = this.#settings;
    this.#settings = settings;
    const { metrics, requestMetrics, tracing } = settings;
    if (!isDeepStrictEqual(metrics, before.metrics))
      await this.#replace('metrics', () => this.#metrics(metrics, 'platform'));
    if (!isDeepStrictEqual(requestMetrics, before.requestMetrics))
      await this.#replace('request-metrics', () => this.#metrics(requestMetrics, 'requests'));
    if (!isDeepStrictEqual(tracing, before.tracing)) await this.#replace('tracing', () => this.#tracing(tracing));
  }

  /** An exporter that cannot be had is told of; the platform goes on without it. */
  async #replace(name: string, start: () => Promise<Running | undefined>): Promise<void> {
    const before = this.#running.get(name);
    this.#running.delete(name);
    try {
      await before?.close();
      const running = await start();
      if (running) this.#running.set(name, running);
    } catch (error) {
      this.#options.log.error('an exporter could not be started', { exporter: name, error: messageOf(error) });
    }
  }

  async #metrics({ protocol, endpoint, intervalMs }: MetricsExport, group: MetricGroup): Promise<Running | undefined> {
    if (protocol === 'none') return undefined;
    // They can be fetched at the console's port anyhow.
    if (protocol === 'prometheus') return endpoint ? this.#options.openScrape?.(endpoint, group) : undefined;
    const { clock, log, metrics, resource } = this.#options;
    const { encodeMetrics, openSender } = await import('./otlp/mod.ts');
    const sender = await openSender(protocol, endpoint, 'metrics', clock);
    const exporter = metricExporter({
      clock,
      log,
      intervalMs: intervalMs || USUAL_INTERVAL_MS,
      lost: metrics.counter('ebb.telemetry.lost'),
      send: async () => {
        const own = metrics.families().filter((family) => family.group === group && family.samples.length > 0);
        if (own.length === 0) return { outcome: 'taken' };
        return sender.send(encodeMetrics(own, resource, { startMs: this.#startMs, nowMs: clock.now() }));
      },
    });
    return { close: () => exporter.close().finally(() => sender.close()) };
  }

  async #tracing({ protocol, endpoint, samplingRate }: TelemetrySettings['tracing']): Promise<Running | undefined> {
    const { tracer, out } = this.#options;
    tracer.direct(undefined);
    if (protocol === 'none') return undefined;
    if (protocol === 'stdout') {
      // Whoever asks for spans on standard output wants to see them, as at Knative.
      tracer.direct((span) => out.write(`${JSON.stringify(span)}\n`), { rate: 1 });
      return { close: async () => tracer.direct(undefined) };
    }
    if (samplingRate <= 0) return undefined;
    const { encodeSpans, openSender } = await import('./otlp/mod.ts');
    const sender = await openSender(protocol, endpoint, 'traces', this.#options.clock);
    const exporter = spanExporter({
      clock: this.#options.clock,
      log: this.#options.log,
      lost: this.#options.metrics.counter('ebb.telemetry.lost'),
      send: (spans: readonly SpanRecord[]) => sender.send(encodeSpans(spans, this.#options.resource)),
    });
    const sink: SpanSink = (span) => exporter.take(span);
    tracer.direct(sink, { rate: samplingRate });
    return {
      close: async () => {
        tracer.direct(undefined);
        await exporter.close();
        sender.close();
      },
    };
  }
}
