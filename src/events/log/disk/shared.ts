// What the streams of a log on disk have in common.

import type { Clock } from '#base/mod.ts';
import type { Disk, DiskRoom } from '#storage/mod.ts';
import type { ChunkPool } from './batch.ts';
import type { Handles } from './handles.ts';
import type { Turns } from './turns.ts';

export interface Shared {
  readonly disk: Disk;
  readonly handles: Handles;
  readonly pool: ChunkPool;
  readonly clock: Clock;
  /** A number in [0, 2³²) that nobody can guess. */
  readonly salt: () => number;
  readonly room: DiskRoom;
  /** Writes that may be under way at once. */
  readonly writes: Turns;
  /** Bytes that wait to be written, of all streams. */
  readonly waiting: { bytes: number; readonly bound: number };
  readonly segmentBytes: number;
  readonly maxStreamBytes: number;
  /** Resolves when the events of this turn of the loop have been handled. */
  readonly turnEnds: () => Promise<void>;
  readonly onAppended: (stream: string) => void;
}
