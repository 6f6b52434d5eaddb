// The console's port, where metrics and profiles are, too.

import { takeProfile } from '#telemetry/mod.ts';
import { startConsole } from '#web/mod.ts';
import type { DataLink } from '../data-process.ts';
import type { Objects } from '../objects.ts';
import type { Site } from './site.ts';
import type { PlatformTelemetry } from './telemetry.ts';

export interface ConsoleParts {
  readonly telemetry: PlatformTelemetry;
  readonly objects: Objects;
  readonly data: DataLink;
  readonly port: number;
  /** Aborted once the platform stops. */
  readonly stopping: AbortSignal;
}

/** Gives the port that it listens at. */
export async function openConsole({ listening, undo }: Site, parts: ConsoleParts): Promise<number> {
  const { data, port, stopping } = parts;
  const { telemetry, admin, families } = parts.telemetry;
  const { informers } = parts.objects;
  const consolePort = await startConsole({
    host: listening.side,
    port,
    informers,
    metrics: families,
    refusals: () => data.control.refusals(),
    profiles: {
      enabled: () => telemetry.settings?.profiling === true,
      take: (from, kind, seconds, signal) =>
        from === 'gateway' ? admin.profile(kind, seconds, signal) : takeProfile(kind, seconds, signal),
    },
    checks: () => ({
      api: stopping.aborted ? 'the platform stops' : undefined,
      gateway: data.control.connected ? undefined : 'its process cannot be reached',
    }),
  });
  undo.add(() => consolePort.close());
  return consolePort.port;
}
