// Notes how far a stream's dispatch has come as marks of the log, and trims from the log what nobody needs any more.

import type { Timer } from '#base/mod.ts';
import { messageOf } from '#base/mod.ts';
import type { Retention } from '../log/log.ts';
import { retain } from '../log/log.ts';
import type { ConsumerMark } from './marks.ts';
import { encodeConsumer, encodeHead, HEAD_MARK, markOf } from './marks.ts';
import type { DeliveryPorts } from './ports.ts';

/** How often what was done is made durable; after a crash no more than this is done twice. */
const COMMIT_MS = 100;
/** How often what nobody needs any more is let go. */
const TRIM_MS = 1000;
/** How often what is kept for a time is looked at, where nothing else happens. */
const EXPIRE_MS = 60_000;
const AGAIN_MS = 1000;

/** What there is to be noted. */
export interface Dispatch {
  /** Consumers that go with the stream have looked at everything before it. */
  readonly position: () => number;
  /** The oldest offset that somebody may still need. */
  readonly lowest: () => number;
  /** Undefined for a consumer that is no more. */
  readonly mark: (consumer: string) => ConsumerMark | undefined;
  /** How long events are kept beyond that; no longer, unless told. */
  readonly retention: () => Retention | undefined;
  /** Hears of the oldest offset that somebody may still need, once the marks have it. */
  readonly onNoted: (low: number) => void;
}

export class Progress {
  readonly #stream: string;
  readonly #ports: DeliveryPorts;
  readonly #dispatch: Dispatch;
  readonly #changed = new Set<string>();
  readonly #gone = new Set<string>();
  #noted = -1;
  #low = 0;
  #saving: Promise<void> = Promise.resolve();
  #isStopped = false;
  #commitTimer: Timer | undefined;
  #trimTimer: Timer | undefined;

  constructor(stream: string, ports: DeliveryPorts, dispatch: Dispatch) {
    this.#stream = stream;
    this.#ports = ports;
    this.#dispatch = dispatch;
  }

  /** What an earlier run left: nothing before it is needed. */
  found(low: number): void {
    this.#low = low;
  }

  /** A consumer has come further, or is new. Noted with the next commit. */
  change(consumer: string): void {
    this.#gone.delete(consumer);
    this.#changed.add(consumer);
  }

  /** A consumer is no more. */
  forget(consumer: string): void {
    this.#changed.delete(consumer);
    this.#gone.add(consumer);
  }

  commitSoon(): void {
    if (this.#isStopped) return;
    this.#commitTimer ??= this.#ports.clock.after(COMMIT_MS, () => {
      this.#commitTimer = undefined;
      this.commit().then(
        () => this.trimSoon(),
        (error: unknown) => this.#failed('what was done could not be noted', error, () => this.commitSoon()),
      );
    });
  }

  /** Makes durable how far everything has come; one commit after the other. */
  commit(): Promise<void> {
    const committed = this.#saving.then(() => this.#commitNow());
    this.#saving = committed.catch(() => undefined);
    return committed;
  }

  trimSoon(ms = TRIM_MS): void {
    if (this.#isStopped || this.#trimTimer) return;
    this.#trimTimer = this.#ports.clock.after(ms, () => {
      this.#trimTimer = undefined;
      this.#trim().catch((error: unknown) =>
        this.#failed('events that nobody needs could not be let go', error, () => this.trimSoon()),
      );
    });
  }

  /** Nothing more by itself; `commit` still does. */
  stop(): void {
    this.#isStopped = true;
    this.#commitTimer?.cancel();
    this.#trimTimer?.cancel();
  }

  async #commitNow(): Promise<void> {
    const [changed, gone] = [[...this.#changed], [...this.#gone]];
    const [position, lowest] = [this.#dispatch.position(), this.#dispatch.lowest()];
    if (changed.length === 0 && gone.length === 0 && position === this.#noted) return;
    const marks = new Map<string, Uint8Array | undefined>([[HEAD_MARK, encodeHead(position)]]);
    for (const id of gone) marks.set(markOf(id), undefined);
    for (const id of changed) {
      const mark = this.#dispatch.mark(id);
      if (mark) marks.set(markOf(id), encodeConsumer(mark));
    }
    this.#changed.clear();
    this.#gone.clear();
    try {
      await this.#ports.log.saveMarks(this.#stream, marks);
    } catch (error) {
      for (const id of changed) this.#changed.add(id);
      for (const id of gone) if (!this.#dispatch.mark(id)) this.#gone.add(id);
      throw error;
    }
    this.#noted = position;
    this.#low = lowest;
    this.#dispatch.onNoted(lowest);
  }

  async #trim(): Promise<void> {
    const { log, clock } = this.#ports;
    const retention = this.#dispatch.retention();
    // A consumer that began earlier than what the marks say has not been noted yet.
    const keep = Math.min(this.#low, this.#dispatch.lowest());
    if (!retention) return log.trim(this.#stream, keep);
    await retain(log, this.#stream, retention, { now: clock.now(), keep });
    const { first, next } = await log.bounds(this.#stream);
    if (retention.ms !== undefined && first < next) this.trimSoon(EXPIRE_MS);
  }

  #failed(message: string, error: unknown, again: () => void): void {
    if (this.#isStopped) return;
    this.#ports.onTrouble(message, { stream: this.#stream, error: messageOf(error) });
    this.#ports.clock.after(AGAIN_MS, again);
  }
}
