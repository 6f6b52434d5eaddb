// For tests: registries that listen on this machine, and images to put into them.

import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '#base/mod.ts';
import { systemClock } from '#base/mod.ts';
import { MEDIA } from '../manifest.ts';
import type { ImageStore } from '../store.ts';
import type { Access } from './server.ts';
import { RegistryServer } from './server.ts';

export interface Listening {
  /** `127.0.0.1:PORT`, which is the name of its images' registry too. */
  readonly host: string;
  close(): Promise<void>;
}

export async function listen(handle: RequestListener): Promise<Listening> {
  const server = createServer(handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

export interface RegistryFixture {
  readonly store: ImageStore;
  readonly access?: Access;
  readonly clock?: Clock;
  /** Sees each request before the registry does; true where it has answered it. */
  readonly before?: (...args: Parameters<RequestListener>) => boolean;
}

export async function listenRegistry({
  store,
  access,
  clock = systemClock,
  before,
}: RegistryFixture): Promise<Listening> {
  let registry: RegistryServer | undefined;
  const listening = await listen((request, response) => {
    if (!before?.(request, response)) registry?.handle(request, response);
  });
  registry = new RegistryServer({ store, registry: listening.host, clock, ...(access ? { access } : {}) });
  return {
    host: listening.host,
    async close() {
      await listening.close();
      await registry.close();
    },
  };
}

export function digestOf(bytes: string | Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** A document with its digest, and how an index or manifest speaks of it. */
export function document(value: object, mediaType: string) {
  const text = JSON.stringify(value);
  const digest = digestOf(text);
  return { text, digest, mediaType, descriptor: { mediaType, digest, size: Buffer.byteLength(text) } };
}

/** A whole image with one layer of this content; the layer is no tar, so it can be carried but not unpacked. */
export function imageOf(content: string, architecture = 'amd64') {
  const layer = { mediaType: MEDIA.layer, digest: digestOf(content), size: Buffer.byteLength(content) };
  const rootfs = { type: 'layers', diff_ids: [layer.digest] };
  const config = document({ architecture, os: 'linux', config: { Cmd: [content] }, rootfs }, MEDIA.config);
  const manifest = document(
    { schemaVersion: 2, mediaType: MEDIA.manifest, config: config.descriptor, layers: [layer] },
    MEDIA.manifest,
  );
  return { content, layer, config, manifest };
}
