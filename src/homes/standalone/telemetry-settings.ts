// What config-observability and config-logging say, in the plain words that both processes are told.

import type { LogLevelName, LoggingConfig, ObservabilityConfig } from '#kinds/mod.ts';
import type { LogLevel, TelemetrySettings } from '#telemetry/mod.ts';

export function telemetrySettings(config: ObservabilityConfig, logging: LoggingConfig): TelemetrySettings {
  return {
    metrics: {
      protocol: config.metricsProtocol as TelemetrySettings['metrics']['protocol'],
      endpoint: config.metricsEndpoint,
      intervalMs: config.metricsExportInterval,
    },
    requestMetrics: {
      protocol: config.requestMetricsProtocol as TelemetrySettings['metrics']['protocol'],
      endpoint: config.requestMetricsEndpoint,
      intervalMs: config.requestMetricsExportInterval,
    },
    tracing: {
      protocol: config.tracingProtocol as TelemetrySettings['tracing']['protocol'],
      endpoint: config.tracingEndpoint,
      samplingRate: config.tracingSamplingRate,
    },
    profiling: config.runtimeProfiling === 'enabled',
    logLevels: Object.fromEntries(Object.entries(logging.levels()).map(([name, level]) => [name, ours(level)])),
  };
}

/** What is worse than an error has no level of its own here. */
function ours(level: LogLevelName): LogLevel {
  return level === 'debug' || level === 'info' || level === 'warn' ? level : 'error';
}
