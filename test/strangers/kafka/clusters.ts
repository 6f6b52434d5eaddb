// Clusters of Kafka in memory, in a process of their own.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { kafkaFake } from '../tools.ts';

/** The variable that tells the tests which program has the clusters. */
export const KAFKA_FAKE = 'EBB_TEST_KAFKA_FAKE';

export interface Clusters {
  /** Brokers of each cluster, as host:port. */
  readonly servers: Readonly<Record<'plain' | 'sasl' | 'tls' | 'doomed', readonly string[]>>;
  /** By whom the cluster with TLS is to be trusted, as PEM. */
  readonly authority: string;
  /** Ends a cluster for good. */
  close(cluster: string): void;
  end(): Promise<void>;
}

/** Starts them; `program` is built where none is given. */
export async function startClusters(program?: string): Promise<Clusters> {
  const child = spawn(program ?? (await kafkaFake()), { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(child, 'spawn');
  const lines = createInterface(child.stdout);
  const [line] = (await once(lines, 'line')) as [string];
  const { clusters, authority } = JSON.parse(line) as { clusters: Clusters['servers']; authority: string };
  return {
    servers: clusters,
    authority,
    close: (cluster) => void child.stdin.write(`${cluster}\n`),
    async end() {
      child.stdin.end();
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}
