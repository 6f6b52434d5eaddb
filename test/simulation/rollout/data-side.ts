// What the gateway has been told, and whether every state of it was one that somebody had asked for.

import type { Clock } from '#base/mod.ts';
import type { GatewayControl, IngressRules, PathRule } from '#gateway/mod.ts';
import type { Clients, RolloutLedger, Traffic } from './clients.ts';

/** The share that a gradual rollout has given its newest Revision, and when it set out. */
interface Gradual {
  readonly host: string;
  readonly revision: string;
  readonly sinceMs: number;
  readonly forMs: number;
  percent: number;
}

/** A rollout may be through a little early: its steps are counted from when the first was answered. */
const EARLY_SHARE = 0.6;

export class DataSide {
  readonly targets = new Set<string>();
  readonly ingresses = new Map<string, IngressRules>();
  readonly #clock: Clock;
  readonly #ledger: RolloutLedger;
  readonly #clients: () => Clients;
  #gradual: Gradual | undefined;

  constructor(clock: Clock, ledger: RolloutLedger, clients: () => Clients) {
    this.#clock = clock;
    this.#ledger = ledger;
    this.#clients = clients;
  }

  /** The hosts that somebody outside may ask. */
  get hosts(): readonly string[] {
    return [...this.ingresses.values()].flatMap((rules) => Object.keys(sharesIn(rules)));
  }

  /** From here on the newest Revision of a host gets its share little by little. */
  expectGradual(host: string, revision: string, forMs: number): void {
    this.#gradual = { host, revision, forMs, sinceMs: this.#clock.monotonic(), percent: 0 };
  }

  /** How much of a host a gradual rollout has given its newest Revision. */
  get gradualPercent(): number {
    return this.#gradual?.percent ?? 0;
  }

  /** The same control, which is watched: after each word to the gateway its hosts are asked. */
  over(control: GatewayControl): GatewayControl {
    return {
      setIngress: async (key, rules) => {
        if (rules) this.ingresses.set(key, rules);
        else this.ingresses.delete(key);
        if (rules) this.#judge(sharesIn(rules));
        await control.setIngress(key, rules);
        this.#clients().ask();
      },
      setTarget: async (key, target) => {
        if (target) this.targets.add(key);
        else this.targets.delete(key);
        await control.setTarget(key, target);
        this.#clients().ask();
      },
      drain: (endpointId, deadlineMs) => control.drain(endpointId, deadlineMs),
      onReport: (listen) => control.onReport(listen),
      onWake: (listen) => control.onWake(listen),
      refusals: () => control.refusals(),
    };
  }

  #judge(told: Traffic): void {
    for (const [host, shares] of Object.entries(told)) {
      const gradual = this.#gradual?.host === host ? this.#gradual : undefined;
      if (gradual && Object.hasOwn(shares, gradual.revision)) this.#judgeGradual(gradual, shares);
      else this.#judgeShares(host, shares);
    }
  }

  #judgeShares(host: string, shares: Traffic[string]): void {
    const wanted = this.#clients().standing.map((traffic) => traffic[host]);
    const isGradual = this.#gradual?.host === host;
    // A host that leads to another host has what that one has.
    if (Object.keys(shares).length === 0) return;
    const isWanted = isGradual
      ? Object.keys(shares).every((revision) => wanted.some((one) => one && Object.hasOwn(one, revision)))
      : wanted.some((one) => one && text(shares) === text(one));
    if (!isWanted && wanted.some((one) => one))
      this.#ledger.breach(
        'web',
        `${host} was given ${text(shares)}, not ${wanted.map((one) => text(one)).join(' or ')}`,
      );
  }

  /** Never back, and not all of it before its time. */
  #judgeGradual(gradual: Gradual, shares: Traffic[string]): void {
    const percent = shares[gradual.revision] ?? 0;
    const sum = Object.values(shares).reduce((all, one) => all + one, 0);
    const elapsed = this.#clock.monotonic() - gradual.sinceMs;
    const { host, revision } = gradual;
    if (sum !== 100) this.#ledger.breach('web', `the shares of ${host} are ${text(shares)}, which is ${sum} percent`);
    if (percent < gradual.percent)
      this.#ledger.breach('web', `${revision} had ${gradual.percent} percent and then ${percent}`);
    if (percent === 100 && gradual.percent < 100 && elapsed < EARLY_SHARE * gradual.forMs)
      this.#ledger.breach('web', `${revision} had everything after ${elapsed} ms, not after ${gradual.forMs}`);
    gradual.percent = Math.max(gradual.percent, percent);
  }
}

/** What each host outside gets of requests that carry nothing special. */
function sharesIn({ rules }: IngressRules): Traffic {
  const traffic: Record<string, Record<string, number>> = {};
  for (const { visibility, hosts, paths } of rules) {
    const path = paths.find((one) => isPlain(one));
    if (visibility === 'external' && path) for (const host of hosts) traffic[host] = sharesOf(path);
  }
  return traffic;
}

function isPlain({ headers = {}, rewriteHost, splits }: PathRule): boolean {
  return Object.keys(headers).length === 0 && (splits.length > 0 || rewriteHost !== undefined);
}

function sharesOf({ splits }: PathRule): Record<string, number> {
  const shares: Record<string, number> = {};
  for (const { target, percent } of splits) {
    const revision = target.split('/')[1] ?? '';
    if (percent > 0) shares[revision] = (shares[revision] ?? 0) + percent;
  }
  return shares;
}

function text(shares: Traffic[string] = {}): string {
  const parts = Object.entries(shares).sort(([a], [b]) => a.localeCompare(b));
  return parts.map(([revision, percent]) => `${revision}:${percent}`).join(' ') || 'nothing';
}
