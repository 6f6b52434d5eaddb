// Kubeconfig files: which server, which authority, in whose name.

import { parse } from 'yaml';
import { isRecord } from '#base/mod.ts';

/** How to reach an API server. Certificates and keys are PEM. */
export interface HttpClientOptions {
  /** `https://host:port`, with a path where the server is behind one. */
  readonly server: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly token?: string;
  /** Asked before each request where a token changes with time (a mounted ServiceAccount token). */
  readonly tokenNow?: () => string;
  /** The name in the server's certificate where it is not the host. */
  readonly serverName?: string;
  readonly skipVerify?: boolean;
  /** The namespace the context names. */
  readonly namespace?: string;
  /** The User-Agent, and the owner of what is written where nothing else is told. */
  readonly userAgent?: string;
  /** The owner of what is written; the first word of the User-Agent unless told. */
  readonly fieldManager?: string;
}

/** Reads a file that the kubeconfig names instead of holding its content. The path is as written there. */
export type ReadFile = (path: string) => string;

/** The options of a context, the current one unless named. Throws an Error that says what is missing. */
export function parseKubeconfig(text: string, readFile: ReadFile, contextName?: string): HttpClientOptions {
  const config: unknown = parse(text);
  if (!isRecord(config)) throw new Error('a kubeconfig is a mapping with clusters, users and contexts');
  const wanted = contextName ?? stringOf(config, 'current-context');
  if (!wanted) throw new Error('the kubeconfig names no current-context');
  const context = entry(config, 'contexts', 'context', wanted);
  const cluster = entry(config, 'clusters', 'cluster', stringOf(context, 'cluster') ?? '');
  const userName = stringOf(context, 'user');
  const user = userName ? entry(config, 'users', 'user', userName) : {};
  const server = stringOf(cluster, 'server');
  if (!server) throw new Error(`the kubeconfig's cluster ${JSON.stringify(context['cluster'])} names no server`);
  if (user['exec'] || user['auth-provider']) {
    throw new Error(
      `the kubeconfig's user ${JSON.stringify(userName)} signs in by a helper program, which is not supported; use a token or a certificate`,
    );
  }
  return present({
    server,
    ca: content(cluster, 'certificate-authority', readFile),
    cert: content(user, 'client-certificate', readFile),
    key: content(user, 'client-key', readFile),
    token: stringOf(user, 'token') ?? tokenFile(user, readFile),
    serverName: stringOf(cluster, 'tls-server-name'),
    skipVerify: cluster['insecure-skip-tls-verify'] === true ? true : undefined,
    namespace: stringOf(context, 'namespace'),
  });
}

function entry(config: Record<string, unknown>, list: string, field: string, name: string): Record<string, unknown> {
  const entries: readonly unknown[] = Array.isArray(config[list]) ? config[list] : [];
  const found = entries.find((item) => isRecord(item) && item['name'] === name);
  const value = isRecord(found) ? found[field] : undefined;
  if (!isRecord(value)) throw new Error(`the kubeconfig has no ${field} ${JSON.stringify(name)}`);
  return value;
}

/** PEM from `KEY-data` (base64), else from the file at `KEY`. */
function content(section: Record<string, unknown>, key: string, readFile: ReadFile): string | undefined {
  const data = stringOf(section, `${key}-data`);
  if (data) return Buffer.from(data, 'base64').toString();
  const file = stringOf(section, key);
  return file ? readFile(file) : undefined;
}

function tokenFile(user: Record<string, unknown>, readFile: ReadFile): string | undefined {
  const file = stringOf(user, 'tokenFile');
  return file ? readFile(file).trim() : undefined;
}

function stringOf(section: Record<string, unknown>, key: string): string | undefined {
  const value = section[key];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

type Present<T> = { [K in keyof T]: Exclude<T[K], undefined> };

function present<T extends object>(options: T): Present<T> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Present<T>;
}
