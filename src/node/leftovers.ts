// What an earlier platform left behind of Pods that went while none looked after them: processes, places, folders.

import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { messageOf } from '#base/mod.ts';
import { removeFolder } from '#storage/mod.ts';
import type { Launcher } from './launcher.ts';
import { logFile } from './logs.ts';
import { signalOne, startOf, writersInto } from './processes.ts';
import type { PodRecord, PodRecords } from './record.ts';

export interface LeftoverPorts {
  readonly launcher: Launcher;
  readonly records: PodRecords;
  /** Folder with one folder for each Pod. */
  readonly folder: string;
  warn(message: string, fields: Record<string, unknown>): void;
}

export class Leftovers {
  readonly #ports: LeftoverPorts;

  constructor(ports: LeftoverPorts) {
    this.#ports = ports;
  }

  /** What was started so shortly before an earlier platform was killed that it was not noted, and cannot be taken over. */
  killStrays(): void {
    const { folder, records } = this.#ports;
    const known = new Set(
      [...records.all()].flatMap(([uid, record]) => logsOf(uid, record, folder).map((file) => relative(folder, file))),
    );
    for (const { pid, file } of writersInto(folder)) if (!known.has(file)) signalOne(pid, 'SIGKILL');
  }

  /** Containers of Pods that the API has no more. */
  reap(pods: ReadonlySet<string | undefined>): void {
    const { records, warn } = this.#ports;
    for (const [uid, record] of records.all())
      if (!pods.has(uid))
        this.#kill(uid, record).catch((error: unknown) =>
          warn('what a Pod left running could not be ended', { uid, error: messageOf(error) }),
        );
  }

  async #kill(uid: string, { sandbox, containers }: PodRecord): Promise<void> {
    const { launcher, records } = this.#ports;
    for (const { record } of Object.values(containers)) {
      const running = await launcher.adopt(sandbox, record);
      running?.signal('SIGKILL');
      await running?.exited;
    }
    await launcher.discard(sandbox);
    records.note(uid, undefined);
  }

  /** Folders of Pods that the API has no more. */
  async sweep(pods: ReadonlySet<string | undefined>): Promise<void> {
    for (const uid of await readdir(this.#ports.folder)) if (!pods.has(uid)) this.clear(uid);
  }

  /** Takes away what is left on disk of a Pod that is gone. */
  clear(uid: string): void {
    const { folder, warn } = this.#ports;
    if (!uid) return;
    removeFolder(join(folder, uid)).catch((error: unknown) =>
      warn('the folder of a Pod could not be removed', { uid, error: messageOf(error) }),
    );
  }
}

/** Where those of a Pod's containers write that still run as they were noted. */
function logsOf(uid: string, { containers }: PodRecord, folder: string): string[] {
  return Object.entries(containers).flatMap(([name, { record, run }]) =>
    startOf(record.pid) === record.started ? [logFile(folder, uid, name, run)] : [],
  );
}
