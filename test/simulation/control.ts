// The control process without its sockets and processes: the real store, registry and controllers, and a simulated node agent.

import type { Clock, Random } from '#base/mod.ts';
import { createEngine, runControllers } from '#engine/mod.ts';
import type { GatewayControl } from '#gateway/mod.ts';
import { allKinds, ConfigMap, Namespace, systemConfigMaps } from '#kinds/mod.ts';
import type { Client, Informers } from '#objects/mod.ts';
import { localClient, localInformers, Registry, Scheme, Store } from '#objects/mod.ts';
import { servingControllers } from '#serving/mod.ts';
import type { ObjectDatabase } from '#storage/mod.ts';
import type { Logger } from '#telemetry/mod.ts';
import { workloadControllers } from '#workloads/mod.ts';

const NAMESPACES = ['default', 'knative-serving', 'knative-eventing', 'ebb-system'];
const ADMIN = { name: 'system:admin', groups: ['system:masters'] };

export interface ObjectsOptions {
  readonly database: ObjectDatabase;
  readonly clock: Clock;
  readonly random: Random;
}

/** Where objects are, and how one speaks to them. */
export interface Objects {
  readonly store: Store;
  readonly scheme: Scheme;
  readonly client: Client;
  readonly informers: Informers;
}

export async function openObjects({ database, clock, random }: ObjectsOptions): Promise<Objects> {
  const scheme = new Scheme(allKinds);
  const store = await Store.open(database);
  const client = localClient(new Registry({ store, scheme, clock, random }), ADMIN);
  return { store, scheme, client, informers: localInformers(store, scheme) };
}

/** What is there before anybody asks for anything. */
export async function seedObjects(client: Client): Promise<void> {
  for (const name of NAMESPACES)
    await client.create(Namespace, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } } as Namespace);
  for (const map of systemConfigMaps()) await client.create(ConfigMap, map);
}

export interface ControllersOptions {
  readonly objects: Objects;
  readonly gateway: GatewayControl;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** The client of the controllers, where it is not that of everybody. */
  readonly client?: Client;
}

/** Lets the controllers run until the signal ends; resolves after the turns in hand. */
export function runAllControllers({ objects, gateway, signal, client, ...shared }: ControllersOptions): Promise<void> {
  const { informers, scheme } = objects;
  const { random, log } = shared;
  const engine = createEngine({
    ...shared,
    informers,
    client: client ?? objects.client,
    recorder: () => ({ record() {} }),
  });
  const digests = { resolve: (image: string) => Promise.resolve(`${image}@sha256:0`) };
  const volumes = { make: async () => {}, remove: async () => {} };
  return runControllers(
    [
      ...workloadControllers({ engine, informers, scheme, random, log, rootCa: 'PEM', volumes }),
      ...servingControllers({ ...shared, informers, client: objects.client, engine, gateway, digests }),
    ],
    { signal },
  );
}
