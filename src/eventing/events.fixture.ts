// A data plane that only remembers what it was told.

import type { StreamRule } from '#events/mod.ts';
import { StreamBoard } from './streams/board.ts';

export class RememberedEvents {
  readonly streams = new Map<string, StreamRule>();
  /** What the next change is refused with. */
  refusal: Error | undefined;

  async setStream(key: string, rule: StreamRule | undefined): Promise<void> {
    if (this.refusal) throw this.refusal;
    if (rule) this.streams.set(key, rule);
    else this.streams.delete(key);
  }
}

export const rememberingBoard = (): StreamBoard => new StreamBoard(new RememberedEvents());
