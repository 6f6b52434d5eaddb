// How the tests of this stage find the cluster that the stage has started.

import type { HttpClientOptions } from '#objects/mod.ts';
import type { Cluster } from './cluster.ts';

const NAME = 'EBB_TEST_CLUSTER';

export function environmentOf({ access, etcd }: Pick<Cluster, 'access' | 'etcd'>): Record<string, string> {
  return { [NAME]: JSON.stringify({ access, etcd }) };
}

/** Throws where no cluster was started. */
export function clusterOfEnvironment(): { readonly access: HttpClientOptions; readonly etcd: string } {
  const text = process.env[NAME];
  if (!text) throw new Error('these tests need a cluster: npm run strangers -- --suite cluster');
  return JSON.parse(text) as { access: HttpClientOptions; etcd: string };
}
