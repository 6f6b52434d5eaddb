// The platform's own registry on its port, over the image store.

import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '#base/mod.ts';
import type { ImageStore } from '#images/mod.ts';
import { RegistryServer } from '#images/mod.ts';
import type { Logger } from '#telemetry/mod.ts';
import { OWN_REGISTRY } from './images.ts';

export interface RegistryOptions {
  readonly store: ImageStore;
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
  readonly clock: Clock;
  readonly log: Logger;
}

const HEAD_TIMEOUT_MS = 30_000;

/** Listens; rejects as the port refuses. `close` gives up uploads that are under way. */
export async function startRegistry({ store, host, port, clock, log }: RegistryOptions): Promise<{
  readonly port: number;
  close(): Promise<void>;
}> {
  const registry = new RegistryServer({ store, registry: OWN_REGISTRY, clock, log });
  // A large layer may take as long as it takes.
  const server = createServer({ headersTimeout: HEAD_TIMEOUT_MS, requestTimeout: 0 }, registry.handle);
  await listening(server, port, host);
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
      await registry.close();
    },
  };
}

function listening(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}
