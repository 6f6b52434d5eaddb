// How the registry answers: in JSON, its refusals in the error codes of the distribution specification.

import type { ServerResponse } from 'node:http';

/** A request that is refused; `code` as the specification lists them. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

export type Headers = Readonly<Record<string, string | number>>;

/** Ends a response without a body, or with a JSON document. */
export function answer(response: ServerResponse, status: number, headers: Headers = {}, document?: unknown): void {
  const body = document === undefined ? '' : JSON.stringify(document);
  const type = document === undefined ? {} : { 'Content-Type': 'application/json' };
  // An answer to HEAD tells the length that the body would have.
  const length = 'Content-Length' in headers || status === 204 ? {} : { 'Content-Length': Buffer.byteLength(body) };
  response.writeHead(status, { ...type, ...length, ...headers });
  response.end(body);
}

export function refuse(response: ServerResponse, { status, code, message, headers }: Refusal): void {
  answer(response, status, headers, { errors: [{ code, message }] });
}
