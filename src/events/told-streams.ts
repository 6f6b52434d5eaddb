// The streams of a data process as the control process told them: in force right after a start, until it tells otherwise.

import type { Change } from '#link/mod.ts';
import type { Logger } from '#telemetry/mod.ts';
import { messageOf } from '#base/mod.ts';
import { Assembly, streamOf } from './assembly.ts';
import type { StreamRule, TokenIssuer } from './control.ts';
import { LogFullError } from './log/log.ts';
import type { Remembered } from './remembered.ts';

export const ISSUERS = 'issuers';
export const TRUST = 'trust';

/** What is told. */
export interface Tellable {
  setStream(key: string, rule: StreamRule | undefined): Promise<void>;
  setIssuers(issuers: readonly TokenIssuer[]): Promise<void>;
  setTrust(certificates: readonly string[]): Promise<void>;
  /** Everything that is wanted has been told. */
  told(): void;
}

/** Which of these streams are of channels that are no more. */
export type AskWhichAreGone = (keys: readonly string[]) => Promise<readonly string[]>;

export class ToldStreams {
  readonly #events: Tellable;
  readonly #remembered: Remembered;
  readonly #log: Logger;
  readonly #assembly = new Assembly();
  #last: Promise<unknown> = Promise.resolve();

  constructor(events: Tellable, remembered: Remembered, log: Logger) {
    this.#events = events;
    this.#remembered = remembered;
    this.#log = log;
  }

  /** What an earlier process was told is in force again. A stream that cannot be opened leaves the others alone. */
  async restore(): Promise<void> {
    const all = this.#remembered.all;
    await this.#tellWhom(all);
    await Promise.all(
      this.#assembly.take(all).map((key) =>
        this.#carryOut(key).catch((error: unknown) => {
          this.#log.error('a stream of events could not be opened', { stream: key, error: messageOf(error) });
        }),
      ),
    );
  }

  /** What is known from before, so that it is told from what is new. */
  get known(): readonly Change[] {
    return this.#remembered.all;
  }

  /** One after the other, so that no older word replaces a newer one. */
  apply(changes: readonly Change[], isAll: boolean): Promise<void> {
    const applied = this.#last.then(() => this.#apply(changes, isAll));
    this.#last = applied.catch(() => undefined);
    return applied;
  }

  /**
   * Wanted pieces are noted before they are carried out, and others forgotten after it: whenever the process dies, no stream is left
   * that nobody knows of. A stream that just was not told any more stays as it is: nobody said that its events may go.
   */
  async #apply(changes: readonly Change[], isAll: boolean): Promise<void> {
    const untold = new Set(changes.flatMap((change) => (isUntold(change) ? [change.key] : [])));
    const heard = changes.filter((change) => !untold.has(streamOf(change) ?? ''));
    await this.#note(heard.filter(({ value }) => value !== undefined));
    await this.#tellWhom(heard);
    await Promise.all(this.#assembly.take(heard).map((key) => this.#carryOut(key)));
    await this.#note(heard.filter(({ value }) => value === undefined));
    if (isAll) this.#events.told();
  }

  /** Lets go of streams whose channels went while nobody could say so. */
  async removeGone(ask: AskWhichAreGone): Promise<void> {
    const channels = this.#assembly.keys.filter((key) => isOfChannel(this.#assembly.rule(key)));
    const gone = new Set(channels.length > 0 ? await ask(channels) : []);
    if (gone.size === 0) return;
    const pieces = this.#remembered.all.filter((change) => gone.has(streamOf(change) ?? ''));
    await this.apply(
      pieces.map(({ kind, key }) => ({ kind, key })),
      false,
    );
    this.#log.info('streams of channels that are no more were let go', { streams: gone.size });
  }

  /** What has no room on a full disk is carried out all the same: it may be what makes room. */
  async #note(changes: readonly Change[]): Promise<void> {
    try {
      await this.#remembered.note(changes);
    } catch (error) {
      if (!(error instanceof LogFullError)) throw error;
      this.#log.warn('what streams are to be could not be noted for the next start', { error: messageOf(error) });
    }
  }

  #carryOut(key: string): Promise<void> {
    return this.#events.setStream(key, this.#assembly.rule(key));
  }

  /** Hands on the issuers of tokens, and the certificates that destinations are trusted by. */
  async #tellWhom(changes: readonly Change[]): Promise<void> {
    for (const { kind, value } of changes) {
      if (kind === ISSUERS) await this.#events.setIssuers((value ?? []) as readonly TokenIssuer[]);
      if (kind === TRUST) await this.#events.setTrust((value ?? []) as readonly string[]);
    }
  }
}

const isUntold = ({ kind, isStale }: Change): boolean => kind === 'stream' && isStale === true;

const isOfChannel = (rule: StreamRule | undefined): boolean =>
  rule?.addresses.some(({ kind }) => kind === 'channel') ?? false;
