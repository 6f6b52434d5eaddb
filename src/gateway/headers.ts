// Header lists: reading them, and what changes in them on the way through.

import { headerValue } from '#base/mod.ts';
import type { Protocol } from './control.ts';
import { Fields, linesOf } from './fields.ts';
import type { Exchange, RawHeaders } from './transport.ts';

/** What a field is to a proxy, by its name. */
export type Role =
  | 'plain'
  | 'connection'
  /** Belongs to one connection (RFC 9110 §7.6.1). */
  | 'hop'
  | 'upgrade'
  /** Transfer-Encoding, which frames a body for one connection. */
  | 'coding'
  /** Content-Length: the engine writes it anew for an endpoint; for a client it says how the body is framed. */
  | 'length'
  | 'host'
  | 'expect'
  /** Only the gateway may say it to an application, so it is taken off what a client sends. */
  | 'ours'
  /** The same, but a request that comes from the platform itself may have it. */
  | 'invocation'
  | 'te'
  /** The gateway itself may heed it; it goes on all the same. */
  | 'prefer'
  | 'date'
  | 'cookie'
  | 'forwarded'
  | 'forwarded-for'
  | 'forwarded-host'
  | 'forwarded-proto';

interface KnownName {
  /** As most write it. */
  readonly usual: string;
  readonly lower: string;
  readonly role: Role;
}

const KNOWN: readonly KnownName[] = (
  [
    ['Connection', 'connection'],
    ['Keep-Alive', 'hop'],
    ['Proxy-Connection', 'hop'],
    ['Transfer-Encoding', 'coding'],
    ['Upgrade', 'upgrade'],
    ['HTTP2-Settings', 'hop'],
    ['TE', 'te'],
    ['Host', 'host'],
    ['Content-Length', 'length'],
    ['Expect', 'expect'],
    ['Prefer', 'prefer'],
    ['Date', 'date'],
    ['K-Proxy-Request', 'ours'],
    ['K-Original-Host', 'ours'],
    ['K-Network-Probe', 'ours'],
    ['K-Network-Hash', 'ours'],
    ['Ebb-Invocation-Id', 'invocation'],
    ['Ebb-Attempt', 'invocation'],
    ['Cookie', 'cookie'],
    ['Forwarded', 'forwarded'],
    ['X-Forwarded-For', 'forwarded-for'],
    ['X-Forwarded-Host', 'forwarded-host'],
    ['X-Forwarded-Proto', 'forwarded-proto'],
  ] as const
).map(([usual, role]) => ({ usual, lower: usual.toLowerCase(), role }));
const OURS_PREFIX = 'knative-serving-';

const MAX_MARKED = 64;
/** By a name's length, the first letters (their last five bits) of names of that length that have a role. */
const marked = new Uint32Array(MAX_MARKED);
const byLength: KnownName[][] = Array.from({ length: MAX_MARKED }, () => []);
for (const known of KNOWN) {
  const { length } = known.lower;
  marked[length] = (marked[length] as number) | firstLetter(known.lower, 0);
  byLength[length]?.push(known);
}
for (let length = OURS_PREFIX.length; length < MAX_MARKED; length++)
  marked[length] = (marked[length] as number) | firstLetter(OURS_PREFIX, 0);

/** One bit; the same for a letter in upper and in lower case. */
function firstLetter(text: string, at: number): number {
  return 1 << (text.charCodeAt(at) & 31);
}

/** The role of the name that stands in a text from `from` to `to`. Nearly all names are told apart without being cut out. */
export function roleIn(text: string, from: number, to: number): Role {
  const length = to - from;
  if (length < MAX_MARKED) {
    if (((marked[length] as number) & firstLetter(text, from)) === 0) return 'plain';
    for (const known of byLength[length] as KnownName[]) if (isSpelled(text, from, known)) return known.role;
  }
  if (length < OURS_PREFIX.length) return 'plain';
  return text.substring(from, from + OURS_PREFIX.length).toLowerCase() === OURS_PREFIX ? 'ours' : 'plain';
}

function isSpelled(text: string, from: number, { usual, lower }: KnownName): boolean {
  if (((text.charCodeAt(from) ^ lower.charCodeAt(0)) & 31) !== 0) return false;
  if (text.startsWith(usual, from) || text.startsWith(lower, from)) return true;
  return text.substring(from, from + lower.length).toLowerCase() === lower;
}

