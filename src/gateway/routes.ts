// The table of hosts and paths. It is built from all ingresses at once and swapped whole, so a request sees one state.

import type { Random } from '#base/mod.ts';
import type { Affinity, AsyncRule, HostRule, IngressRules, Mirror, PathRule, Split } from './control.ts';
import { cookieValue, headerList } from './headers.ts';
import type { Exchange } from './transport.ts';

/** Set on copies of requests, so that an application can tell them from the originals. */
export const MIRRORED_HEADER = 'Ebb-Mirrored';

export type Door = 'external' | 'internal';

/** A path rule made ready for matching. */
export interface RoutePath {
  readonly prefix: string;
  readonly match: readonly (readonly [name: string, value: string])[];
  /** Undefined: any. */
  readonly cookies: readonly (readonly [name: string, value: string])[] | undefined;
  readonly affinity: Affinity | undefined;
  readonly mirror: Mirror | undefined;
  readonly async: AsyncRule | 'disabled';
  readonly setHeaders: Readonly<Record<string, string>>;
  readonly rewriteHost: string | undefined;
  readonly plain: boolean;
  readonly splits: readonly Split[];
  readonly weight: number;
}

interface Host {
  readonly owner: string;
  readonly hash: string | undefined;
  readonly redirectToHttps: boolean;
  readonly paths: readonly RoutePath[];
}

/** Whose headers are looked at where a rule asks for some. */
type HasHeaders = Pick<Exchange, 'headers'>;

export interface Found {
  readonly path: RoutePath;
  /** Key of the ingress that it is of. */
  readonly owner: string;
  readonly redirectToHttps: boolean;
  /** The name of the ingress' state that this is of. */
  readonly hash: string | undefined;
}

/** One state of the table. */
export class RouteTable {
  readonly #doors: Readonly<Record<Door, Map<string, Host>>> = { external: new Map(), internal: new Map() };

  /** A host that two ingresses claim stays with the one that stands first. */
  constructor(ingresses: ReadonlyMap<string, IngressRules>) {
    for (const [key, { rules, hash }] of ingresses) {
      const owner = { owner: key, hash };
      for (const rule of rules) if (rule.visibility === 'internal') this.#enter('internal', owner, rule);
      for (const rule of rules) {
        if (rule.visibility !== 'external') continue;
        this.#enter('external', owner, rule);
        // The internal door leads everywhere; a host's own internal rule goes before its external one.
        this.#enter('internal', owner, { ...rule, redirectToHttps: false });
      }
    }
  }

  /** The rule for a request, or undefined: unknown host, a host that this door does not show, or no path. */
  find(door: Door, authority: string, target: string, from: HasHeaders): Found | undefined {
    const hosts = this.#doors[door];
    const host = hosts.get(authority) ?? hosts.get(plainHost(authority));
    if (!host) return undefined;
    const query = target.indexOf('?');
    const pathname = query < 0 ? target : target.slice(0, query);
    const path = host.paths.find((candidate) => pathname.startsWith(candidate.prefix) && matches(candidate, from));
    return path && { path, owner: host.owner, redirectToHttps: host.redirectToHttps && !path.plain, hash: host.hash };
  }

  #enter(door: Door, { owner, hash }: Pick<Host, 'owner' | 'hash'>, rule: HostRule): void {
    const hosts = this.#doors[door];
    const paths = rule.paths.map(compile);
    for (const name of rule.hosts) {
      const key = plainHost(name);
      const there = hosts.get(key);
      if (there && there.owner !== owner) continue;
      const all = [...(there?.paths ?? []), ...paths];
      hosts.set(key, {
        owner,
        hash,
        redirectToHttps: there?.redirectToHttps ?? rule.redirectToHttps ?? false,
        paths: longestFirst(all),
      });
    }
  }
}

/** Picks a split by its weight. Undefined where a path has none. */
export function choose({ splits, weight }: RoutePath, random: Random): Split | undefined {
  if (splits.length <= 1) return splits[0];
  let at = random.next() * weight;
  for (const split of splits) {
    at -= split.percent;
    if (at < 0) return split;
  }
  return splits.at(-1);
}

/** A host without port and trailing dot, in lower case. */
export function plainHost(authority: string): string {
  const end = authority.startsWith('[') ? authority.indexOf(']') + 1 : authority.indexOf(':');
  const host = (end > 0 ? authority.slice(0, end) : authority).toLowerCase();
  return host.endsWith('.') ? host.slice(0, -1) : host;
}

function compile(rule: PathRule): RoutePath {
  const {
    prefix,
    headers = {},
    cookies,
    affinity,
    mirror,
    async = {},
    setHeaders = {},
    rewriteHost,
    plain = false,
    splits,
  } = rule;
  // Shares of nothing are never chosen; a path's only share is the whole whatever it says.
  const live = splits.length === 1 ? splits : splits.filter(({ percent }) => percent > 0);
  return {
    prefix: prefix || '/',
    match: Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const),
    cookies: cookies && Object.entries(cookies),
    affinity,
    mirror: mirror && mirror.percent > 0 ? marked(mirror) : undefined,
    async,
    setHeaders,
    rewriteHost,
    plain,
    splits: live,
    weight: live.reduce((sum, { percent }) => sum + percent, 0),
  };
}

/** A copy says that it is one. */
function marked({ split, percent }: Mirror): Mirror {
  return { split: { ...split, setHeaders: { ...split.setHeaders, [MIRRORED_HEADER]: 'true' } }, percent };
}

/** Sorting is stable: among equal prefixes the given order stands. */
function longestFirst(paths: RoutePath[]): RoutePath[] {
  return paths.sort((a, b) => b.prefix.length - a.prefix.length);
}

function matches({ match, cookies }: RoutePath, from: HasHeaders): boolean {
  if (match.length === 0 && cookies === undefined) return true;
  const { headers } = from;
  return (
    match.every(([name, value]) => headerList(headers, name) === value) &&
    (cookies === undefined || cookies.every(([name, value]) => cookieValue(headers, name) === value))
  );
}
