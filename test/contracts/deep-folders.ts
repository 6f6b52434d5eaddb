// Folders nested so deep that the system takes no path to the last of them, as any program can make them.

import { mkdir, open, writeFile } from 'node:fs/promises';

/** Each has a name of 250 bytes, which are no text, and the last a file. 16 are more than a path holds. */
export async function nestFolders(path: string, depth = 18): Promise<void> {
  let at = await open(path);
  for (let done = 0; done < depth; done++) {
    const next = Buffer.from(`/proc/self/fd/${at.fd}/${'\xff'.repeat(250)}`, 'latin1');
    await mkdir(next);
    const below = await open(next);
    await at.close();
    at = below;
  }
  await writeFile(`/proc/self/fd/${at.fd}/file`, 'x');
  await at.close();
}