function roleOf(field: string): Role {
  return roleIn(field, 0, field.length);
}

export { headerValue };

/** All values of a field, joined as one list (RFC 9110 §5.3). */
export function headerList(headers: RawHeaders, name: string): string | undefined {
  let all: string | undefined;
  for (let i = 0; i < headers.length; i += 2) {
    const field = headers[i] ?? '';
    if (field.length === name.length && field.toLowerCase() === name)
      all = all === undefined ? headers[i + 1] : `${all}, ${headers[i + 1]}`;
  }
  return all;
}

/** The value of a cookie that a client sent; the first where it sent several of one name (RFC 6265 §5.4). */
export function cookieValue(headers: RawHeaders, name: string): string | undefined {
  for (let i = 0; i < headers.length; i += 2) {
    if (roleOf(headers[i] ?? '') !== 'cookie') continue;
    for (const pair of (headers[i + 1] ?? '').split(';')) {
      const equals = pair.indexOf('=');
      if (equals >= 0 && pair.slice(0, equals).trim() === name) return pair.slice(equals + 1).trim();
    }
  }
  return undefined;
}

export interface OnwardFacts {
  readonly headers: RawHeaders;
  /** Set on the request, over whatever the client sent under these names. */
  readonly set: Readonly<Record<string, string>>;
  readonly remoteAddress: string;
  readonly scheme: 'http' | 'https';
  readonly isOwn?: boolean | undefined;
  /** What the client asked for, where the request goes on under another host. */
  readonly originalHost?: string | undefined;
  readonly protocol: Protocol;
}

/** What a route sets, made ready to be set on each request. */
interface Setting {
  /** Lower-case names. */
  readonly names: ReadonlySet<string>;
  /** What goes on to the application. */
  readonly fields: readonly string[];
  /** The same as lines; undefined where it takes the place of something that a client may say. */
  readonly lines: string | undefined;
}

const settings = new WeakMap<Readonly<Record<string, string>>, Setting>();

function settingOf(set: Readonly<Record<string, string>>): Setting {
  const known = settings.get(set);
  if (known) return known;
  const names = Object.keys(set);
  const fields = names.filter(isOnward).flatMap((name) => [name, set[name] ?? '']);
  const setting = {
    names: new Set(names.map((name) => name.toLowerCase())),
    fields,
    lines: names.every((name) => roleOf(name) === 'ours') ? linesOf(fields) : undefined,
  };
  settings.set(set, setting);
  return setting;
}

/** The fields of a request as the application gets them. Those of most requests go on as they came, and what is added is known. */
export function onwardFields(
  exchange: Pick<Exchange, 'headers' | 'passing' | 'remoteAddress' | 'scheme' | 'isOwn'>,
  { set, originalHost, protocol }: Pick<OnwardFacts, 'set' | 'originalHost' | 'protocol'>,
): Fields {
  const { passing, remoteAddress, scheme } = exchange;
  if (passing !== undefined && originalHost === undefined && protocol === 'http1') {
    const { lines } = settingOf(set);
    if (lines !== undefined) return Fields.looked(`${passing}${cameFrom(remoteAddress, scheme)}${lines}`);
  }
  const { headers, isOwn } = exchange;
  return Fields.of(onwardHeaders({ headers, set, remoteAddress, scheme, isOwn, originalHost, protocol }));
}

/** Enough for the clients that are there at one time. */
const MAX_CAME_FROM = 10_000;
const cameFromBy = { http: new Map<string, string>(), https: new Map<string, string>() };

/** The lines that say where a request came from which says nothing of that itself. */
function cameFrom(remoteAddress: string, scheme: 'http' | 'https'): string {
  const known = cameFromBy[scheme];
  let lines = known.get(remoteAddress);
  if (lines === undefined) {
    lines = linesOf(onwardHeaders({ headers: [], set: {}, remoteAddress, scheme, protocol: 'http1' }));
    if (known.size === MAX_CAME_FROM) known.clear();
    known.set(remoteAddress, lines);
  }
  return lines;
}

