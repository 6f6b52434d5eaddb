// The replays of all streams: each is kept as a mark of its stream, so that it goes on where it was after the process died.

import type { Timer } from '#base/mod.ts';
import { messageOf } from '#base/mod.ts';
import type { DeliveryPorts } from '../deliver/ports.ts';
import type { KeptReplay } from './replay.ts';
import { Replay } from './replay.ts';
import type { ReplayOrder, ReplayStatus } from './words.ts';

/** How often it is made durable how far replays have come; after a crash no more than this is sent twice. */
const SAVE_MS = 1000;
/** Replays that are remembered; beyond that the oldest that are over are forgotten. */
const MAX_TOLD = 100;
const MARK_PREFIX = 'replay/';

export class Replays {
  readonly #ports: DeliveryPorts;
  /** In the order in which they were begun. */
  readonly #all = new Map<string, Replay>();
  readonly #timers = new Map<string, Timer>();

  constructor(ports: DeliveryPorts) {
    this.#ports = ports;
  }

  get statuses(): readonly ReplayStatus[] {
    return [...this.#all.values()].map(({ status }) => status);
  }

  /** Starts a replay. Resolves with its id once a crash would not lose it. */
  async begin(order: ReplayOrder, { from, until }: { readonly from: number; readonly until: number }): Promise<string> {
    const kept = { order, from, position: from, until, delivered: 0, failed: 0, unfinished: [], isOver: false };
    const replay = new Replay(this.#freeId(), kept, this.#ports);
    this.#all.set(replay.id, replay);
    try {
      await this.#save(replay);
    } catch (error) {
      this.#all.delete(replay.id);
      throw error;
    }
    this.#run(replay);
    await this.#forgetOldest();
    return replay.id;
  }

  /** A stream is served from here on: its replays that were not over go on. */
  async resume(stream: string): Promise<void> {
    for (const [mark, bytes] of await this.#ports.log.loadMarks(stream)) {
      const id = mark.startsWith(MARK_PREFIX) ? mark.slice(MARK_PREFIX.length) : undefined;
      if (id === undefined || this.#all.has(id)) continue;
      const replay = new Replay(id, JSON.parse(Buffer.from(bytes).toString()) as KeptReplay, this.#ports);
      this.#all.set(id, replay);
      if (!replay.status.isOver) this.#run(replay);
    }
  }

  /** The stream is no more, and its replays with it. */
  drop(stream: string): void {
    for (const replay of this.#all.values()) if (replay.status.stream === stream) this.#forget(replay);
  }

  /** Sends nothing more, and keeps how far they have come. */
  async close(): Promise<void> {
    const underWay = [...this.#all.values()].filter(({ status }) => !status.isOver);
    for (const replay of underWay) replay.stop();
    await Promise.all(underWay.map((replay) => this.#saveOrTell(replay)));
    for (const timer of this.#timers.values()) timer.cancel();
  }

  #run(replay: Replay): void {
    this.#saveSoon(replay);
    void replay
      .run()
      .catch((error: unknown) => {
        replay.fail();
        this.#tell('a replay failed', replay, error);
      })
      .then(() => (replay.status.isOver ? this.#saveOrTell(replay) : undefined));
  }

  #saveSoon(replay: Replay): void {
    const timer = this.#ports.clock.after(SAVE_MS, () => {
      if (this.#timers.get(replay.id) !== timer || replay.status.isOver) return;
      void this.#saveOrTell(replay).then(() => {
        if (this.#timers.get(replay.id) === timer) this.#saveSoon(replay);
      });
    });
    this.#timers.set(replay.id, timer);
  }

  async #saveOrTell(replay: Replay): Promise<void> {
    if (!this.#all.has(replay.id)) return;
    await this.#save(replay).catch((error: unknown) =>
      this.#tell('it could not be noted how far a replay has come', replay, error),
    );
  }

  async #save({ id, status: { stream }, kept }: Replay): Promise<void> {
    const bytes = Buffer.from(JSON.stringify(kept));
    await this.#ports.log.saveMarks(stream, new Map([[`${MARK_PREFIX}${id}`, bytes]]));
  }

  async #forgetOldest(): Promise<void> {
    const over = [...this.#all.values()].find(({ status }) => status.isOver);
    if (this.#all.size <= MAX_TOLD || !over) return;
    this.#forget(over);
    await this.#ports.log.saveMarks(over.status.stream, new Map([[`${MARK_PREFIX}${over.id}`, undefined]]));
  }

  #forget(replay: Replay): void {
    this.#all.delete(replay.id);
    this.#timers.get(replay.id)?.cancel();
    this.#timers.delete(replay.id);
    replay.stop();
  }

  /** Made from the time, so that a stream never has the same id twice. */
  #freeId(): string {
    for (let number = this.#ports.clock.now(); ; number++) {
      const id = `replay-${number.toString(36)}`;
      if (!this.#all.has(id)) return id;
    }
  }

  #tell(what: string, { id, status: { stream } }: Replay, error: unknown): void {
    this.#ports.onTrouble(what, { stream, replay: id, error: messageOf(error) });
  }
}
