// Where Go keeps what it has built: its usual place, or one for this build alone where that cannot be written to.

import { constants } from 'node:fs';
import { access, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

/** Runs a build with the variables that it needs beside `env`: none, unless HOME is missing or may only be read. */
export async function withGoCaches(env: Environment, build: (caches: Environment) => Promise<void>): Promise<void> {
  const cache = usualCache(env);
  if (cache !== undefined && (await canWrite(cache))) return build({});
  const folder = await mkdtemp(join(tmpdir(), 'ebb-go-'));
  try {
    await build({
      GOCACHE: join(folder, 'build'),
      GOMODCACHE: join(folder, 'modules'),
      // Modules are else kept so that not even their owner may remove them.
      GOFLAGS: `${env['GOFLAGS'] ?? ''} -modcacherw`.trim(),
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** As Go finds it on Linux and macOS. */
function usualCache({ GOCACHE, XDG_CACHE_HOME, HOME }: Environment): string | undefined {
  if (GOCACHE) return GOCACHE;
  if (process.platform === 'darwin') return HOME && join(HOME, 'Library/Caches/go-build');
  const caches = XDG_CACHE_HOME || (HOME && join(HOME, '.cache'));
  return caches && join(caches, 'go-build');
}

async function canWrite(folder: string): Promise<boolean> {
  try {
    await mkdir(folder, { recursive: true });
    await access(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
