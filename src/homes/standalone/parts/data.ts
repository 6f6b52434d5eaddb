// The data process, taken over or started, and the watch over what it is told after that.

import type { Logger } from '#telemetry/mod.ts';
import type { DataLink } from '../data-process.ts';
import { startDataProcess } from '../data-process.ts';
import type { Objects } from '../objects.ts';
import { Telling } from '../telling.ts';
import type { Places } from './places.ts';
import type { Site } from './site.ts';

export async function startData(
  { options, listening, clock, undo }: Site,
  { found, ports, build }: Places,
  { informers }: Objects,
  log: Logger,
): Promise<{ data: DataLink; telling: Telling }> {
  const telling = new Telling(informers, clock);
  undo.add(() => telling.stop());
  const data = await startDataProcess(
    found,
    {
      dataDir: options.dataDir,
      hosts: { http: listening.plain, https: listening.open, internal: listening.side },
      ports: {
        http: ports.gateway,
        https: ports.gatewayTls,
        internal: found?.settings.ports.internal ?? 0,
        internalTls: found?.settings.ports.internalTls ?? 0,
      },
      engine: options.gatewayEngine,
      disk: options.disk,
      version: options.version,
    },
    options.program,
    build,
    clock,
    log,
    telling.all,
  );
  undo.add(() => data.stop());
  return { data, telling };
}
