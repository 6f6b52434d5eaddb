// What Pods wrote that are gone: their logs with the Pods as they were at their end, for a bounded time and within a bounded size.

import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '#base/mod.ts';
import type { Pod } from '#kinds/mod.ts';
import { diskUse } from '#storage/mod.ts';
import type { ReadOptions } from './logs.ts';
import { logFile, readLog } from './logs.ts';

/** As long as anybody is likely to ask what happened last night. */
const KEPT_MS = 24 * 3_600_000;
const MOST_BYTES = 64 * 1024 * 1024;
const MOST_PODS = 500;

interface Ended {
  readonly pod: Pod;
  readonly at: number;
  readonly bytes: number;
}

export class EndedPods {
  /** Holds `UID/pod.json` and `UID/logs`, as they lie in a running Pod's folder. */
  readonly folder: string;
  readonly #clock: Clock;
  readonly #bounds: { readonly bytes: number; readonly pods: number };
  /** Oldest first. */
  #ended: Ended[] = [];
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(folder: string, clock: Clock, bounds: { readonly bytes: number; readonly pods: number }) {
    this.folder = folder;
    this.#clock = clock;
    this.#bounds = bounds;
  }

  /** Finds what earlier platforms kept. */
  static async open(folder: string, clock: Clock, bounds = { bytes: MOST_BYTES, pods: MOST_PODS }): Promise<EndedPods> {
    const ended = new EndedPods(folder, clock, bounds);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    for (const uid of await readdir(folder)) await ended.#find(uid);
    ended.#ended.sort((a, b) => a.at - b.at);
    await ended.#tidy();
    return ended;
  }

  /** Those of a namespace, or of all where it is empty; oldest first. */
  list(namespace: string): readonly Pod[] {
    return this.#ended.map(({ pod }) => pod).filter((pod) => namespace === '' || pod.metadata.namespace === namespace);
  }

  has(uid: string): boolean {
    return this.#ended.some(({ pod }) => pod.metadata.uid === uid);
  }

  /** What a container's kept runs wrote, one after the other; with `tailLines` only the end of the last one. */
  async *logs(
    uid: string,
    container: string,
    options: Omit<ReadOptions, 'follow' | 'ended'>,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array> {
    const files = await readdir(join(this.folder, uid, 'logs', container)).catch(() => []);
    const runs = files.filter((file) => /^\d+\.log$/.test(file)).map((file) => Number.parseInt(file, 10));
    runs.sort((a, b) => a - b);
    for (const run of options.tailLines === undefined ? runs : runs.slice(-1)) {
      const file = logFile(this.folder, uid, container, run);
      yield* readLog(file, { ...options, follow: false, ended: Promise.resolve() }, signal);
    }
  }

  /** Takes the logs out of the folder of a Pod that ends. One that wrote nothing leaves nothing. */
  keep(pod: Pod, podFolder: string): Promise<void> {
    const kept = this.#turn.then(() => this.#keep(pod, podFolder));
    this.#turn = kept.catch(() => undefined);
    return kept;
  }

  async #keep(pod: Pod, podFolder: string): Promise<void> {
    const { uid = '' } = pod.metadata;
    const logs = join(podFolder, 'logs');
    const bytes = await bytesIn(logs);
    if (uid === '' || bytes === 0) return;
    const folder = join(this.folder, uid);
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { mode: 0o700 });
    await rename(logs, join(folder, 'logs'));
    const at = this.#clock.now();
    await writeFile(join(folder, 'pod.json'), JSON.stringify({ pod, at }), { mode: 0o600 });
    this.#ended.push({ pod, at, bytes });
    await this.#tidy();
  }

  async #find(uid: string): Promise<void> {
    const found = noteIn(await readFile(join(this.folder, uid, 'pod.json'), 'utf8').catch(() => ''));
    // What was half taken over when the platform was killed, or the machine lost its power, is nobody's.
    if (!found) return rm(join(this.folder, uid), { recursive: true, force: true });
    this.#ended.push({ ...found, bytes: await bytesIn(join(this.folder, uid, 'logs')) });
  }

  /** The oldest go first. */
  async #tidy(): Promise<void> {
    const oldest = this.#clock.now() - KEPT_MS;
    let bytes = this.#ended.reduce((sum, one) => sum + one.bytes, 0);
    for (let first = this.#ended[0]; first; first = this.#ended[0]) {
      if (first.at >= oldest && bytes <= this.#bounds.bytes && this.#ended.length <= this.#bounds.pods) return;
      this.#ended.shift();
      bytes -= first.bytes;
      await rm(join(this.folder, first.pod.metadata.uid ?? ''), { recursive: true, force: true });
    }
  }
}

function noteIn(text: string): Pick<Ended, 'pod' | 'at'> | undefined {
  try {
    return JSON.parse(text) as Pick<Ended, 'pod' | 'at'>;
  } catch {
    return undefined;
  }
}

/** What was written, not what it takes on disk: the folders of a Pod that wrote nothing take some. */
async function bytesIn(folder: string): Promise<number> {
  return (await diskUse(folder, { weigh: (stats) => (stats.isFile() ? stats.size : 0) })).bytes;
}
