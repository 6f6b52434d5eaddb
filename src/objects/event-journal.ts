// The port by which the API asks about events that came to Brokers and channels, and has them sent again.

import type {
  EventStory,
  JournalList,
  JournalQuery,
  Redrive,
  RedriveStatus,
  Replay,
  ReplayStatus,
} from '#kinds/mod.ts';

/** A Broker or channel. */
export interface JournalOwner {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** Throws ApiError: 404 for what is not there or not kept, 400 for an order that cannot be carried out. */
export interface EventJournal {
  events(of: JournalOwner, query: JournalQuery): Promise<JournalList>;
  event(of: JournalOwner, offset: number): Promise<EventStory>;
  /** Begins one, and gives how it stands. It goes on over restarts. */
  replay(of: JournalOwner, order: Replay['spec']): Promise<ReplayStatus>;
  /** The newest last. */
  replays(of: JournalOwner): Promise<readonly ReplayStatus[]>;
  /** One attempt. */
  redrive(of: JournalOwner, order: Redrive['spec']): Promise<RedriveStatus>;
}
