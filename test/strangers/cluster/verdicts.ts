// What an API server says of an object, without keeping it.

import type { JsonObject } from '#base/mod.ts';
import type { Kind } from '#machinery/mod.ts';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { IncomingMessage } from 'node:http';
import type { HttpClientOptions } from '#objects/mod.ts';

export interface Verdict {
  readonly code: number;
  /** Why it was refused; empty where it was not. */
  readonly reason: string;
  readonly message: string;
  readonly warnings: readonly string[];
  /** The object as it would be stored, without metadata and status. */
  readonly kept: JsonObject | undefined;
}

/** Asks for a creation that is only tried out. */
export async function verdictOf(
  access: HttpClientOptions,
  kind: Kind,
  object: JsonObject,
  fieldValidation: string,
): Promise<Verdict> {
  const root = kind.group ? `/apis/${kind.group}/${kind.version}` : `/api/${kind.version}`;
  const place = kind.scope === 'Namespaced' ? '/namespaces/default' : '';
  const path = `${root}${place}/${kind.names.plural}?dryRun=All&fieldValidation=${fieldValidation}`;
  const { response, text } = await ask(
    access,
    'POST',
    path,
    { 'Content-Type': 'application/json' },
    JSON.stringify(object),
  );
  const body = JSON.parse(text) as JsonObject;
  const code = response.statusCode ?? 0;
  const { reason = '', message = '' } = (code < 300 ? {} : body) as { reason?: string; message?: string };
  const { apiVersion: _version, kind: _kind, metadata: _metadata, status: _status, ...kept } = body;
  return {
    code,
    reason,
    message,
    warnings: warningsOf(response),
    kept: code < 300 ? kept : undefined,
  };
}

function warningsOf({ headers }: IncomingMessage): string[] {
  const { warning = '' } = headers as { warning?: string };
  return [...warning.matchAll(/299 - "((?:[^"\\]|\\.)*)"/g)].map(([, text = '']) => text.replaceAll(/\\(.)/g, '$1'));
}

/** One request with headers of one's own. */
export function ask(
  { server, ca, token }: HttpClientOptions,
  method: string,
  path: string,
  own: Readonly<Record<string, string>> = {},
  body?: string,
): Promise<{ response: IncomingMessage; text: string }> {
  return new Promise((resolve, reject) => {
    const send = server.startsWith('https') ? httpsRequest : httpRequest;
    const headers = { ...own, ...(token ? { Authorization: `Bearer ${token}` } : {}) };
    const request = send(new URL(path, server), { method, headers, ...(ca ? { ca } : {}) }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => resolve({ response, text: Buffer.concat(chunks).toString() }));
    });
    request.once('error', reject);
    request.end(body);
  });
}
