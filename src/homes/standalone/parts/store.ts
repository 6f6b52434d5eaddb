// Where the platform's objects are: opened with the keys of their secrets, within the bounds of the disk.

import { FolderRoom } from '#storage/mod.ts';
import type { Keys } from '#pki/mod.ts';
import type { Logger } from '#telemetry/mod.ts';
import { encryptionKeys, withAdvice } from '../encryption-keys.ts';
import type { Objects } from '../objects.ts';
import { openObjects } from '../objects.ts';
import type { Site } from './site.ts';

export async function openStore(
  { options, clock, random, undo, notices }: Site,
  keys: Keys,
  log: Logger,
): Promise<{ objects: Objects; room: FolderRoom }> {
  const { dataDir } = options;
  const room = new FolderRoom({ folder: dataDir, bounds: options.disk, clock });
  undo.add(() => room.stop());
  const encryption = await encryptionKeys(dataDir, options.encryptionKeyFile);
  notices.push(...encryption.notices);
  const objects = await openObjects({
    dataDir,
    keys,
    clock,
    random,
    log: log.named('storage'),
    sealing: encryption,
    room,
    onUpgrade: (copy) =>
      notices.push(`the store of an older Ebb was brought up to date; ${copy} is how it was (its secrets are plain)`),
    ...(options.workerUrl ? { workerUrl: options.workerUrl } : {}),
  }).catch((error: unknown) => {
    throw withAdvice(error);
  });
  undo.add(async () => {
    await objects.store.close();
    await objects.database.close();
  });
  return { objects, room };
}
