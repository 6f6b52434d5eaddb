// Logs, metrics and traces of the control process, with those of the data process beside them.

import { joined } from '#telemetry/mod.ts';
import type { Family } from '#telemetry/mod.ts';
import { openScrape } from '#web/mod.ts';
import { RotatingFile } from '#storage/mod.ts';
import type { DataAdmin } from '../data-admin.ts';
import { dataAdmin } from '../data-admin.ts';
import { dataAdminPath } from '../data-process.ts';
import { logFile } from '../platform-log.ts';
import type { PlatformOptions } from '../platform-options.ts';
import type { ProcessTelemetry } from '../process-telemetry.ts';
import { processTelemetry } from '../process-telemetry.ts';
import type { Site } from './site.ts';

export interface PlatformTelemetry {
  readonly telemetry: ProcessTelemetry;
  /** The data process's back door. */
  readonly admin: DataAdmin;
  /** What both processes have measured. */
  families(): Promise<readonly Family[]>;
}

export function startTelemetry({ options, clock, random, undo }: Site): PlatformTelemetry {
  const { dataDir } = options;
  const telemetry = processTelemetry({
    service: 'ebb-control',
    version: options.version,
    clock,
    random,
    log: { file: new RotatingFile(logFile(dataDir, 'platform')), shown: shownLog(options.logFormat) },
    out: options.logFormat === 'file' ? new RotatingFile(logFile(dataDir, 'platform-spans')) : process.stdout,
    openScrape: (endpoint, group) =>
      openScrape(endpoint, async () => (await families()).filter((family) => family.group === group)),
  });
  const admin = dataAdmin(dataAdminPath(dataDir), clock);
  const families = async () => joined(telemetry.metrics.families(), await admin.families());
  undo.add(() => telemetry.close());
  return { telemetry, admin, families };
}

/** At a terminal only what somebody should see, unless config-logging says otherwise. */
function shownLog(format: PlatformOptions['logFormat']) {
  if (format === 'file') return undefined;
  return { to: process.stderr, format, level: format === 'json' ? ('info' as const) : ('warn' as const) };
}
