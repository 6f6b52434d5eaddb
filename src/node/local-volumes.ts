// Volumes of claims as folders of this machine: where each lies, made and removed.

import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { removeFolder } from '#storage/mod.ts';

export interface LocalVolumes {
  /** The folder of a volume. Throws where the handle is none of ours. */
  pathOf(handle: string): string;
  make(handle: string): Promise<void>;
  remove(handle: string): Promise<void>;
}

/** Anybody with rights on PersistentVolumes may write a handle, so it must not lead elsewhere. */
const HANDLE = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/;

/** All volumes lie side by side in one folder. */
export function localVolumes(folder: string): LocalVolumes {
  const pathOf = (handle: string) => {
    if (!HANDLE.test(handle) || handle.includes('..'))
      throw new Error(`the volume handle ${JSON.stringify(handle)} is not the name of a volume here`);
    return join(folder, handle);
  };
  return {
    pathOf,
    async make(handle) {
      const path = pathOf(handle);
      await mkdir(folder, { recursive: true, mode: 0o711 });
      // Whichever user a container runs as, it may write.
      if (await mkdir(path, { recursive: true })) await chmod(path, 0o777);
    },
    remove: (handle) => removeFolder(pathOf(handle)),
  };
}
