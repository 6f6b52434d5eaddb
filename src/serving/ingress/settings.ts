// What the annotations of a KIngress and of its Revisions add to its rules: affinity, choice by header and cookie, copies, ports,
// asynchronous invocations.

import { isRecord } from '#base/mod.ts';
import type { Affinity, AsyncRule, HostRule, Mirror, PathRule, Split } from '#gateway/mod.ts';
import type { KIngress, NamedPort, RouteSettings, RoutingRule } from '#kinds/mod.ts';
import { routeSettings, TAG_TO_HOST_ANNOTATION } from '#kinds/mod.ts';
import { TAG_HEADER } from '../route/children.ts';

/** The cookie by which a client is led back to its instance. */
const AFFINITY_COOKIE = 'ebb-affinity';

/** The further ports of a target's Revision. */
export type PortsOf = (target: string) => readonly NamedPort[];

/** The rules of a KIngress with what is set beside its spec. */
export function withSettings(rules: readonly HostRule[], ingress: KIngress, portsOf: PortsOf): HostRule[] {
  const settings = routeSettings(ingress.metadata.annotations);
  const { affinitySeconds, rules: chosen = [], mirror } = settings;
  const tags = new Tags(ingress, rules);
  const copied = mirror && tags.splitsOf(mirror.tag)[0];
  const additions: Additions = {
    affinity: affinitySeconds === undefined ? undefined : { cookie: AFFINITY_COOKIE, maxAgeSeconds: affinitySeconds },
    mirror: mirror && copied && { split: tagged(copied, mirror.tag), percent: mirror.percent },
    async: asyncRule(settings),
    ruled: chosen.flatMap((rule) => ruledPath(rule, tags)),
  };
  return rules
    .map((rule) => ({ ...rule, paths: pathsWith(rule.paths, additions, tags.isTagged(rule)) }))
    .flatMap((rule) => withPorts(rule, portsOf));
}

interface Additions {
  readonly affinity: Affinity | undefined;
  readonly mirror: Mirror | undefined;
  readonly async: AsyncRule | 'disabled' | undefined;
  readonly ruled: readonly PathRule[];
}

/** Undefined where nothing is said of it. */
function asyncRule(settings: Partial<RouteSettings>): AsyncRule | 'disabled' | undefined {
  if (settings.async === 'disabled') return 'disabled';
  const said = ASYNC_FIELDS.flatMap(([setting, field]) => {
    const value = settings[setting];
    return value === undefined ? [] : [[field, value] as const];
  });
  return said.length === 0 ? undefined : (Object.fromEntries(said) as AsyncRule);
}

const ASYNC_FIELDS: readonly (readonly [setting: keyof RouteSettings, field: keyof AsyncRule])[] = [
  ['asyncRetries', 'retries'],
  ['asyncBackoffMs', 'backoffMs'],
  ['asyncTimeoutMs', 'timeoutMs'],
  ['asyncMaxAgeMs', 'maxAgeMs'],
  ['asyncParallelism', 'parallelism'],
  ['asyncCallbacks', 'callbacks'],
];

/** Which hosts are those of a tag, and where a tag leads. */
class Tags {
  readonly #hosts: ReadonlyMap<string, readonly string[]>;
  readonly #rules: readonly HostRule[];

  constructor({ metadata }: KIngress, rules: readonly HostRule[]) {
    this.#hosts = hostsByTag(metadata.annotations?.[TAG_TO_HOST_ANNOTATION]);
    this.#rules = rules;
  }

  isTagged({ hosts }: HostRule): boolean {
    return [...this.#hosts.values()].some((known) => hosts.some((host) => known.includes(host)));
  }

  splitsOf(tag: string): readonly Split[] {
    const hosts = this.#hosts.get(tag) ?? [];
    const rule = this.#rules.find((one) => one.hosts.some((host) => hosts.includes(host)));
    return rule?.paths.at(-1)?.splits ?? [];
  }
}

function hostsByTag(text: string | undefined): Map<string, readonly string[]> {
  const found: unknown = text === undefined ? {} : JSON.parse(text);
  return new Map(isRecord(found) ? Object.entries(found as Record<string, string[]>) : []);
}

function ruledPath({ tag, headers, cookies }: RoutingRule, tags: Tags): PathRule[] {
  const splits = tags.splitsOf(tag);
  return splits.length === 0 ? [] : [{ prefix: '/', headers, cookies, setHeaders: { [TAG_HEADER]: tag }, splits }];
}

function tagged(split: Split, tag: string): Split {
  return { ...split, setHeaders: { ...split.setHeaders, [TAG_HEADER]: tag } };
}

/** Paths that a header chooses already stay in front; copies are made of what nobody has chosen. */
function pathsWith(
  paths: readonly PathRule[],
  { affinity, mirror, async, ruled }: Additions,
  isTagged: boolean,
): PathRule[] {
  const all = isTagged
    ? [...paths]
    : [
        ...paths.filter(({ headers }) => headers),
        ...ruled,
        ...paths
          .filter(({ headers }) => !headers)
          .map((path) => (mirror && path.prefix === '/' ? { ...path, mirror } : path)),
      ];
  if (!affinity && !async) return all;
  const more = { ...(affinity ? { affinity } : {}), ...(async ? { async } : {}) };
  return all.map((path) => (path.splits.length > 0 ? { ...path, ...more } : path));
}

/** A named port has a path of the host, or a host of its own that begins with its name. */
function withPorts(rule: HostRule, portsOf: PortsOf): HostRule[] {
  const named = new Map<string, NamedPort>();
  for (const { splits } of rule.paths)
    for (const { target } of splits) for (const port of portsOf(target)) named.set(port.name, port);
  const ports = [...named.values()];
  const byPath = ports.flatMap((port) => (port.path === undefined ? [] : pathsTo(rule, port, portsOf)));
  const own = { ...rule, paths: [...byPath, ...rule.paths] };
  const byHost = ports
    .filter(({ path }) => path === undefined)
    .map((port) => ({
      ...rule,
      hosts: rule.hosts.map((host) => `${port.name}.${host}`),
      paths: pathsTo(rule, port, portsOf),
    }));
  return [own, ...byHost];
}

/** The same choice among the Revisions that have the port. */
function pathsTo({ paths }: HostRule, { name, path: prefix = '/' }: NamedPort, portsOf: PortsOf): PathRule[] {
  const has = ({ target }: Split) => portsOf(target).some((port) => port.name === name);
  return paths.flatMap(({ mirror: _mirror, ...path }) => {
    const splits = path.splits.filter(has).map((split) => ({ ...split, port: name }));
    return splits.length > 0 ? [{ ...path, prefix, splits }] : [];
  });
}
