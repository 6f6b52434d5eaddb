// Images: the store of the data folder, the registry that serves it, and what brings images from elsewhere.

import { join } from 'node:path';
import { ImageStore } from '#images/mod.ts';
import type { DiskRoom } from '#storage/mod.ts';
import type { Logger } from '#telemetry/mod.ts';
import { ImageSupply, ownRegistries, tidyImages } from '../images.ts';
import { beginRun, bootIdOf, endRun } from '../last-run.ts';
import type { Objects } from '../objects.ts';
import { objectsWithImages } from '../objects.ts';
import { startRegistry } from '../registry.ts';
import type { Site } from './site.ts';

export interface PlatformImages {
  readonly store: ImageStore;
  readonly supply: ImageSupply;
  readonly registryPort: number;
  /** Names under which images are in the platform's own registry. */
  readonly ownRegistries: ReadonlySet<string>;
}

export async function startImages(
  { options, listening, clock, undo }: Site,
  objects: Objects,
  room: DiskRoom,
  log: Logger,
  port: number,
): Promise<PlatformImages> {
  const { dataDir } = options;
  const store = new ImageStore(join(dataDir, 'images'), clock, room);
  await store.noteOlder();
  const lastRun = await beginRun(dataDir, await bootIdOf());
  undo.add(() => endRun(dataDir));
  if (!lastRun.leftRunning) await tidyImages(store, objectsWithImages(objects.store), lastRun.lostPower);
  const ownRegistry = await startRegistry({
    store,
    host: listening.side,
    port,
    clock,
    log: log.named('registry'),
  });
  undo.add(() => ownRegistry.close());
  const hosts = [listening.side, ...listening.names];
  const supply = new ImageSupply({
    store,
    client: objects.clientOf('images'),
    clock,
    log: log.named('images'),
    hosts,
    port: ownRegistry.port,
  });
  return { store, supply, registryPort: ownRegistry.port, ownRegistries: ownRegistries(hosts, ownRegistry.port) };
}
