// What a process is told of telemetry, in plain words: it can go through JSON, and knows no config maps.

import type { LogLevel } from './log.ts';

export type PushProtocol = 'http/protobuf' | 'grpc';

export interface MetricsExport {
  readonly protocol: 'none' | 'prometheus' | PushProtocol;
  readonly endpoint: string;
  /** 0: the usual one. */
  readonly intervalMs: number;
}

export interface TelemetrySettings {
  /** Of the platform itself. */
  readonly metrics: MetricsExport;
  /** Of requests. */
  readonly requestMetrics: MetricsExport;
  readonly tracing: {
    readonly protocol: 'none' | 'stdout' | PushProtocol;
    readonly endpoint: string;
    readonly samplingRate: number;
  };
  /** Whether profiles may be taken. */
  readonly profiling: boolean;
  /** By component, and `''` for all others; where a component has none the process's own level holds. */
  readonly logLevels: Readonly<Record<string, LogLevel>>;
}

const OFF = { protocol: 'none', endpoint: '', intervalMs: 0 } as const;

/** What holds until somebody says something else. */
export const NO_TELEMETRY: TelemetrySettings = {
  metrics: OFF,
  requestMetrics: OFF,
  tracing: { protocol: 'none', endpoint: '', samplingRate: 0 },
  profiling: false,
  logLevels: {},
};
