// The addresses under which events come in: from a host and a path to a stream. Pure.

import type { StreamAddress } from '../control.ts';
import type { Refusal } from './refusals.ts';

/** An address with whatever stands behind it. */
export interface Way<S> {
  readonly address: StreamAddress;
  readonly stream: S;
}

/** A way, or why there is none. That of a broker which nobody has set is told only once the event itself is in order. */
export type Found<S> = { readonly way: Way<S> } | { readonly refusal: Refusal; readonly isLate: boolean };

export interface Place {
  /** Lower case, without port. */
  readonly host: string;
  /** As it stands in the request, query included. */
  readonly target: string;
  readonly scheme: 'http' | 'https';
}

/** All ways, by host and path. An address that two streams claim stays with the one that came first. */
export class Ways<S> {
  readonly #hosts = new Map<string, Map<string, Way<S>[]>>();
  /** Hosts that answer whether or not something is there, and how they say that nothing is. */
  readonly #lasting: ReadonlyMap<string, Refusal>;

  /** `brokerHosts` answer as brokers do, whether or not there are any, and `requestHosts` as RequestReplies do. */
  constructor(brokerHosts: readonly string[], requestHosts: readonly string[] = []) {
    this.#lasting = new Map([
      ...brokerHosts.map((host) => [shortHost(host), 'no-broker'] as const),
      ...requestHosts.map((host) => [shortHost(host), 'no-request-reply'] as const),
    ]);
  }

  set(stream: S, before: readonly StreamAddress[], after: readonly StreamAddress[]): void {
    for (const address of before) this.#forget(stream, address);
    for (const address of after) this.#enter({ address, stream });
  }

  /** Whether this host is one of events at all. */
  knows(host: string): boolean {
    const short = shortHost(host);
    return this.#lasting.has(short) || this.#hosts.has(short);
  }

  /** Undefined for hosts that are none of events. */
  find({ host: asked, target, scheme }: Place): Found<S> | undefined {
    const host = shortHost(asked);
    const paths = this.#hosts.get(host);
    const absence = this.#lasting.get(host);
    if (!paths && !absence) return undefined;
    const exact = wayAt(paths, withoutSlash(target), scheme);
    if (exact) return { way: exact };
    if (absence || !paths?.has('/')) return brokerRefusal(target, absence ?? 'no-broker');
    // Of channels only the path counts, of brokers the whole of what stands there.
    const channel = pathOf(target) === '/' ? wayAt(paths, '/', scheme) : undefined;
    return channel ? { way: channel } : { refusal: 'bad-channel-path', isLate: false };
  }

  #enter(way: Way<S>): void {
    for (const name of way.address.hosts) {
      const host = shortHost(name);
      const paths = this.#hosts.get(host) ?? new Map<string, Way<S>[]>();
      this.#hosts.set(host, paths);
      paths.set(way.address.path, [...(paths.get(way.address.path) ?? []), way]);
    }
  }

  #forget(stream: S, { hosts, path }: StreamAddress): void {
    for (const name of hosts) {
      const host = shortHost(name);
      const paths = this.#hosts.get(host);
      const left = paths?.get(path)?.filter((way) => way.stream !== stream) ?? [];
      if (left.length > 0) paths?.set(path, left);
      else paths?.delete(path);
      if (paths?.size === 0) this.#hosts.delete(host);
    }
  }
}

/** Of a host within the cluster all its forms are one, and so is the one by which this machine's own browsers find it. */
export function shortHost(host: string): string {
  for (const suffix of SUFFIXES) if (host.endsWith(suffix)) return host.slice(0, -suffix.length);
  return host;
}

const SUFFIXES = ['.svc.cluster.local', '.svc', '.localhost'];

function wayAt<S>(
  paths: ReadonlyMap<string, readonly Way<S>[]> | undefined,
  path: string,
  scheme: Place['scheme'],
): Way<S> | undefined {
  return paths?.get(path)?.find(({ address: { schemes = ['http'] } }) => schemes.includes(scheme));
}

/** `/` is nobody's; what is no namespace and name is a mistake; the rest might be a broker. */
function brokerRefusal(target: string, absence: Refusal): Found<never> {
  if (target === '/') return { refusal: 'no-path', isLate: false };
  const parts = withoutSlash(target).split('/');
  if (parts.length !== 3 || parts[0] !== '') return { refusal: 'bad-path', isLate: false };
  return { refusal: absence, isLate: true };
}

function withoutSlash(target: string): string {
  return target.length > 1 && target.endsWith('/') ? target.slice(0, -1) : target;
}

function pathOf(target: string): string {
  const query = target.indexOf('?');
  return query < 0 ? target : target.slice(0, query);
}
