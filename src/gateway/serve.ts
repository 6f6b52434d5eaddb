// From a request to its target: the route, probes and redirects on the way, the split, then a passage.

import type { Clock, Random } from '#base/mod.ts';
import type { Activator } from './activator.ts';
import { Alarms } from './alarms.ts';
import { attachmentOf, splitOf } from './affinity.ts';
import type { AsyncInvocations } from './async.ts';
import { isInvocationPath } from './async.ts';
import type { Mirror, RequestLogSettings, Split, Target } from './control.ts';
import { Fields } from './fields.ts';
import { headerValue, onwardFields } from './headers.ts';
import { answerHealth, answerText, isHealthProbe } from './health.ts';
import type { Mirrors } from './mirror.ts';
import type { Onward, PassagePorts } from './passage.ts';
import { Passage } from './passage.ts';
import { prefersAsync } from './prefer.ts';
import type { RefusalLedger, RefusalReason } from './refusals.ts';
import { refuse, REFUSALS } from './refusals.ts';
import type { RequestTraces } from './request-trace.ts';
import type { Door, Found, RoutePath, RouteTable } from './routes.ts';
import { choose } from './routes.ts';
import type { RequestLogs } from './request-log.ts';
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
const DEFAULT_HTTPS_PORT = 443;
/** By which routes tell the traffic tag, as they spell it. */
const TAG_HEADER = 'Knative-Serving-Tag';

export type Serve = (exchange: Exchange, door: Door) => void;

interface Settled {
  readonly path: RoutePath;
  /** Key of the ingress that the path is of. */
  readonly owner: string;
  /** What all the rewrites on the way have set. */
  readonly setHeaders: Readonly<Record<string, string>>;
}

export function createServe(ports: ServePorts): Serve {
  const onRefused = (target: string, reason: RefusalReason) => ports.ledger.count(target, reason);
  const { clock, client, onDone } = ports;
  const passagePorts: PassagePorts = { clock, alarms: new Alarms(clock), client, onRefused, onDone };

  function turnAway(exchange: Exchange, why: RefusalReason, target = '', body?: string, headers?: RawHeaders): void {
    const reason = why === 'no-route' && !ports.isTold() ? 'not-told' : why;
    onRefused(target, reason);
    ports.onTurnedAway(exchange, REFUSALS[reason].status);
    if (ports.traces?.on) ports.traces.turnedAway(exchange, reason, REFUSALS[reason].status);
    refuse(exchange, reason, body, headers);
  }

  /** Whether the request was handed to the asynchronous invocations, and is not to be served now. */
  function setAside(exchange: Exchange, { path, owner }: Settled, door: Door): boolean {
    if (ports.async === undefined || path.async === 'disabled') return false;
    const isOfInvocations = isInvocationPath(exchange.target);
    if (!isOfInvocations && (exchange.upgrade !== undefined || !prefersAsync(exchange))) return false;
    const target = path.splits[0]?.target;
    ports.async[isOfInvocations ? 'serve' : 'take'](exchange, {
      service: owner,
      rule: path.async,
      door,
      refuse: (reason, body, headers) => turnAway(exchange, reason, target, body, headers),
    });
    return true;
  }

  function unrouted(exchange: Exchange): void {
    if (ports.ingest?.(exchange)) return;
    if (isHealthProbe(exchange)) answerHealth(exchange, ports.isClosing());
    else turnAway(exchange, 'no-route');
  }

  /** The exchange as the passage is to see it, so that the copy gets what passes. */
  function mirrored(exchange: Exchange, { path, setHeaders }: Settled, { split, percent }: Mirror): Exchange {
    const set = togetherWith(setHeaders, split);
    return ports.mirrors.watch(exchange, percent, (copy) => {
      const onward = onwardTo(ports.activator, copy, { path, split, set, attachment: undefined });
      const passage = onward && new Passage(copy, onward, passagePorts);
      const visit = passage && ports.activator.arrive(split.target, passage);
      if (visit) passage.begin(visit);
      else copy.abort();
    });
  }

  function logged(
    exchange: Exchange,
    target: Target,
    settings: RequestLogSettings,
    holder: () => Passage | undefined,
  ): Exchange {
    return ports.requestLogs.watch(exchange, target, settings, holder);
  }

  function loggedProbe(exchange: Exchange, key: string): Exchange {
    const target = ports.activator.target(key);
    const settings = target?.requestLog;
    return target && settings?.probes ? logged(exchange, target, settings, () => undefined) : exchange;
  }

  return (exchange, door) => {
    const found = ports.routes().find(door, exchange.authority, exchange.target, exchange);
    if (!found) return unrouted(exchange);
    if (found.redirectToHttps && exchange.scheme === 'http') return redirect(exchange, ports.httpsPort());

    const settled = settle(ports.routes(), exchange, found);
    if (typeof settled === 'string') return turnAway(exchange, settled);

    if (setAside(exchange, settled, door)) return;
    const { path } = settled;
    const attachment = path.affinity && attachmentOf(path.affinity, exchange);
    const split = (attachment && splitOf(path, attachment, ports.activator)) ?? choose(path, ports.random);
    if (!split) return turnAway(exchange, 'no-target');
    const set = togetherWith(settled.setHeaders, split);

    const probe = exchange.passing === undefined ? headerValue(exchange.headers, 'k-network-probe') : undefined;
    if (probe !== undefined) {
      return answerProbe({
        exchange: loggedProbe(exchange, split.target),
        probe,
        set,
        hash: found.hash,
        ready: () => ports.activator.hasOpenEndpoint(split.target),
        turnAway: (reason, body) => turnAway(exchange, reason, split.target, body),
      });
    }

    const untraced = onwardTo(ports.activator, exchange, { path, split, set, attachment });
    if (!untraced) return turnAway(exchange, 'no-target', split.target);
    const onward = ports.traces?.on ? traced(ports.traces, exchange, path.prefix, untraced) : untraced;
    const { requestLog } = onward.target;
    const noted = requestLog === undefined ? exchange : logged(exchange, onward.target, requestLog, () => passage);
    const seen = path.mirror === undefined ? noted : mirrored(noted, settled, path.mirror);
    const passage = new Passage(seen, onward, passagePorts);
    const visit = ports.activator.arrive(split.target, passage, passage.startedMs);
    if (visit) passage.begin(visit);
  };
}

