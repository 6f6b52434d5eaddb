// What a client and a service say about how an invocation is carried out. Pure.

import type { Read as ReadText } from '#base/mod.ts';
import { HOUR_MS, readAttemptTimeout, readBackoff, readMaxAge, readRetries, SECOND_MS } from '#base/mod.ts';
import type { AsyncRule } from '#gateway/mod.ts';
import type { Settings } from './words.ts';

/** Where neither service nor client says otherwise. An attempt lasts as long as the revision lets requests live. */
export const DEFAULTS: Required<AsyncRule> = {
  retries: 3,
  backoffMs: SECOND_MS,
  timeoutMs: 24 * HOUR_MS,
  maxAgeMs: 6 * HOUR_MS,
  parallelism: 100,
  callbacks: 'public',
};

/** Headers by which a client sets what the service's annotations set for all. */
export const SETTING_PREFIX = 'ebb-async-';
const CALLBACK = 'ebb-async-callback';
const MAX_CALLBACK = 2048;

type Reader = (text: string) => ReadText<number>;

type Timed = 'retries' | 'backoffMs' | 'timeoutMs' | 'maxAgeMs';

const READERS: Readonly<Record<string, readonly [name: Timed, Reader]>> = {
  'ebb-async-retries': ['retries', readRetries],
  'ebb-async-backoff': ['backoffMs', readBackoff],
  'ebb-async-timeout': ['timeoutMs', readAttemptTimeout],
  'ebb-async-max-age': ['maxAgeMs', readMaxAge],
};

export type Read =
  | { readonly settings: Settings }
  | { readonly reason: 'async-setting' | 'async-callback'; readonly fault: string };

/** Settings of a request: what its headers say, before what the service says, before the defaults. */
export function settingsOf(headers: readonly string[], rule: AsyncRule): Read {
  const said: { [K in Timed]?: number } = {};
  let callback: string | undefined;
  for (let i = 0; i < headers.length; i += 2) {
    const [name = '', text = ''] = [headers[i]?.toLowerCase(), headers[i + 1]?.trim()];
    if (!name.startsWith(SETTING_PREFIX)) continue;
    if (name === CALLBACK) {
      const fault = callbackFault(text, rule);
      if (fault !== undefined) return { reason: 'async-callback', fault };
      callback = text;
      continue;
    }
    const [key, read] = READERS[name] ?? [];
    if (!key || !read) return { reason: 'async-setting', fault: `${name} is none of ${KNOWN}` };
    const found = read(text);
    if ('fault' in found)
      return { reason: 'async-setting', fault: `${name} is ${JSON.stringify(text)}: ${found.fault}` };
    said[key] = found.value;
  }
  return { settings: { ...DEFAULTS, ...rule, ...said, ...(callback === undefined ? {} : { callback }) } };
}

const KNOWN = [...Object.keys(READERS), CALLBACK].join(', ');

function callbackFault(text: string, { callbacks = DEFAULTS.callbacks }: AsyncRule): string | undefined {
  if (callbacks === 'none') return 'this service lets nobody have results sent (ebb.dev/async-callbacks: none)';
  const url = text.length > MAX_CALLBACK ? undefined : URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol))
    return `${CALLBACK} is ${JSON.stringify(text.slice(0, 100))}: expected an address that begins with http:// or https://, of at most ${MAX_CALLBACK} characters`;
  if (url.username || url.password) return `${CALLBACK} has a user or password in it, which is not sent`;
  return undefined;
}
