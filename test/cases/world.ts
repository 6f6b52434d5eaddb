// Where a case is played: what there is, who may write, and what was written. In memory as a rule; against a real API server where
// the environment names one.

import type { KubeObject, Kind } from '#machinery/mod.ts';
import type { Client, Informers } from '#objects/mod.ts';
import type { Write } from './fake-cluster.ts';
import { FakeCluster } from './fake-cluster.ts';

export interface World {
  readonly client: Client;
  readonly informers: Informers;
  /** Each write, in its order, as it was asked for. */
  readonly writes: readonly Write[];
  /** Called once the informers that a controller wants are made; they show everything given when it resolves. */
  start(): Promise<void>;
  /** What became otherwise than it was asked for; empty where every write was kept whole. */
  lost(): Promise<readonly string[]>;
  end(): Promise<void>;
}

/** Makes the world of a case out of the objects that are there. */
export type MakeWorld = (given: readonly { kind: Kind; object: KubeObject }[]) => Promise<World>;

export const inMemory: MakeWorld = async (given) => {
  const cluster = new FakeCluster();
  for (const { kind, object } of given) cluster.put(kind, object);
  const { client, informers, writes } = cluster;
  return { client, informers, writes, start: async () => {}, lost: async () => [], end: async () => {} };
};
