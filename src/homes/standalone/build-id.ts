// Tells one build of this program from another.

import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Changes whenever the program does: by its own file where it is bundled, by every source beside it where it is not. */
export async function buildId(program: string, version: string): Promise<string> {
  const hash = createHash('sha256').update(`${version} ${program}`);
  for (const file of await filesOf(program)) {
    const { mtimeMs, size } = await stat(file);
    hash.update(` ${file} ${mtimeMs} ${size}`);
  }
  return hash.digest('hex').slice(0, 16);
}

async function filesOf(program: string): Promise<string[]> {
  if (!program.endsWith('.ts')) return [program];
  const folder = dirname(program);
  const names = await readdir(folder, { recursive: true });
  return names
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .sort()
    .map((name) => join(folder, name));
}
