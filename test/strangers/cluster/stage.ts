// The seam: what is promised of the API and of the controllers, held against Kubernetes' own API server.

import { parse } from 'yaml';
import type { JsonObject } from '#base/mod.ts';
import { httpClient } from '#objects/mod.ts';
import { crdFiles } from '../../../tasks/generate/crds.ts';
import type { LoneStage } from '../stage.ts';
import { tool } from '../tools.ts';
import { runTests } from '../vitest.ts';
import { startCluster } from './cluster.ts';
import { define } from './definitions.ts';
import { environmentOf } from './environment.ts';

const programs = async () => ({ etcd: await tool('etcd'), apiServer: await tool('kube-apiserver') });

export const CLUSTER: LoneStage = {
  prepare: async () => void (await programs()),
  async runAlone(log, only) {
    const cluster = await startCluster(await programs());
    try {
      const client = httpClient(cluster.access);
      await define(
        client,
        crdFiles().map(([, text]) => parse(text) as JsonObject),
      );
      client.close();
      return await runTests('cluster', environmentOf(cluster), log, only);
    } finally {
      await cluster.stop();
    }
  },
};
