// What config-observability and config-logging say reaches both processes: at the start, at each change, and whenever the
// data process is there anew.

import { isDeepStrictEqual } from 'node:util';
import { messageOf } from '#base/mod.ts';
import type { Engine } from '#engine/mod.ts';
import type { LinkedControl } from '#gateway/mod.ts';
import { loggingConfig, observabilityConfig } from '#kinds/mod.ts';
import type { TelemetrySettings } from '#telemetry/mod.ts';
import type { DataAdmin } from './data-admin.ts';
import type { ProcessTelemetry } from './process-telemetry.ts';
import { telemetrySettings } from './telemetry-settings.ts';

export interface FollowOptions {
  readonly config: Engine['config'];
  readonly telemetry: ProcessTelemetry;
  readonly data: Pick<DataAdmin, 'configure'>;
  readonly link: Pick<LinkedControl, 'onConnection'>;
}

/** Begins at once. Returns the stop. */
export function followSettings({ config, telemetry, data, link }: FollowOptions): () => void {
  const read = () => telemetrySettings(config.get(observabilityConfig), config.get(loggingConfig));
  const tellData = (settings: TelemetrySettings) => {
    data.configure(settings).catch((error: unknown) => {
      // Where it comes again, it is told again.
      telemetry.log.debug('the data process could not be told how to log and trace', { error: messageOf(error) });
    });
  };
  const take = () => {
    const settings = read();
    if (isDeepStrictEqual(settings, telemetry.settings)) return;
    void telemetry.configure(settings);
    tellData(settings);
  };
  take();
  const stops = [
    config.onChange(observabilityConfig, take),
    config.onChange(loggingConfig, take),
    link.onConnection((connected) => connected && tellData(read())),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}
