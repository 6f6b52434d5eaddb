// From a request to its target: the route, probes and redirects on the way, the split, then a passage.

import type { Clock, Random } from '#base/mod.ts';
import type { Activator } from './activator.ts';
import { attachmentOf, splitOf } from './affinity.ts';
import { Alarms } from './alarms.ts';
import type { AsyncInvocations } from './async.ts';
import { isInvocationPath } from './async.ts';
import type { Mirror, RequestLogSettings, Target } from './control.ts';
import { headerValue } from './headers.ts';
import { answerHealth, isHealthProbe } from './health.ts';
import type { Mirrors } from './mirror.ts';
import type { Chosen } from './onward.ts';
import { onwardTo, togetherWith, traced } from './onward.ts';
import type { PassagePorts } from './passage.ts';
import { Passage } from './passage.ts';
import { prefersAsync } from './prefer.ts';
import { answerProbe } from './probe.ts';
import { redirect } from './redirect.ts';
import type { RefusalLedger, RefusalReason } from './refusals.ts';
import { refuse, REFUSALS } from './refusals.ts';
import type { RequestLogs } from './request-log.ts';
import type { RequestTraces } from './request-trace.ts';
import type { Door, Found, RoutePath, RouteTable } from './routes.ts';
import { choose } from './routes.ts';
import type { ClientEngine, Exchange, RawHeaders } from './transport.ts';

export interface ServePorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly client: ClientEngine;
  readonly activator: Activator;
  readonly ledger: RefusalLedger;
  /** The table as it stands now. */
  readonly routes: () => RouteTable;
  /** Whether that has all routes; until then one may be missing that is there. */
  readonly isTold: () => boolean;
  /** The port that redirects name; undefined: the default one. */
  readonly httpsPort: () => number | undefined;
  /** Whether the gateway takes its leave. */
  readonly isClosing: () => boolean;
  readonly onDone: PassagePorts['onDone'];
  /** A request was turned away before it was on its way to a target. */
  readonly onTurnedAway: (exchange: Exchange, status: number) => void;
  readonly traces?: RequestTraces | undefined;
  readonly mirrors: Mirrors;
  readonly requestLogs: RequestLogs;
  /** Serves what no route has, where it is its own. False: it is not, and nothing was done with it. */
  readonly ingest?: ((exchange: Exchange) => boolean) | undefined;
  /** Carries out requests whose clients do not wait; without it nobody is asked whether they would. */
  readonly async?: AsyncInvocations | undefined;
}

/** How often a host may be rewritten to another before it is called a circle. */
const MAX_REWRITES = 4;

export type Serve = (exchange: Exchange, door: Door) => void;

interface Settled {
  readonly path: RoutePath;
  /** Key of the ingress that the path is of. */
  readonly owner: string;
  /** What all the rewrites on the way have set. */
  readonly setHeaders: Readonly<Record<string, string>>;
}

export function createServe(ports: ServePorts): Serve {
  const requests = new Requests(ports);
  return (exchange, door) => requests.serve(exchange, door);
}

class Requests {
  readonly #ports: ServePorts;
  readonly #passagePorts: PassagePorts;

