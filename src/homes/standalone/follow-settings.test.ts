// Settings of telemetry on their way to both processes.

import { expect, test } from 'vitest';
import type { Engine } from '#engine/mod.ts';
import { loggingConfig, observabilityConfig } from '#kinds/mod.ts';
import type { TelemetrySettings } from '#telemetry/mod.ts';
import { NO_TELEMETRY, silentLog } from '#telemetry/mod.ts';
import { followSettings } from './follow-settings.ts';
import type { ProcessTelemetry } from './process-telemetry.ts';

function stage() {
  const data = new Map<object, Record<string, string>>();
  const listeners = new Map<object, () => void>();
  const told: TelemetrySettings[] = [];
  const own: TelemetrySettings[] = [];
  let isReachable = true;
  let connection: (connected: boolean) => void = () => {};
  const stop = followSettings({
    config: {
      get: (definition: typeof loggingConfig) => definition.parse(data.get(definition) ?? {}),
      onChange(definition: object, listen: () => void) {
        listeners.set(definition, listen);
        return () => listeners.delete(definition);
      },
    } as unknown as Engine['config'],
    telemetry: {
      log: silentLog,
      get settings() {
        return own.at(-1);
      },
      configure: async (settings: TelemetrySettings) => void own.push(settings),
    } as ProcessTelemetry,
    data: {
      async configure(settings) {
        if (!isReachable) throw new Error('no such socket');
        told.push(settings);
      },
    },
    link: { onConnection: (listen) => ((connection = listen), () => listeners.clear()) },
  });
  return {
    told,
    own,
    stop,
    listening: () => listeners.size,
    set(definition: object, values: Record<string, string>) {
      data.set(definition, values);
      listeners.get(definition)?.();
    },
    connected: (reachable: boolean) => {
      isReachable = reachable;
      connection(reachable);
    },
  };
}

test('both processes hear of them at once, at each change that means something, and when the other is there anew', async () => {
  const { told, own, set, connected, stop, listening } = stage();
  expect([own, told]).toEqual([[NO_TELEMETRY], [NO_TELEMETRY]]);
  set(observabilityConfig, { 'logging.enable-request-log': 'true' });
  expect(told).toHaveLength(1);
  set(observabilityConfig, {
    'metrics-protocol': 'grpc',
    'metrics-endpoint': 'http://otel:4317',
    'metrics-export-interval': '10s',
    'request-metrics-protocol': 'prometheus',
    'tracing-protocol': 'stdout',
    'tracing-sampling-rate': '0.5',
    'runtime-profiling': 'enabled',
  });
  const wanted: TelemetrySettings = {
    metrics: { protocol: 'grpc', endpoint: 'http://otel:4317', intervalMs: 10_000 },
    requestMetrics: { protocol: 'prometheus', endpoint: '', intervalMs: 0 },
    tracing: { protocol: 'stdout', endpoint: '', samplingRate: 0.5 },
    profiling: true,
    logLevels: {},
  };
  expect([own.at(-1), told.at(-1)]).toEqual([wanted, wanted]);
  connected(false);
  set(loggingConfig, { 'loglevel.controller': 'fatal', 'zap-logger-config': '{"level":"debug"}' });
  const levels = { ...wanted, logLevels: { '': 'debug', controller: 'error' } };
  expect([own.at(-1), told.at(-1)]).toEqual([levels, wanted]);
  connected(true);
  expect(told.at(-1)).toEqual(levels);
  stop();
  expect(listening()).toBe(0);
});
