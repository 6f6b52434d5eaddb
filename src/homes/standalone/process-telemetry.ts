// Logs, metrics and traces of one process of the platform.

import type { Clock, Random } from '#base/mod.ts';
import { uuid } from '#base/mod.ts';
import { SERVING_NAMESPACE } from '#kinds/mod.ts';
import type { LineSink, Logger, Metrics, OpenScrape, TelemetrySettings } from '#telemetry/mod.ts';
import { createMetrics, Exporting, showProcess, Tracer } from '#telemetry/mod.ts';
import type { PlatformLogOptions } from './platform-log.ts';
import { platformLog } from './platform-log.ts';

export interface ProcessTelemetryOptions {
  /** `ebb-control` or `ebb-gateway`. */
  readonly service: string;
  readonly version: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Omit<PlatformLogOptions, 'clock'>;
  /** Where spans are written with tracing-protocol `stdout`. */
  readonly out: LineSink;
  readonly openScrape?: OpenScrape;
}

export interface ProcessTelemetry {
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly tracer: Tracer;
  /** What was said last. */
  readonly settings: TelemetrySettings | undefined;
  configure(settings: TelemetrySettings): Promise<void>;
  /** Sends what is left. A collector that is away is not waited for. */
  close(): Promise<void>;
}

const FAREWELL_MS = 2000;

export function processTelemetry(options: ProcessTelemetryOptions): ProcessTelemetry {
  const { service, version, clock, random, out } = options;
  const { log, setLevels } = platformLog({ ...options.log, clock });
  const metrics = createMetrics();
  showProcess(metrics, service);
  const tracer = new Tracer(clock, random);
  const resource = {
    'service.name': service,
    'service.version': version,
    'service.instance.id': uuid(random),
    'k8s.namespace.name': SERVING_NAMESPACE,
  };
  const exporting = new Exporting({
    clock,
    log: log.named('telemetry'),
    metrics,
    tracer,
    resource,
    out,
    openScrape: options.openScrape,
  });
  let settings: TelemetrySettings | undefined;
  return {
    log,
    metrics,
    tracer,
    get settings() {
      return settings;
    },
    configure(told) {
      settings = told;
      setLevels(told.logLevels);
      return exporting.configure(told);
    },
    close: () =>
      new Promise((resolve) => {
        const patience = clock.after(FAREWELL_MS, resolve);
        void exporting.close().finally(() => {
          patience.cancel();
          resolve();
        });
      }),
  };
}
