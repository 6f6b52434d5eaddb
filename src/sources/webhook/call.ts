// A call of a webhook, and what may be read of it.

import { headerValue } from '#base/mod.ts';
import type { ValueFrom } from '#kinds/mod.ts';

/** A request with its whole body. */
export interface WebhookCall {
  readonly method: string;
  /** Lower case, without port. */
  readonly host: string;
  /** Names and values by turns. */
  readonly headers: readonly string[];
  readonly body: Uint8Array;
}

export interface WebhookAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** A sentence for people. */
  readonly text?: string;
}

/** The first value of a header, whatever the case of its name. */
export function headerOf({ headers }: Pick<WebhookCall, 'headers'>, wanted: string): string | undefined {
  return headerValue(headers, wanted.toLowerCase());
}

/** What stands there; undefined where nothing does, or no text, number or truth value. */
export function valueOf(call: WebhookCall, from: ValueFrom, json: unknown): string | undefined {
  const { value, header, path, prefix = '' } = from;
  const found = value ?? (header === undefined ? scalarAt(json, path ?? '') : headerOf(call, header));
  return found ? `${prefix}${found}` : undefined;
}

/** A value in JSON by names of fields with dots between them, as text. */
export function scalarAt(json: unknown, path: string): string | undefined {
  let value: unknown = json;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return ['string', 'number', 'boolean'].includes(typeof value) ? String(value) : undefined;
}

/** The body as JSON; undefined where it is none. */
export function jsonOf(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)) as unknown;
  } catch {
    return undefined;
  }
}
