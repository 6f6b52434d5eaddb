// Which ports the platform gets, and whether an earlier one has left a data process that is taken over with its own.

import { buildId } from '../build-id.ts';
import { pickPort } from '../busy-ports.ts';
import { findDataProcess } from '../data-process.ts';
import type { Listening } from '../listening.ts';
import type { PlatformOptions } from '../platform-options.ts';
import type { Site } from './site.ts';

export type Ports = PlatformOptions['ports'];

export interface Places {
  /** Names what this data process is made of. */
  readonly build: string;
  readonly found: Awaited<ReturnType<typeof findDataProcess>>;
  readonly ports: Ports;
}

export async function findPlaces({ options, listening, notices }: Site): Promise<Places> {
  // A platform whose program has changed does not take over the data process of an older one.
  const build = [
    await buildId(options.program, options.version),
    options.gatewayEngine,
    listening.plain,
    listening.open,
  ].join('-');
  const found = await findDataProcess(options.dataDir, build);
  const picked = await pickPorts(options, listening, found?.settings.ports);
  notices.push(...picked.notices, ...listening.notices);
  return { build, found, ports: picked.ports };
}

/** Ports that are free now; those of a data process that is taken over are its own. */
async function pickPorts(
  { ports, nextFreePort }: PlatformOptions,
  { plain, open, side }: Listening,
  held: { readonly http: number; readonly https: number } | undefined,
): Promise<{ ports: Ports; notices: string[] }> {
  const taken = new Set<number>();
  const notices: string[] = [];
  const pick = async (what: string, flag: string, port: number, host: string) => {
    const picked = await pickPort({ what, flag, port }, host, nextFreePort, taken);
    taken.add(picked.port);
    if (picked.notice) notices.push(picked.notice);
    return picked.port;
  };
  return {
    ports: {
      gateway: held?.http ?? (await pick('gateway', '--port-gateway', ports.gateway, plain)),
      gatewayTls: held?.https ?? (await pick('gateway with TLS', '--port-gateway-tls', ports.gatewayTls, open)),
      api: await pick('API', '--port-api', ports.api, open),
      console: await pick('console', '--port-console', ports.console, side),
      registry: await pick('registry', '--port-registry', ports.registry, side),
    },
    notices,
  };
}
