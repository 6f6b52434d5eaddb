// What the owner of the data folder may ask of the platform while it runs.

import type { FolderRoom } from '#storage/mod.ts';
import { serveAdmin } from '../admin-socket.ts';
import type { ChosenLauncher } from '../choose-launcher.ts';
import type { DataLink } from '../data-process.ts';
import type { Objects } from '../objects.ts';
import { objectsWithImages } from '../objects.ts';
import type { PlatformEndpoints } from '../platform-options.ts';
import { prune } from '../prune.ts';
import { platformStatus } from '../status.ts';
import type { PlatformImages } from './images.ts';
import type { Site } from './site.ts';

export interface AdminParts {
  readonly objects: Objects;
  readonly images: PlatformImages;
  readonly chosen: ChosenLauncher;
  readonly data: DataLink;
  readonly room: FolderRoom;
  readonly endpoints: PlatformEndpoints;
  /** When the platform began, in milliseconds since 1970. */
  readonly began: number;
}

export async function openAdmin({ options, clock, undo }: Site, parts: AdminParts): Promise<void> {
  const { objects, images, chosen, data, room, endpoints, began } = parts;
  const { dataDir } = options;
  const socket = await serveAdmin(dataDir, {
    backup: (query) => objects.database.backup(query.get('file') ?? ''),
    prune: async (query) => {
      const found = await prune({
        dataDir,
        store: images.store,
        objects: objectsWithImages(objects.store),
        ownRegistries: images.ownRegistries,
        all: query.has('all'),
        dryRun: query.has('dryRun'),
        now: clock.now(),
      });
      images.supply.forgetHeld();
      return found;
    },
    status: async () =>
      platformStatus({
        dataDir,
        version: options.version,
        began,
        launcher: chosen.launcher.name,
        gatewayPid: data.pid,
        disk: { ...room.state(), ...options.disk },
        endpoints,
      }),
  });
  undo.add(() => socket.close());
}