/** The same as a list, without Host and framing. `set` is not changed once given. */
export function onwardHeaders(facts: OnwardFacts): string[] {
  const { headers, set, remoteAddress, scheme, isOwn, originalHost, protocol } = facts;
  const out: string[] = [];
  const { names: replaced, fields } = settingOf(set);
  const named = connectionNames(headers);
  let forwardedFor = '';
  let forwardedProto = '';
  let cookie = '';
  let forwarded = replaced.has('forwarded');
  for (let i = 0; i < headers.length; i += 2) {
    const field = headers[i] as string;
    const value = headers[i + 1] as string;
    switch (roleOf(field)) {
      case 'connection':
      case 'hop':
      case 'upgrade':
      case 'coding':
      case 'length':
      case 'host':
      case 'expect':
      case 'ours':
        break;
      case 'invocation':
        if (isOwn) out.push(field, value);
        break;
      case 'forwarded-for':
        forwardedFor = forwardedFor ? `${forwardedFor}, ${value}` : value;
        break;
      case 'forwarded-proto':
        forwardedProto ||= value;
        break;
      case 'te':
        if (protocol === 'h2c' && /\btrailers\b/i.test(value)) out.push(field, 'trailers');
        break;
      case 'cookie':
        cookie = cookie ? `${cookie}; ${value}` : value;
        break;
      case 'forwarded':
        if (replaced.has('forwarded') || named?.has('forwarded')) break;
        forwarded = true;
        out.push(field, value);
        break;
      default:
        if (!isNamed(field, replaced) && !isNamed(field, named)) out.push(field, value);
    }
  }
  if (cookie && !replaced.has('cookie')) out.push('Cookie', cookie);
  forwardedFor = forwardedFor ? `${forwardedFor}, ${remoteAddress}` : remoteAddress;
  forwardedProto ||= scheme;
  if (!replaced.has('x-forwarded-for')) out.push('X-Forwarded-For', forwardedFor);
  if (!replaced.has('x-forwarded-proto')) out.push('X-Forwarded-Proto', forwardedProto);
  if (!forwarded)
    out.push('Forwarded', forwardedField(forwardedFor, forwardedProto, headerValue(headers, 'x-forwarded-host')));
  if (originalHost !== undefined && !replaced.has('k-original-host')) out.push('K-Original-Host', originalHost);
  for (const text of fields) out.push(text);
  return out;
}

/** The fields of a response without those that are for one connection only. */
export function backwardHeaders(headers: RawHeaders): string[] {
  const out: string[] = [];
  const named = connectionNames(headers);
  for (let i = 0; i < headers.length; i += 2) {
    const field = headers[i] as string;
    if (!isOfConnection(roleOf(field)) && !isNamed(field, named)) out.push(field, headers[i + 1] as string);
  }
  return out;
}

/** Whether a field of a response says something to its next recipient alone. */
export function isOfConnection(role: Role): boolean {
  return role === 'hop' || role === 'connection' || role === 'upgrade' || role === 'coding' || role === 'te';
}

/** The `Forwarded` field (RFC 7239) that says the same as the older ones. */
export function forwardedField(forwardedFor: string, proto: string, host: string | undefined): string {
  // One address without more to say, as nearly always.
  if (!host && proto && !/[:,]/.test(forwardedFor)) return `for=${forwardedFor.trim()};proto=${proto}`;
  const nodes = forwardedFor.split(',').map((node) => node.trim());
  return nodes
    .map((node, i) => {
      const by = `for=${node.includes(':') && !node.startsWith('"') ? `"[${node.replace(/^\[|\]$/g, '')}]"` : node}`;
      if (i > 0) return by;
      return [by, ...(host ? [`host=${host}`] : []), ...(proto ? [`proto=${proto}`] : [])].join(';');
    })
    .join(', ');
}

function isNamed(field: string, names: ReadonlySet<string> | undefined): boolean {
  return names !== undefined && names.size > 0 && names.has(field.toLowerCase());
}

/** Of what routes set, the part meant for the gateway itself goes no further. */
function isOnward(name: string): boolean {
  return roleOf(name) !== 'ours' || name.toLowerCase() === 'k-original-host';
}

/** Fields that the sender named in `Connection`. */
function connectionNames(headers: RawHeaders): Set<string> | undefined {
  const list = headerList(headers, 'connection');
  if (list === undefined || !namesOthers(list)) return undefined;
  return new Set(list.split(',').map((name) => name.trim().toLowerCase()));
}

/** Whether a `Connection` names fields beside those that are always for one connection only. */
export function namesOthers(connection: string | undefined): boolean {
  return connection !== undefined && connection !== 'keep-alive' && !/^(keep-alive|close|upgrade)$/i.test(connection);
}
