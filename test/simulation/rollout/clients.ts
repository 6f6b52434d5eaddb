// Clients who ask all the time: what they are owed at each moment, and whether that is what they got.

import type { Clock, Random } from '#base/mod.ts';
import type { Exchange } from '#gateway/mod.ts';
import { isLucky } from '../chance.ts';
import { sendRequest } from '../exchange.ts';
import type { Entry, Plan } from '../ledger.ts';
import { Ledger } from '../ledger.ts';
import { anyPlan } from '../plans.ts';
import type { Trace } from '../trace.ts';

/** Shares of a host's requests by Revision; undefined: the host is not there. */
export type Shares = Readonly<Record<string, number>> | undefined;
/** By host. */
export type Traffic = Readonly<Record<string, NonNullable<Shares>>>;

const PLAIN: Plan = { kind: 'plain', pieces: 0, gapMs: 0, workMs: 5, leavesAfterMs: undefined };

export class RolloutLedger extends Ledger {
  /** Requests that no host took, where none was owed. */
  refused = 0;
  readonly #due = new Map<string, Due>();

  /** The request is on its way from here on. */
  promise(entry: Entry, due: Due): void {
    this.#due.set(entry.id, due);
  }

  override answered(entry: Entry, nowMs: number): void {
    super.answered(entry, nowMs);
    const due = this.#due.get(entry.id);
    const [by = ''] = entry.heardBy;
    const revision = by.replace(/-deployment-.*$/, '');
    if (due?.may(revision) === false)
      this.breach(entry.service, `${due.host} was answered by ${revision}, not by ${due.told()}`);
  }

  override lost(entry: Entry, why: string): void {
    const due = this.#due.get(entry.id);
    if (!due?.mayBeUnknown || !REFUSED.test(why)) return super.lost(entry, `${due?.host}: ${why}`);
    this.refused++;
    this.left(entry);
  }
}

/** What whoever asks a host is owed: everything that stood at any time while the request was on its way. */
class Due {
  readonly host: string;
  readonly #revisions = new Set<string>();
  mayBeUnknown = false;

  constructor(host: string, standing: readonly Traffic[]) {
    this.host = host;
    this.add(standing);
  }

  add(standing: readonly Traffic[]): void {
    for (const traffic of standing) {
      const shares = traffic[this.host];
      if (!shares) this.mayBeUnknown = true;
      else for (const [revision, share] of Object.entries(shares)) if (share > 0) this.#revisions.add(revision);
    }
  }

  may(revision: string): boolean {
    return this.#revisions.has(revision);
  }

  told(): string {
    return [...this.#revisions].join(', ') || 'nobody';
  }
}

export interface ClientsOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly trace: Trace;
  readonly ledger: RolloutLedger;
  readonly serve: (exchange: Exchange) => void;
}

/** What may be said of a host that is not owed: it is not known, or its Revision has just gone. */
const REFUSED = /^answered (404|503)/;
const PACE_MS = 400;
const DENSE_PACE_MS = 20;

export class Clients {
  readonly #options: ClientsOptions;
  /** What stands now: before a change is through, that of before as well. */
  #standing: readonly Traffic[] = [{}];
  readonly #hosts = new Set<string>();
  readonly #open = new Map<Due, Promise<void>>();
  #isAsking = true;
  #denseUntil = 0;

  constructor(options: ClientsOptions) {
    this.#options = options;
  }

  /** A change is wanted: until it is through, both are right. */
  change(to: Traffic): void {
    this.#stand([...this.#standing, to]);
  }

  /** The change is through. */
  settle(to: Traffic): void {
    this.#stand([to]);
  }

  get standing(): readonly Traffic[] {
    return this.#standing;
  }

  /** Begins to ask every host that was ever to be there. */
  begin(): void {
    this.#tick();
  }

  /** Asks much more often for a while. */
  crowd(forMs: number): void {
    const { clock } = this.#options;
    this.#denseUntil = Math.max(this.#denseUntil, clock.monotonic() + forMs);
  }

  /** Asks every host at once, unless there is silence. */
  ask(): void {
    if (this.#isAsking) for (const host of this.#hosts) this.#ask(host);
  }

  pause(): void {
    this.#isAsking = false;
  }

  resume(): void {
    if (this.#isAsking) return;
    this.#isAsking = true;
    this.#tick();
  }

  /** Resolves when all that was asked has an answer. */
  async answered(): Promise<void> {
    while (this.#open.size > 0) await Promise.all(this.#open.values());
  }

  #stand(standing: readonly Traffic[]): void {
    this.#standing = standing;
    for (const traffic of standing) for (const host of Object.keys(traffic)) this.#hosts.add(host);
    for (const due of this.#open.keys()) due.add(standing);
  }

  #tick(): void {
    if (!this.#isAsking) return;
    const { clock } = this.#options;
    this.ask();
    const pace = clock.monotonic() < this.#denseUntil ? DENSE_PACE_MS : PACE_MS;
    clock.after(pace, () => this.#tick());
  }

  #ask(host: string): void {
    const { clock, random, ledger, serve } = this.#options;
    const plan = isLucky(random, 0.03) ? { ...anyPlan(random), leavesAfterMs: undefined } : PLAIN;
    const entry = ledger.begin({ service: 'web', plan, occasion: host, sentMs: clock.monotonic() });
    const due = new Due(host, this.#standing);
    ledger.promise(entry, due);
    const sent = sendRequest(entry, host, { clock, random, ledger, serve });
    this.#open.set(due, sent);
    void sent.then(() => this.#open.delete(due));
  }
}
