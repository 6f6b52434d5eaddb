// The homes in which the contracts of objects are tried: in process, and over HTTP against this project's own API server.

import { seededRandom, systemClock } from '#base/mod.ts';
import { startApiServer } from '#apiserver/mod.ts';
import type { ApiServerOptions } from '#apiserver/mod.ts';
import { httpClient, localClient, localInformers, informersOf, Registry, Scheme, Store } from '#objects/mod.ts';
import { silentLog } from '#telemetry/mod.ts';
import type { ClientUnderTest } from './client.ts';
import type { InformersUnderTest } from './informers.ts';
import { ScriptedDatabase } from './scripted-database.ts';
import { thingKinds } from './thing-kinds.ts';

const user = { name: 'ada', groups: ['system:masters'] };

/** An empty API that serves `thingKinds`, whose first revision is far from 1 so that 1 is before every window. */
export async function freshRegistry(): Promise<Registry> {
  const store = await Store.open(new ScriptedDatabase({ firstRevision: 100 }));
  return new Registry({ store, scheme: new Scheme(thingKinds), clock: systemClock, random: seededRandom(1) });
}

export const open: Pick<ApiServerOptions, 'authenticator' | 'authorizer'> = {
  authenticator: { authenticate: () => ({ user }), read: () => undefined },
  authorizer: { authorize: () => ({ allowed: true, reason: '' }), rulesFor: () => ({ rules: [], errors: [] }) },
};

async function served(registry: Registry): Promise<{ url: string; close(): Promise<void> }> {
  const { store, scheme } = registry;
  return startApiServer({ ...open, registry, store, scheme, clock: systemClock, log: silentLog, port: 0 });
}

export async function localHome(): Promise<ClientUnderTest> {
  const registry = await freshRegistry();
  return { client: localClient(registry, user), stop: () => registry.store.close() };
}

export async function httpHome(): Promise<ClientUnderTest> {
  const server = await served(await freshRegistry());
  const client = httpClient({ server: server.url });
  return {
    client,
    async stop() {
      client.close();
      await server.close();
    },
  };
}

export async function localInformersHome(): Promise<InformersUnderTest> {
  const registry = await freshRegistry();
  const informers = localInformers(registry.store, registry.scheme);
  return { informers, client: localClient(registry, user), stop: () => registry.store.close() };
}

export async function httpInformersHome(): Promise<InformersUnderTest> {
  const { client, ...home } = await httpHome();
  return { ...home, informers: informersOf(client, { clock: systemClock }), client };
}
