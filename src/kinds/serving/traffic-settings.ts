// What this platform adds to traffic by annotations of its own: read here once, for those who check and those who carry out.

import { HOUR_MS, SECOND_MS } from '#base/mod.ts';
import type { Read } from '#base/mod.ts';
import {
  isRecord,
  numberBetween,
  parseDuration,
  readAttemptTimeout,
  readBackoff,
  readMaxAge,
  readRetries,
} from '#base/mod.ts';
import {
  ASYNC_ANNOTATION,
  ASYNC_BACKOFF_ANNOTATION,
  ASYNC_CALLBACKS_ANNOTATION,
  ASYNC_MAX_AGE_ANNOTATION,
  ASYNC_PARALLELISM_ANNOTATION,
  ASYNC_RETRIES_ANNOTATION,
  ASYNC_TIMEOUT_ANNOTATION,
  BACKLOG_ANNOTATION,
  MAX_QUEUE_ANNOTATION,
  MIRROR_ANNOTATION,
  PORTS_ANNOTATION,
  QUEUE_FULL_STATUS_ANNOTATION,
  ROUTING_RULES_ANNOTATION,
  SESSION_AFFINITY_ANNOTATION,
  TIMEOUT_ANNOTATION,
} from '../labels.ts';

type Annotations = Readonly<Record<string, string>>;

/** A request goes to `tag` where it carries all of these. */
export interface RoutingRule {
  readonly tag: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies: Readonly<Record<string, string>>;
}

/** A further port of a container. */
export interface NamedPort {
  readonly name: string;
  readonly port: number;
  readonly protocol: 'http1' | 'h2c';
  /** Requests with this path prefix go there; undefined: those whose host begins with the name. */
  readonly path: string | undefined;
}

/** A number elsewhere that counts as load. */
export interface BacklogSource {
  readonly url: string;
  /** The series to sum in an answer in Prometheus' format, as `queue_depth{queue="mail"}`; undefined: the answer is a bare number. */
  readonly metric: string | undefined;
  /** How much of it one instance should have. */
  readonly target: number;
}

/** The settings of a Service or Route. */
export interface RouteSettings {
  readonly affinitySeconds: number;
  readonly rules: readonly RoutingRule[];
  readonly mirror: { readonly tag: string; readonly percent: number };
  /** What is done with `Prefer: respond-async`. */
  readonly async: 'enabled' | 'disabled';
  readonly asyncRetries: number;
  readonly asyncBackoffMs: number;
  readonly asyncTimeoutMs: number;
  readonly asyncMaxAgeMs: number;
  readonly asyncParallelism: number;
  readonly asyncCallbacks: 'public' | 'any' | 'none';
}

/** The settings of a revision template. */
export interface InstanceSettings {
  readonly timeoutMs: number;
  readonly maxQueue: number;
  readonly queueFullStatus: 429 | 503;
  readonly ports: readonly NamedPort[];
  readonly backlog: BacklogSource;
}

const MAX_TIMEOUT_MS = 24 * HOUR_MS;
const MAX_AFFINITY_MS = 30 * 24 * HOUR_MS;
/** As many as the gateway lets wait for one revision at most. */
const MAX_QUEUE = 10_000;
const MAX_ASYNC_PARALLELISM = 1000;
const MAX_RULES = 32;
const MAX_PORTS = 8;
const PORT_NAME = /^[a-z]([a-z0-9-]{0,13}[a-z0-9])?$/;
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

type Rows<T> = { readonly [K in keyof T]: readonly [key: string, read: (text: string) => Read<T[K]>] };

export const ROUTE_ROWS: Rows<RouteSettings> = {
  affinitySeconds: [SESSION_AFFINITY_ANNOTATION, readAffinity],
  rules: [ROUTING_RULES_ANNOTATION, readRules],
  mirror: [MIRROR_ANNOTATION, readMirror],
  async: [ASYNC_ANNOTATION, oneOf('enabled', 'disabled')],
  asyncRetries: [ASYNC_RETRIES_ANNOTATION, readRetries],
  asyncBackoffMs: [ASYNC_BACKOFF_ANNOTATION, readBackoff],
  asyncTimeoutMs: [ASYNC_TIMEOUT_ANNOTATION, readAttemptTimeout],
  asyncMaxAgeMs: [ASYNC_MAX_AGE_ANNOTATION, readMaxAge],
  asyncParallelism: [ASYNC_PARALLELISM_ANNOTATION, numberBetween(1, MAX_ASYNC_PARALLELISM)],
  asyncCallbacks: [ASYNC_CALLBACKS_ANNOTATION, oneOf('public', 'any', 'none')],
};

