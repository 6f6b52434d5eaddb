// Records out of the batches that brokers keep them in. Pure.

import type { KafkaRecord, Partition } from '../kafka.ts';
import type { LibraryBatch } from './library.ts';

/** A batch that tells of a transaction's end, and has no records of users. */
const IS_CONTROL = 0x20;

/** The records from an offset on, and where reading goes on: behind the last batch, whatever is in it. */
export function readBatches(
  { topic, partition }: Partition,
  from: number,
  batches: readonly LibraryBatch[],
): { readonly records: readonly KafkaRecord[]; readonly next: number } {
  const records = batches
    .filter(({ attributes }) => (attributes & IS_CONTROL) === 0)
    .flatMap(({ firstOffset, firstTimestamp, records: all }) =>
      all.map(
        ({ offsetDelta, timestampDelta, key, value, headers }): KafkaRecord => ({
          topic,
          partition,
          offset: Number(firstOffset) + offsetDelta,
          timestamp: Number(firstTimestamp + timestampDelta),
          key: key ?? undefined,
          value: value ?? undefined,
          headers: headers.map(([name, text]) => [(name ?? '').toString(), text ?? new Uint8Array(0)] as const),
        }),
      ),
    )
    .filter(({ offset }) => offset >= from);
  const last = batches.at(-1);
  return { records, next: last ? Math.max(from, Number(last.firstOffset) + last.lastOffsetDelta + 1) : from };
}
