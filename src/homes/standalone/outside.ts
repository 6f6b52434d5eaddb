// A platform as another process on the same machine reaches it: its API, its images, its backups.

import { existsSync, readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { join } from 'node:path';
import { systemClock } from '#base/mod.ts';
import { canonical, ImageStore } from '#images/mod.ts';
import type { ImageSource } from '#images/mod.ts';
import type { Pod } from '#kinds/mod.ts';
import { ApiError } from '#machinery/mod.ts';
import type { Status } from '#machinery/mod.ts';
import type { Client, EventJournal, HttpClientOptions, LogOptions, PodStreams } from '#objects/mod.ts';
import { httpClient, httpJournal, parseKubeconfig } from '#objects/mod.ts';
import { tokenKubeconfigText } from '#pki/mod.ts';
import { FolderRoom, holderOf, lockFolder, restoreDatabase, USUAL_FLOOR } from '#storage/mod.ts';
import { askAdmin, NoAnswer } from './admin-socket.ts';
import { keysForRestore, rotateKeys, withAdvice } from './encryption-keys.ts';
import { ownRegistries, storedAs } from './images.ts';
import { objectsFile } from './objects.ts';
import type { Prunable } from './prune.ts';
import type { PlatformStatus } from './status.ts';
export { stoppingOf } from './stopping.ts';

/** A client by the kubeconfig of a data folder. */
export function connectTo(dataDir: string): {
  readonly client: Client;
  readonly streams: PodStreams;
  readonly journal: EventJournal;
  readonly server: string;
  close(): Promise<void>;
} {
  const file = join(dataDir, 'kubeconfig');
  const options = {
    ...parseKubeconfig(readFileSync(file, 'utf8'), (path) => readFileSync(path, 'utf8')),
    userAgent: 'ebb',
    fieldManager: 'ebb',
  };
  const client = httpClient(options);
  return {
    client,
    streams: {
      logs: (pod, log, signal) => readLogs(options, pod.metadata, log, signal),
      async ended(namespace) {
        const { items } = (await client.raw('GET', `/api/v1/namespaces/${namespace}/pods?ended=true`)) as PodList;
        return items;
      },
    },
    journal: httpJournal(client),
    server: options.server,
    close: async () => client.close(),
  };
}

interface PodList {
  readonly items: readonly Pod[];
}

/** A kubeconfig by which a user of a running platform comes in with a token; by `server` where they know it under another URL. */
export function userKubeconfigOf(
  dataDir: string,
  user: { readonly user: string; readonly token: string; readonly namespace: string },
  server?: string,
): string {
  const own = parseKubeconfig(readFileSync(join(dataDir, 'kubeconfig'), 'utf8'), (path) => readFileSync(path, 'utf8'));
  return tokenKubeconfigText(server ?? own.server, own.ca ?? '', user);
}

async function* readLogs(
  options: HttpClientOptions,
  { namespace = '', name }: { namespace?: string | undefined; name: string },
  log: LogOptions,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(log))
    if (value !== undefined && value !== false) query.set(key, String(value));
  const url = new URL(`/api/v1/namespaces/${namespace}/pods/${name}/log?${query.toString()}`, options.server);
  const { ca, cert, key } = options;
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const asked = request(
      url,
      { ...(ca ? { ca } : {}), ...(cert ? { cert } : {}), ...(key ? { key } : {}), signal },
      resolve,
    );
    asked.once('error', reject);
    asked.end();
  });
  if (response.statusCode !== 200) throw await refusalOf(response);
  try {
    for await (const chunk of response) yield chunk as Uint8Array;
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

async function refusalOf(response: AsyncIterable<Uint8Array>): Promise<ApiError> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of response) chunks.push(chunk);
  const status = JSON.parse(Buffer.concat(chunks).toString()) as Status;
  return new ApiError(status.code, status.reason, status.message, status.details);
}

/** How an image starts; what its source does not say. */
interface ImageStart {
  readonly entrypoint?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly workingDir?: string;
}

/** The images of a data folder, whether or not its platform runs. */
export function imagesOf(dataDir: string) {
  const room = new FolderRoom({ folder: dataDir, bounds: { floor: USUAL_FLOOR }, clock: systemClock });
  const store = new ImageStore(join(dataDir, 'images'), systemClock, room);
  const stored = (name: string) => canonical(storedAs(name, ownRegistriesOf(dataDir)));
  return {
    add: async (
      name: string,
      source: ImageSource,
      { entrypoint, env, workingDir }: ImageStart = {},
      namespace?: string,
    ) => {
      const config = {
        ...(entrypoint ? { Entrypoint: entrypoint } : {}),
        ...(env ? { Env: Object.entries(env).map(([key, value]) => `${key}=${value}`) } : {}),
        ...(workingDir ? { WorkingDir: workingDir } : {}),
      };
      return store.add(stored(name), source, config, namespace);
    },
    list: () => store.list(),
    digestOf: async (name: string) => store.resolve(stored(name)),
    remove: async (name: string) => store.remove(stored(name)),
  };
}

/** Where the folder's platform serves images, if it runs. */
function ownRegistriesOf(dataDir: string): ReadonlySet<string> {
  const file = join(dataDir, 'endpoints.json');
  if (!existsSync(file)) return ownRegistries([], 5050);
  const { registry } = JSON.parse(readFileSync(file, 'utf8')) as { registry: string };
  const { hostname, port } = new URL(registry);
  return ownRegistries([hostname], port);
}

export async function backupOf(dataDir: string, file: string): Promise<void> {
  await askAdmin(dataDir, 'backup', { file });
}

/** Has a running platform remove what nothing refers to, or only say what that would be. */
export async function pruneOf(
  dataDir: string,
  { all, dryRun }: { readonly all: boolean; readonly dryRun: boolean },
): Promise<readonly Prunable[]> {
  const query = { ...(all ? { all: '' } : {}), ...(dryRun ? { dryRun: '' } : {}) };
  return (await askAdmin(dataDir, 'prune', query)) as readonly Prunable[];
}

/** What a running platform says of itself; undefined where it does not answer (yet, or any more). */
export async function statusOf(dataDir: string): Promise<PlatformStatus | undefined> {
  try {
    return (await askAdmin(dataDir, 'status')) as PlatformStatus;
  } catch (error) {
    if (error instanceof NoAnswer) return undefined;
    throw error;
  }
}

/** The process of the platform that holds a data folder; undefined where none does, or there is no such folder. */
export const holderOfData = (dataDir: string): number | undefined => holderOf(dataDir);

/** Puts a backup in the place of a stopped platform's objects. `keyFile` holds the keys its secrets are sealed with. */
export function restoreTo(dataDir: string, file: string, keyFile?: string): Promise<void> {
  return whileStopped(dataDir, async () => {
    const keys = await keysForRestore(dataDir, keyFile);
    await restoreDatabase(objectsFile(dataDir), file, keys).catch((error: unknown) => {
      throw withAdvice(error);
    });
  });
}

/** Seals the secrets of a stopped platform anew, with a new key. */
export function rotateKey(
  dataDir: string,
  keyFile: string | undefined,
  forgetOld: boolean,
): Promise<{ file: string; id: string }> {
  return whileStopped(dataDir, () => rotateKeys(dataDir, keyFile, forgetOld));
}

async function whileStopped<T>(dataDir: string, act: () => Promise<T>): Promise<T> {
  const lock = lockFolder(dataDir);
  try {
    return await act();
  } finally {
    lock.release();
  }
}