export const INSTANCE_ROWS: Rows<InstanceSettings> = {
  timeoutMs: [TIMEOUT_ANNOTATION, readTimeout],
  maxQueue: [MAX_QUEUE_ANNOTATION, readMaxQueue],
  queueFullStatus: [QUEUE_FULL_STATUS_ANNOTATION, readStatus],
  ports: [PORTS_ANNOTATION, readPorts],
  backlog: [BACKLOG_ANNOTATION, readBacklog],
};

/** What a Route's (or KIngress's) annotations say; what is faulty is as if it were not there. */
export function routeSettings(annotations: Annotations = {}): Partial<RouteSettings> {
  return settingsOf(ROUTE_ROWS, annotations);
}

/** What a Revision's annotations say; what is faulty is as if it were not there. */
export function instanceSettings(annotations: Annotations = {}): Partial<InstanceSettings> {
  return settingsOf(INSTANCE_ROWS, annotations);
}

function settingsOf<T>(rows: Rows<T>, annotations: Annotations): Partial<T> {
  const out: Partial<T> = {};
  for (const name of Object.keys(rows) as (keyof T)[]) {
    const [key, read] = rows[name];
    const text = annotations[key];
    const found = text === undefined ? undefined : read(text);
    if (found && 'value' in found) out[name] = found.value;
  }
  return out;
}

function readTimeout(text: string): Read<number> {
  const ms = parseDuration(text);
  if (ms === undefined || ms < SECOND_MS || ms > MAX_TIMEOUT_MS || ms % SECOND_MS !== 0)
    return { fault: 'expected a duration of whole seconds from 1s to 24h, such as "30m"' };
  return { value: ms };
}

function readAffinity(text: string): Read<number> {
  const ms = parseDuration(text);
  if (ms === undefined || ms < SECOND_MS || ms > MAX_AFFINITY_MS || ms % SECOND_MS !== 0)
    return { fault: 'expected how long a client stays with its instance, from 1s to 720h, such as "1h"' };
  return { value: ms / SECOND_MS };
}

function readMaxQueue(text: string): Read<number> {
  const count = /^[0-9]{1,6}$/.test(text) ? Number(text) : 0;
  return count >= 1 && count <= MAX_QUEUE
    ? { value: count }
    : { fault: `expected how many requests may wait, from 1 to ${MAX_QUEUE}` };
}

function readStatus(text: string): Read<429 | 503> {
  if (text === '429') return { value: 429 };
  return text === '503' ? { value: 503 } : { fault: 'expected "429" or "503"' };
}

function oneOf<T extends string>(...words: readonly T[]): (text: string) => Read<T> {
  return (text) => {
    const value = words.find((word) => word === text);
    return value === undefined ? { fault: `expected ${words.map((word) => `"${word}"`).join(' or ')}` } : { value };
  };
}

function readMirror(text: string): Read<{ tag: string; percent: number }> {
  const [, tag = '', share] = /^([a-z0-9-]+)(?: ([0-9]{1,3})%)?$/.exec(text) ?? [];
  const percent = share === undefined ? 100 : Number(share);
  if (!tag || percent < 1 || percent > 100)
    return { fault: 'expected a tag of the traffic, and maybe a share of the requests, such as "shadow 10%"' };
  return { value: { tag, percent } };
}

const RULES_SHAPE =
  'expected a JSON list such as [{"tag":"blue","headers":{"X-Beta":"1"}},{"tag":"green","cookies":{"beta":"yes"}}]';

function readRules(text: string): Read<RoutingRule[]> {
  const list = json(text);
  if (!Array.isArray(list)) return { fault: RULES_SHAPE };
  if (list.length > MAX_RULES) return { fault: `expected at most ${MAX_RULES} rules` };
  const rules: RoutingRule[] = [];
  for (const [i, item] of list.entries()) {
    const rule = readRule(item);
    if ('fault' in rule) return { fault: `rule ${i}: ${rule.fault}` };
    rules.push(rule.value);
  }
  return { value: rules };
}

