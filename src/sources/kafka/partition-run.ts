// One partition that is read: records that wait, records under way, and the offset before which all are done.

import type { KafkaRecord, Partition, Position } from '#kafka/mod.ts';
import { Progress } from './progress.ts';

export class PartitionRun {
  readonly partition: Partition;
  readonly #progress = new Progress();
  readonly #waiting: KafkaRecord[] = [];
  readonly #over = new AbortController();
  #bytes = 0;
  #underWay = 0;
  #committed: number | undefined;

  constructor(partition: Partition) {
    this.partition = partition;
  }

  /** Ends when the partition is another's. */
  get signal(): AbortSignal {
    return this.#over.signal;
  }

  /** Records that are not under way yet. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Of all that is not done. */
  get bytes(): number {
    return this.#bytes;
  }

  add(record: KafkaRecord): void {
    // Where reading began is what the group knows already.
    this.#committed ??= record.offset;
    this.#progress.take(record.offset);
    this.#bytes += bytesOf(record);
    this.#waiting.push(record);
  }

  /** The next to be delivered; in order, none while one is under way. */
  take(ordered: boolean): KafkaRecord | undefined {
    if (this.#over.signal.aborted || (ordered && this.#underWay > 0)) return undefined;
    const record = this.#waiting.shift();
    if (record) this.#underWay++;
    return record;
  }

  done(record: KafkaRecord): void {
    this.#underWay--;
    this.#bytes -= bytesOf(record);
    this.#progress.done(record.offset);
  }

  /** What the group should know and does not yet. */
  get toCommit(): Position | undefined {
    const { next } = this.#progress;
    return next === undefined || next === this.#committed ? undefined : { ...this.partition, next };
  }

  committed(next: number): void {
    this.#committed = next;
  }

  /** Breaks off what is under way, and forgets the rest. */
  drop(): void {
    this.#over.abort(new Error('the partition is read by another'));
    this.#waiting.length = 0;
  }
}

function bytesOf({ key, value }: KafkaRecord): number {
  return (key?.length ?? 0) + (value?.length ?? 0);
}
