// The journal: attempts of deliveries, noted on a log of their own. Notes are not waited for: a crash may take the last of them.

import type { Clock, Timer } from '#base/mod.ts';
import { messageOf } from '#base/mod.ts';
import type { Attempt } from '../deliver/ports.ts';
import type { EventLog, Retention } from '../log/log.ts';
import { retain } from '../log/log.ts';

const FLUSH_MS = 100;
const TRIM_MS = 60_000;
const READ = { records: 1000, bytes: 4 * 1024 * 1024 };
/** Attempts that one question looks through. */
const MAX_SCANNED = 200_000;
/** What waits to be written of one stream; beyond it attempts are not noted. */
const MAX_WAITING = 50_000;

/** How long events and notes are kept where the journal is on and nothing else is said. */
export const JOURNAL_RETENTION: Retention = { ms: 24 * 3_600_000, bytes: 256 * 1024 * 1024 };

export interface JournalPorts {
  readonly clock: Clock;
  readonly log: EventLog;
  readonly onTrouble: (message: string, fields: Record<string, unknown>) => void;
}

const nameOf = (stream: string): string => `${stream}/journal`;

export class Journal {
  readonly #ports: JournalPorts;
  readonly #waiting = new Map<string, Attempt[]>();
  readonly #trimmedAt = new Map<string, number>();
  #timer: Timer | undefined;

  constructor(ports: JournalPorts) {
    this.#ports = ports;
  }

  note(attempt: Attempt): void {
    const waiting = this.#waiting.get(attempt.stream) ?? [];
    if (waiting.length >= MAX_WAITING) return;
    this.#waiting.set(attempt.stream, waiting);
    waiting.push(attempt);
    this.#timer ??= this.#ports.clock.after(FLUSH_MS, () => void this.flush());
  }

  /** Attempts since a wall time, in the order in which they ended; those for which `isWanted` holds. */
  async read(stream: string, since: number, isWanted: (attempt: Attempt) => boolean): Promise<Attempt[]> {
    await this.flush();
    const { log } = this.#ports;
    const name = nameOf(stream);
    const found: Attempt[] = [];
    let scanned = 0;
    for (let at = await log.offsetAt(name, since); scanned < MAX_SCANNED; ) {
      const records = await log.read(name, at, READ);
      if (records.length === 0) break;
      for (const { offset, payload } of records) {
        const attempts = JSON.parse(Buffer.from(payload).toString()) as Attempt[];
        scanned += attempts.length;
        found.push(...attempts.filter(isWanted));
        at = offset + 1;
      }
    }
    return found;
  }

  /** Writes what waits. */
  async flush(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    const all = [...this.#waiting];
    this.#waiting.clear();
    await Promise.all(all.map(([stream, attempts]) => this.#write(stream, attempts)));
  }

  async drop(stream: string): Promise<void> {
    this.#waiting.delete(stream);
    await this.#ports.log.drop(nameOf(stream));
  }

  async #write(stream: string, attempts: readonly Attempt[]): Promise<void> {
    const { log, onTrouble } = this.#ports;
    try {
      await log.append(nameOf(stream), { payload: Buffer.from(JSON.stringify(attempts)) });
      await this.#trim(stream);
    } catch (error) {
      onTrouble('attempts could not be noted', { stream, attempts: attempts.length, error: messageOf(error) });
    }
  }

  async #trim(stream: string): Promise<void> {
    const { log, clock } = this.#ports;
    const now = clock.monotonic();
    if (now - (this.#trimmedAt.get(stream) ?? -TRIM_MS) < TRIM_MS) return;
    this.#trimmedAt.set(stream, now);
    await retain(log, nameOf(stream), JOURNAL_RETENTION, { now: clock.now(), keep: Number.MAX_SAFE_INTEGER });
  }
}
