// This project's own API server as a cluster's: custom kinds are what their schemas make of them, without defaults and checks by code.

import { startApiServer } from '#apiserver/mod.ts';
import { seededRandom, systemClock } from '#base/mod.ts';
import { allKinds } from '#kinds/mod.ts';
import type { Kind } from '#machinery/mod.ts';
import type { HttpClientOptions } from '#objects/mod.ts';
import { httpClient, Registry, Scheme, Store } from '#objects/mod.ts';
import { memoryDatabase } from '#storage/mod.ts';
import { silentLog } from '#telemetry/mod.ts';
import { open } from '../../contracts/homes.ts';

export interface OwnServer {
  readonly access: HttpClientOptions;
  close(): Promise<void>;
}

/** A custom kind as its schema alone makes it: no cluster knows of defaults and checks by code. */
function bare({ defaults: _defaults, check: _check, validate: _validate, checkDelete: _delete, ...kind }: Kind): Kind {
  return { ...kind, refusal: { by: 'kubernetes' }, isDynamic: true };
}

/** Starts it with a namespace `default`. */
export async function startOwnServer(): Promise<OwnServer> {
  const store = await Store.open(memoryDatabase());
  const scheme = new Scheme(allKinds.map((kind) => (kind.custom ? bare(kind) : kind)));
  const registry = new Registry({ store, scheme, clock: systemClock, random: seededRandom(1) });
  const server = await startApiServer({
    ...open,
    registry,
    store,
    scheme,
    clock: systemClock,
    log: silentLog,
    port: 0,
  });
  const access = { server: server.url };
  const client = httpClient(access);
  await client.raw('POST', '/api/v1/namespaces', {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'default' },
  });
  client.close();
  return {
    access,
    close: async () => {
      await server.close();
      await store.close();
    },
  };
}
