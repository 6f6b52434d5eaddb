// The console and the registry for users on other machines, and certificates that are renewed while the platform runs.

import type { ApiServer } from '#apiserver/mod.ts';
import type { Keys } from '#pki/mod.ts';
import { daily } from '#pki/mod.ts';
import type { Logger } from '#telemetry/mod.ts';
import type { Front } from '../front.ts';
import { startFront } from '../front.ts';
import { consoleAccess, registryAccess, userBy } from '../front-access.ts';
import type { Objects } from '../objects.ts';
import { ownKeys } from './keys.ts';
import type { Site } from './site.ts';

export async function startFronts(
  { listening, undo }: Site,
  objects: Objects,
  keys: Keys,
  ports: { readonly console: number; readonly registry: number },
): Promise<readonly Front[]> {
  const fronts = await Promise.all(
    [
      { port: ports.console, may: consoleAccess(objects.authorizer) },
      { port: ports.registry, may: registryAccess(objects.authorizer, objects.store) },
    ].map(({ port, may }) =>
      startFront({
        hosts: listening.fronts,
        port,
        behind: { host: listening.side, port },
        tls: { key: keys.server.keyPem, cert: keys.server.certPem },
        who: userBy(objects.authenticator),
        may,
      }),
    ),
  );
  undo.add(async () => {
    await Promise.all(fronts.map((front) => front.close()));
  });
  return fronts;
}

export interface Renewed {
  readonly api: ApiServer;
  readonly fronts: readonly Front[];
  /** Keeps what the owner comes in with. */
  readonly keep: (keys: Keys) => Promise<void>;
}

/** Looks every day whether certificates are to be renewed, and hands new ones on. */
export function keepRenewing(site: Site, { api, fronts, keep }: Renewed, log: Logger): void {
  const notRenewed = (error: unknown) => log.error('certificates could not be renewed', { error });
  const end = daily(
    site.clock,
    () => ownKeys(site),
    (keys) => {
      const { server, caPem } = keys;
      api.renew({ key: server.keyPem, cert: server.certPem, clientCa: caPem });
      for (const front of fronts) front.renew({ key: server.keyPem, cert: server.certPem });
      keep(keys).catch(notRenewed);
    },
    notRenewed,
  );
  site.undo.add(end);
}