const together = new WeakMap<
  Split,
  { under: Readonly<Record<string, string>>; all: Readonly<Record<string, string>> }
>();

/** What the path and the split set: made once, so that what is derived from it is, too. */
function togetherWith(under: Readonly<Record<string, string>>, split: Split): Readonly<Record<string, string>> {
  const known = together.get(split);
  if (known?.under === under) return known.all;
  const all = { ...under, ...split.setHeaders };
  together.set(split, { under, all });
  return all;
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

interface Chosen {
  readonly path: RoutePath;
  readonly split: Split;
  readonly set: Readonly<Record<string, string>>;
  readonly attachment: Onward['attachment'];
}

function onwardTo(
  activator: Activator,
  exchange: Exchange,
  { path, split, set, attachment }: Chosen,
): Onward | undefined {
  const target = activator.target(split.target);
  if (!target) return undefined;
  const { port } = split;
  const protocol = port === undefined ? target.protocol : (target.protocols?.[port] ?? 'http1');
  const { rewriteHost } = path;
  return {
    key: split.target,
    target,
    protocol,
    port,
    attachment,
    path: exchange.target,
    authority: rewriteHost ?? exchange.authority,
    tag: set[TAG_HEADER] ?? tagMatched(path),
    fields: onwardFields(exchange, {
      set,
      protocol,
      originalHost: rewriteHost === undefined ? undefined : exchange.authority,
    }),
  };
}

/** The tag of a path that only requests with its header find. */
function tagMatched({ match }: RoutePath): string | undefined {
  if (match.length === 0) return undefined;
  return match.find(([name]) => name.toLowerCase() === TAG_HEADER.toLowerCase())?.[1];
}

/** The same, with what tracing adds to it. */
function traced(traces: RequestTraces, exchange: Exchange, route: string, onward: Onward): Onward {
  const { key, target, fields } = onward;
  const { headers, trace } = traces.begin({ exchange, key, target, route, headers: fields.list });
  return { ...onward, fields: Fields.of(headers), trace };
}

interface ProbeFacts {
  readonly exchange: Exchange;
  readonly probe: string;
  readonly set: Readonly<Record<string, string>>;
  readonly hash: string | undefined;
  readonly ready: () => boolean;
  readonly turnAway: (reason: RefusalReason, body?: string) => void;
}

/** A prober that says this wants to know which state of the ingress is in force, instead of having its word back. */
const HASH_IN_FORCE = 'override';

/** Ingress probers, autoscalers and activators ask the data plane itself, never the application. */
function answerProbe({ exchange, probe, set, hash: inForce, ready, turnAway }: ProbeFacts): void {
  if (probe === 'probe') {
    const asked = headerValue(exchange.headers, 'k-network-hash');
    const hash = valueOf(set, 'k-network-hash') ?? (asked === HASH_IN_FORCE ? (inForce ?? asked) : asked);
    if (!hash) return turnAway('probe-without-hash');
    return exchange.respond({ status: 200, headers: ['K-Network-Hash', hash, 'Content-Length', '0'] }, true);
  }
  if (probe === 'queue' && !ready()) return turnAway('not-ready');
  if (probe === 'activator' || probe === 'queue') return answerText(exchange, 200, probe);
  turnAway('unknown-probe', `unexpected probe header value: ${probe}\n`);
}

function valueOf(headers: Readonly<Record<string, string>>, name: string): string | undefined {
  for (const [field, value] of Object.entries(headers)) if (field.toLowerCase() === name) return value;
  return undefined;
}

/** Who spoke without TLS at a door of TLS is sent to the same place with it. */
export function sendToTls(exchange: Exchange): void {
  const { authority, target } = exchange;
  if (authority) return moved(exchange, `https://${authority}${target}`);
  const why = 'this port speaks TLS: ask by https\n';
  exchange.respond({ status: 400, headers: ['Content-Length', String(why.length)] }, false);
  exchange.write(Buffer.from(why));
  exchange.end();
}

function redirect(exchange: Exchange, port: number | undefined): void {
  const host = exchange.authority.replace(/:[0-9]*$/, '');
  const at = port === undefined || port === DEFAULT_HTTPS_PORT ? host : `${host}:${port}`;
  moved(exchange, `https://${at}${exchange.target}`);
}

function moved(exchange: Exchange, location: string): void {
  exchange.respond({ status: 301, headers: ['Location', location, 'Content-Length', '0'] }, true);
}
