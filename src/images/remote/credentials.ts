// Whom a registry is asked as: what pull secrets say, and which of it fits an image.

import { isRecord } from '#base/mod.ts';
import type { Reference } from '../reference.ts';

/** A user with a password; a token to be exchanged for others (OAuth2); or the very token to send. */
export type Credentials =
  | { readonly username: string; readonly password: string }
  | { readonly identityToken: string }
  | { readonly registryToken: string };

/** Credentials for the images whose name begins with a pattern, such as `registry.example/team` or `*.example`. */
export interface Keyed {
  readonly host: readonly string[];
  readonly path: string;
  readonly credentials: Credentials;
}

/**
 * Reads the text of a pull secret: `.dockerconfigjson` (`{"auths": {…}}`) or the older `.dockercfg` (the inner object alone).
 * Entries that say nothing usable are left out. Throws where the text is no JSON object.
 */
export function pullSecret(text: string): Keyed[] {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw new Error('the pull secret is no valid JSON', { cause: error });
  }
  if (!isRecord(document)) throw new Error('the pull secret is no JSON object');
  const auths = isRecord(document.auths) ? document.auths : document;
  return Object.entries(auths).flatMap(([key, entry]) => {
    const credentials = isRecord(entry) ? credentialsOf(entry) : undefined;
    return credentials ? [{ ...patternOf(key), credentials }] : [];
  });
}

/** The credentials that fit an image, the most particular first. */
export function credentialsFor({ registry, repository }: Reference, keyed: readonly Keyed[]): Credentials[] {
  const host = registry.split('.');
  return keyed
    .filter((entry) => fits(entry, host, repository))
    .sort((a, b) => b.path.length - a.path.length)
    .map(({ credentials }) => credentials);
}

function credentialsOf(entry: Record<string, unknown>): Credentials | undefined {
  const { username, password, auth, identitytoken, registrytoken } = entry;
  if (isText(registrytoken)) return { registryToken: registrytoken };
  if (isText(identitytoken)) return { identityToken: identitytoken };
  if (isText(username) && typeof password === 'string') return { username, password };
  if (!isText(auth)) return undefined;
  const text = Buffer.from(auth, 'base64').toString();
  const colon = text.indexOf(':');
  // Some tools pad the password with zero bytes.
  return colon > 0
    ? { username: text.slice(0, colon), password: text.slice(colon + 1).replace(/\0+$/, '') }
    : undefined;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

/** `https://index.docker.io/v1/` and `docker.io` mean the default registry as a whole; else a host, and perhaps a path. */
function patternOf(key: string): Pick<Keyed, 'host' | 'path'> {
  const [host = '', ...path] = key.replace(/^https?:\/\//, '').split('/');
  const isApi = /^v[12]$/.test(path[0] ?? '');
  const registry = host === 'docker.io' || host === 'registry-1.docker.io' ? 'index.docker.io' : host;
  return { host: registry.split('.'), path: isApi ? '' : path.filter(Boolean).join('/') };
}

function fits({ host, path }: Keyed, asked: readonly string[], repository: string): boolean {
  const isHost = host.length === asked.length && host.every((part, i) => glob(part).test(asked[i] ?? ''));
  return isHost && (path === '' || repository === path || repository.startsWith(`${path}/`));
}

/** `*` stands for anything within one part of a host's name. */
function glob(part: string): RegExp {
  return new RegExp(
    `^${part
      .split('*')
      .map((literal) => RegExp.escape(literal))
      .join('[^.]*')}$`,
  );
}
