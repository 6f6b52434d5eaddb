// Rules that ConfigMap and Secret share: keys, size, immutability, and what the types of Secrets must hold.

import { equal } from '#base/mod.ts';
import type { KubeObject, Problems } from '#machinery/mod.ts';

/** The most bytes all values of a ConfigMap or Secret may have together. */
export const MAX_DATA_BYTES = 1024 * 1024;

interface WithData {
  data?: Record<string, string> | undefined;
  binaryData?: Record<string, string> | undefined;
}

/** The number in the DATA column. */
export function dataCount(object: KubeObject & WithData): number {
  return Object.keys(object.data ?? {}).length + Object.keys(object.binaryData ?? {}).length;
}

const KEY = /^[-._a-zA-Z0-9]+$/;
const KEY_MESSAGE =
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

/** Why a key of a ConfigMap or Secret is refused; undefined where it is fine. */
function keyFault(key: string): string | undefined {
  if (key.length > 253) return 'must be no more than 253 characters';
  if (!KEY.test(key)) return KEY_MESSAGE;
  if (key === '.') return "must not be '.'";
  if (key === '..') return "must not be '..'";
  return key.startsWith('..') ? "must not start with '..'" : undefined;
}

const utf8Bytes = (text: string): number => new TextEncoder().encode(text).length;
const base64Bytes = (text: string): number => Math.floor((text.replace(/=+$/, '').length * 3) / 4);

/** Checks a ConfigMap's texts and bytes (base64). */
export function checkTexts(problems: Problems, { data = {}, binaryData = {} }: WithData): void {
  checkKeys(problems, 'data', data);
  checkKeys(problems, 'binaryData', binaryData);
  for (const key of Object.keys(data)) {
    if (key in binaryData) problems.invalid(`data[${key}]`, key, 'duplicate of key present in binaryData');
  }
  const size = sum(data, utf8Bytes) + sum(binaryData, base64Bytes);
  if (size > MAX_DATA_BYTES) problems.tooLong('', MAX_DATA_BYTES);
}

/** Checks a Secret's bytes (base64). */
export function checkBytes(problems: Problems, { data = {} }: WithData): void {
  checkKeys(problems, 'data', data);
  if (sum(data, base64Bytes) > MAX_DATA_BYTES) problems.tooLong('data', MAX_DATA_BYTES);
}

function sum(values: Record<string, string>, size: (text: string) => number): number {
  return Object.values(values).reduce((total, text) => total + size(text), 0);
}

/** Keys become names of files. */
function checkKeys(problems: Problems, field: string, values: Record<string, string>): void {
  for (const key of Object.keys(values)) {
    const fault = keyFault(key);
    if (fault) problems.invalid(`${field}[${key}]`, key, fault);
  }
}

/** What was once marked immutable stays so, and its fields stay as they are. */
export function checkImmutable<O extends { immutable?: boolean | undefined }>(
  problems: Problems,
  object: O,
  before: O,
  fields: readonly (keyof O & string)[],
): void {
  if (!object.immutable) problems.forbidden('immutable', 'field is immutable when `immutable` is set');
  for (const field of fields) {
    if (!equal(object[field] ?? {}, before[field] ?? {})) {
      problems.forbidden(field, 'field is immutable when `immutable` is set');
    }
  }
}

/** Folds the write-only `stringData` into `data` (base64), as the API does. */
export function foldStringData(secret: {
  data?: Record<string, string> | undefined;
  stringData?: Record<string, string> | undefined;
}): void {
  if (!secret.stringData) return;
  const folded = Object.entries(secret.stringData).map(([key, value]) => [key, base64(value)] as const);
  secret.data = { ...secret.data, ...Object.fromEntries(folded) };
  delete secret.stringData;
}

function base64(value: string): string {
  const bytes = new TextEncoder().encode(value);
  return btoa(Array.from(bytes, (byte) => String.fromCodePoint(byte)).join(''));
}

const REQUIRED_KEYS: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/dockercfg': ['.dockercfg'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
};
const SERVICE_ACCOUNT_NAME = 'kubernetes.io/service-account.name';

/** What a Secret of a well-known type must carry. */
export function checkTyped(
  problems: Problems,
  type: string,
  data: Record<string, string>,
  annotations: Record<string, string>,
): void {
  for (const key of REQUIRED_KEYS[type] ?? []) if (data[key] === undefined) problems.required(`data[${key}]`);
  if (type === 'kubernetes.io/basic-auth' && data['username'] === undefined && data['password'] === undefined) {
    problems.required('data[username]');
    problems.required('data[password]');
  }
  if (type === 'kubernetes.io/service-account-token' && !annotations[SERVICE_ACCOUNT_NAME]) {
    problems.required(`metadata.annotations[${SERVICE_ACCOUNT_NAME}]`);
  }
  for (const key of ['.dockercfg', '.dockerconfigjson']) {
    if ((REQUIRED_KEYS[type] ?? []).includes(key) && data[key] !== undefined && !isJson(data[key])) {
      problems.invalid(`data[${key}]`, '<secret contents redacted>', 'invalid character in JSON');
    }
  }
}

function isJson(encoded: string): boolean {
  try {
    JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(encoded), (char) => char.codePointAt(0) ?? 0)));
    return true;
  } catch {
    return false;
  }
}
