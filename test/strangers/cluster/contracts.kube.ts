// What the clients and informers of the API owe their callers, against Kubernetes' own API server.

import { beforeAll } from 'vitest';
import type { JsonObject } from '#base/mod.ts';
import { systemClock } from '#base/mod.ts';
import { crdOf } from '#machinery/mod.ts';
import { httpClient, informersOf } from '#objects/mod.ts';
import { clientContract } from '../../contracts/client.ts';
import { informersContract } from '../../contracts/informers.ts';
import { Gadget, Thing, ThingV2 } from '../../contracts/thing-kinds.ts';
import { define } from './definitions.ts';
import { clusterOfEnvironment } from './environment.ts';
import { etcdAt } from './etcd.ts';
import { EXCEPTIONS } from './exceptions.ts';

const { access, etcd } = clusterOfEnvironment();
/** Everything that a promise may have left behind. */
const TRACES = [
  '/registry/test.ebb.dev/',
  '/registry/gadgets.ebb.dev/',
  '/registry/configmaps/a/',
  '/registry/namespaces/a',
  '/registry/namespaces/b',
];

/** The rules that Things have at home by code, as a schema can say them. */
function thingDefinition(): JsonObject {
  const definition = crdOf([Thing, ThingV2]) as unknown as Definition;
  for (const { schema } of definition.spec.versions)
    Object.assign(schema.openAPIV3Schema.properties.spec.properties.replicas, { default: 1, minimum: 0 });
  return definition as unknown as JsonObject;
}

interface Definition {
  readonly spec: {
    readonly versions: readonly {
      readonly schema: {
        readonly openAPIV3Schema: {
          readonly properties: { readonly spec: { readonly properties: { replicas: object } } };
        };
      };
    }[];
  };
}

beforeAll(async () => {
  const client = httpClient(access);
  await define(client, [thingDefinition(), crdOf([Gadget])]);
  client.close();
});

async function home() {
  const client = httpClient(access);
  return {
    client,
    async stop() {
      client.close();
      for (const prefix of TRACES) await etcdAt(etcd).removeAll(prefix);
    },
  };
}

clientContract('of a Kubernetes cluster', home, EXCEPTIONS.contracts);
informersContract(
  'over a Kubernetes cluster',
  async () => {
    const made = await home();
    return { ...made, informers: informersOf(made.client, { clock: systemClock }) };
  },
  EXCEPTIONS.contracts,
);
