// The records of invocations on the event log, and what follows from them: what they say is in the ledger once they are written.

import type { Clock } from '#base/mod.ts';
import { messageOf, sleep } from '#base/mod.ts';
import type { EventLog } from '#events/mod.ts';
import { LogClosedError } from '#events/mod.ts';
import type { Logger } from '#telemetry/mod.ts';
import type { Accepted, Entry, Finished } from './entry.ts';
import { decodeEntry, encodeEntry } from './entry.ts';
import type { Invocation, Ledger } from './ledger.ts';
import { isOver } from './ledger.ts';
import { STREAM } from './stream.ts';

const READ = { records: 1000, bytes: 4 * 2 ** 20 };
/** The wait after a read or write of the log that failed. */
export const TROUBLE_MS = 1000;

export interface RecordsPorts {
  readonly clock: Clock;
  readonly log: EventLog;
  readonly ledger: Ledger;
  readonly logger: Logger;
  /** Aborted once nothing is to be read or written any more. */
  readonly over: AbortSignal;
}

/** A record with the body that lies beside it. */
export interface Found<E extends Entry = Entry> {
  readonly entry: E;
  readonly body: Uint8Array;
}

export class Records {
  readonly #ports: RecordsPorts;

  constructor(ports: RecordsPorts) {
    this.#ports = ports;
  }

  /** Takes everything that an earlier run left into the ledger. */
  async restore(): Promise<void> {
    const { log, ledger, over } = this.#ports;
    for (let at = 0; !over.aborted; ) {
      const records = await log.read(STREAM, at, READ);
      for (const { offset, payload } of records) {
        ledger.apply(decodeEntry(payload).entry, offset, payload.length);
        at = offset + 1;
      }
      if (records.length === 0) break;
    }
  }

  /** Puts a record there that is encoded already. */
  async append(entry: Entry, payload: Uint8Array): Promise<Invocation | undefined> {
    const offset = await this.#ports.log.append(STREAM, { payload });
    return this.#ports.ledger.apply(entry, offset, payload.length);
  }

  /** Tries until it is written: what was done must be known after a crash, and a full disk passes. */
  async write(entry: Entry, body?: Uint8Array): Promise<void> {
    const { clock, logger, over } = this.#ports;
    const payload = encodeEntry(entry, body);
    for (;;) {
      try {
        await this.append(entry, payload);
        return;
      } catch (error) {
        if (error instanceof LogClosedError) throw error;
        logger.warn('what became of an invocation could not be written and is tried again', {
          error: messageOf(error),
          invocation: entry.id,
        });
        await sleep(clock, TROUBLE_MS, over);
      }
    }
  }

  /** Its acceptance and the request's body; undefined where the log does not have it any more. */
  async accepted({ offset }: Invocation): Promise<Found<Accepted> | undefined> {
    const found = await this.#read(offset);
    return found?.entry.kind === 'accepted' ? { entry: found.entry, body: found.body } : undefined;
  }

  /** How it ended, and the body of its last answer; undefined where it is not over, or was forgotten meanwhile. */
  async finished({ endedAt }: Invocation): Promise<Found<Finished> | undefined> {
    if (endedAt === undefined) return undefined;
    const found = await this.#read(endedAt);
    return found?.entry.kind === 'finished' ? { entry: found.entry, body: found.body } : undefined;
  }

  /** Its acceptance once more, at the end of the log, so that what lies before it can go. */
  async move(invocation: Invocation): Promise<void> {
    const found = await this.accepted(invocation);
    if (!found || isOver(invocation) || invocation.isEnding) return;
    const { attempts, nextAt } = invocation;
    const entry: Accepted = { ...found.entry, attempts, nextAt };
    await this.append(entry, encodeEntry(entry, found.body));
  }

  async #read(offset: number): Promise<Found | undefined> {
    const [record] = await this.#ports.log.read(STREAM, offset, { records: 1, bytes: 1 });
    return record?.offset === offset ? decodeEntry(record.payload) : undefined;
  }
}
