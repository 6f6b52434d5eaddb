// What a platform that stops waits for, told to other processes by a note in its folder: nothing else answers by then.

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isRecord } from '#base/mod.ts';

export interface Stopping {
  /** `NAMESPACE/NAME` of Pods that have not ended yet. */
  readonly pods: readonly string[];
  /** Milliseconds since 1970: by then they are ended. */
  readonly until: number;
}

const noteFile = (dataDir: string) => join(dataDir, 'run', 'stopping.json');

/** Writes anew what is waited for. A platform that cannot write (its disk is full) stops all the same. */
export function noteStopping(dataDir: string, stopping: Stopping): void {
  try {
    writeFileSync(noteFile(dataDir), JSON.stringify({ ...stopping, pid: process.pid }), { mode: 0o600 });
  } catch {
    // Whoever asks hears then that it stops, and not for what.
  }
}

export function forgetStopping(dataDir: string): void {
  rmSync(noteFile(dataDir), { force: true });
}

/** What the platform with this process waits for; undefined where it does not stop, or is not so far. */
export function stoppingOf(dataDir: string, holder: number): Stopping | undefined {
  try {
    const note: unknown = JSON.parse(readFileSync(noteFile(dataDir), 'utf8'));
    // What a platform left that was killed is no word of the next one.
    if (!isRecord(note) || note.pid !== holder || !Array.isArray(note.pods)) return undefined;
    return { pods: note.pods.map(String), until: Number(note.until) };
  } catch {
    // Not there, or half written: it is asked for again.
    return undefined;
  }
}