  constructor(ports: ServePorts) {
    const { clock, client, onDone, ledger } = ports;
    this.#ports = ports;
    this.#passagePorts = {
      clock,
      alarms: new Alarms(clock),
      client,
      onRefused: (target, reason) => ledger.count(target, reason),
      onDone,
    };
  }

  serve(exchange: Exchange, door: Door): void {
    const { routes, httpsPort } = this.#ports;
    const found = routes().find(door, exchange.authority, exchange.target, exchange);
    if (!found) return this.#unrouted(exchange);
    if (found.redirectToHttps && exchange.scheme === 'http') return redirect(exchange, httpsPort());

    const settled = settle(routes(), exchange, found);
    if (typeof settled === 'string') return this.#turnAway(exchange, settled);
    if (this.#setAside(exchange, settled, door)) return;

    const chosen = this.#choose(exchange, settled);
    if (!chosen) return this.#turnAway(exchange, 'no-target');
    const probe = exchange.passing === undefined ? headerValue(exchange.headers, 'k-network-probe') : undefined;
    if (probe !== undefined) return this.#answerProbe(exchange, probe, chosen, found.hash);
    this.#pass(exchange, settled, chosen);
  }

  #unrouted(exchange: Exchange): void {
    if (this.#ports.ingest?.(exchange)) return;
    if (isHealthProbe(exchange)) answerHealth(exchange, this.#ports.isClosing());
    else this.#turnAway(exchange, 'no-route');
  }

  #turnAway(exchange: Exchange, why: RefusalReason, target = '', body?: string, headers?: RawHeaders): void {
    const { isTold, ledger, onTurnedAway, traces } = this.#ports;
    const reason = why === 'no-route' && !isTold() ? 'not-told' : why;
    const { status } = REFUSALS[reason];
    ledger.count(target, reason);
    onTurnedAway(exchange, status);
    if (traces?.on) traces.turnedAway(exchange, reason, status);
    refuse(exchange, reason, body, headers);
  }

  /** Whether the request was handed to the asynchronous invocations, and is not to be served now. */
  #setAside(exchange: Exchange, { path, owner }: Settled, door: Door): boolean {
    const { async } = this.#ports;
    if (async === undefined || path.async === 'disabled') return false;
    const isOfInvocations = isInvocationPath(exchange.target);
    if (!isOfInvocations && (exchange.upgrade !== undefined || !prefersAsync(exchange))) return false;
    const target = path.splits[0]?.target;
    async[isOfInvocations ? 'serve' : 'take'](exchange, {
      service: owner,
      rule: path.async,
      door,
      refuse: (reason, body, headers) => this.#turnAway(exchange, reason, target, body, headers),
    });
    return true;
  }

  /** The share that the request gets: that of the endpoint it is attached to, else one by chance. */
  #choose(exchange: Exchange, { path, setHeaders }: Settled): Chosen | undefined {
    const { activator, random } = this.#ports;
    const attachment = path.affinity && attachmentOf(path.affinity, exchange);
    const split = (attachment && splitOf(path, attachment, activator)) ?? choose(path, random);
    return split && { path, split, set: togetherWith(setHeaders, split), attachment };
  }

  #answerProbe(exchange: Exchange, probe: string, { split, set }: Chosen, hash: string | undefined): void {
    const { activator } = this.#ports;
    const target = activator.target(split.target);
    const isLogged = target?.requestLog?.probes === true;
    answerProbe({
      exchange: isLogged ? this.#logged(exchange, target, target.requestLog, () => undefined) : exchange,
      probe,
      set,
      hash,
      ready: () => activator.hasOpenEndpoint(split.target),
      turnAway: (reason, body) => this.#turnAway(exchange, reason, split.target, body),
    });
  }

  #pass(exchange: Exchange, settled: Settled, chosen: Chosen): void {
    const { activator, traces } = this.#ports;
    const { path, split } = chosen;
    const untraced = onwardTo(activator, exchange, chosen);
    if (!untraced) return this.#turnAway(exchange, 'no-target', split.target);
    const onward = traces?.on ? traced(traces, exchange, path.prefix, untraced) : untraced;
    const { target } = onward;
    const { requestLog } = target;
    const noted = requestLog === undefined ? exchange : this.#logged(exchange, target, requestLog, () => passage);
    const seen = path.mirror === undefined ? noted : this.#mirrored(noted, settled, path.mirror);
    const passage = new Passage(seen, onward, this.#passagePorts);
    const visit = activator.arrive(split.target, passage, passage.startedMs);
    if (visit) passage.begin(visit);
  }

  #logged(
    exchange: Exchange,
    target: Target,
    settings: RequestLogSettings,
    holder: () => Passage | undefined,
  ): Exchange {
    return this.#ports.requestLogs.watch(exchange, target, settings, holder);
  }

  /** The exchange as the passage is to see it, so that the copy gets what passes. */
  #mirrored(exchange: Exchange, { path, setHeaders }: Settled, { split, percent }: Mirror): Exchange {
    const { activator, mirrors } = this.#ports;
    const set = togetherWith(setHeaders, split);
    return mirrors.watch(exchange, percent, (copy) => {
      const onward = onwardTo(activator, copy, { path, split, set, attachment: undefined });
      const passage = onward && new Passage(copy, onward, this.#passagePorts);
      const visit = passage && activator.arrive(split.target, passage);
      if (visit) passage.begin(visit);
      else copy.abort();
    });
  }
}

/** Follows rewrites without splits to the rule that has some. */
function settle(routes: RouteTable, exchange: Exchange, found: Found): Settled | RefusalReason {
  let { path, owner } = found;
  let setHeaders = path.setHeaders;
  for (let i = 0; path.splits.length === 0 && path.rewriteHost !== undefined; i++) {
    if (i === MAX_REWRITES) return 'rewrite-loop';
    const next = routes.find('internal', path.rewriteHost, exchange.target, exchange);
    if (!next) return 'no-route';
    ({ path, owner } = next);
    setHeaders = { ...setHeaders, ...path.setHeaders };
  }
  return { path, owner, setHeaders };
}