function readRule(item: unknown): Read<RoutingRule> {
  if (!isRecord(item)) return { fault: RULES_SHAPE };
  const { tag, headers = {}, cookies = {}, ...rest } = item;
  const [stray] = Object.keys(rest);
  if (stray !== undefined) return { fault: `unknown field ${JSON.stringify(stray)}: expected tag, headers, cookies` };
  if (typeof tag !== 'string' || tag === '') return { fault: 'expected a tag of the traffic in "tag"' };
  if (!isTexts(headers) || !isTexts(cookies)) return { fault: 'headers and cookies are names with texts' };
  if (Object.keys(headers).length + Object.keys(cookies).length === 0)
    return { fault: 'expected a header or cookie that a request must carry' };
  const wrong = [...Object.keys(headers), ...Object.keys(cookies)].find((name) => !TOKEN.test(name));
  if (wrong !== undefined) return { fault: `${JSON.stringify(wrong)} is no name of a header or cookie` };
  return { value: { tag, headers, cookies } };
}

const PORTS_SHAPE =
  'expected JSON such as {"grpc":{"port":9000,"protocol":"h2c"},"admin":{"port":9001,"path":"/admin"}}';

function readPorts(text: string): Read<NamedPort[]> {
  const ports = json(text);
  if (!isRecord(ports)) return { fault: PORTS_SHAPE };
  const entries = Object.entries(ports);
  if (entries.length > MAX_PORTS) return { fault: `expected at most ${MAX_PORTS} ports` };
  const out: NamedPort[] = [];
  for (const [name, item] of entries) {
    const port = readPort(name, item);
    if ('fault' in port) return { fault: `port ${JSON.stringify(name)}: ${port.fault}` };
    if (out.some((other) => other.port === port.value.port)) return { fault: `port ${port.value.port} is named twice` };
    out.push(port.value);
  }
  return { value: out };
}

function readPort(name: string, item: unknown): Read<NamedPort> {
  if (!PORT_NAME.test(name)) return { fault: 'a name is at most 15 lower-case letters, digits and dashes' };
  if (!isRecord(item)) return { fault: PORTS_SHAPE };
  const { port, protocol = 'http1', path, ...rest } = item;
  const [stray] = Object.keys(rest);
  if (stray !== undefined) return { fault: `unknown field ${JSON.stringify(stray)}: expected port, protocol, path` };
  if (!Number.isInteger(port) || Number(port) < 1 || Number(port) > 65_535)
    return { fault: 'expected a number from 1 to 65535 in "port"' };
  if (protocol !== 'http1' && protocol !== 'h2c') return { fault: 'expected "http1" or "h2c" in "protocol"' };
  if (path !== undefined && !(typeof path === 'string' && /^\/[!-~]+$/.test(path)))
    return { fault: 'expected a path prefix such as "/admin" in "path"' };
  return { value: { name, port: Number(port), protocol, path } };
}

const BACKLOG_SHAPE =
  'expected JSON such as {"url":"http://127.0.0.1:9419/metrics","metric":"queue_depth{queue=\\"mail\\"}","target":10}';
const SERIES = /^[a-zA-Z_:][a-zA-Z0-9_:]*(\{[^{}]*\})?$/;

function readBacklog(text: string): Read<BacklogSource> {
  const source = json(text);
  if (!isRecord(source)) return { fault: BACKLOG_SHAPE };
  const { url, metric, target, ...rest } = source;
  const [stray] = Object.keys(rest);
  if (stray !== undefined) return { fault: `unknown field ${JSON.stringify(stray)}: expected url, metric, target` };
  if (typeof url !== 'string' || !/^https?:$/.test(URL.parse(url)?.protocol ?? ''))
    return { fault: 'expected an address that begins with http:// or https:// in "url"' };
  if (metric !== undefined && !(typeof metric === 'string' && SERIES.test(metric)))
    return { fault: 'expected the name of a metric, maybe with labels, in "metric"' };
  if (typeof target !== 'number' || !(target > 0))
    return { fault: 'expected how much of it one instance should have, above 0, in "target"' };
  return { value: { url, metric, target } };
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isTexts(value: unknown): value is Record<string, string> {
  return isRecord(value) && Object.values(value).every((text) => typeof text === 'string');
}
