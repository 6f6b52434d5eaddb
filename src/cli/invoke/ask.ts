// One request to the gateway for a service's host.

import type { IncomingHttpHeaders } from 'node:http';
import { request } from 'node:http';
import { Failure } from '../failure.ts';
import type { CliPorts } from '../ports.ts';

export interface Asked {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  /** By lower-case name, without Host. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
}

export interface Told {
  readonly status: number;
  /** As `404 Not Found`. */
  readonly line: string;
  readonly headers: IncomingHttpHeaders;
}

/** Asks it, says how it was answered, and hands the body on as it comes; resolves at its end. */
export type Ask = (asked: Asked, onText: (text: string) => void, onHead?: (told: Told) => void) => Promise<Told>;

export function askThrough(gateway: URL, host: string, ports: CliPorts): Ask {
  return ({ method, path, headers, body }, onText, onHead) =>
    new Promise((resolve, reject) => {
      const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
      const { hostname, port } = gateway;
      const options = { hostname, port, path, method, headers: { ...headers, ...length, host }, signal: ports.signal };
      const outgoing = request(options, (response) => {
        const { statusCode: status = 0, statusMessage = '' } = response;
        const told: Told = { status, line: `${status} ${statusMessage}`, headers: response.headers };
        onHead?.(told);
        response.setEncoding('utf8').on('data', onText);
        response.once('end', () => resolve(told));
        response.once('error', failed);
      });
      const failed = (error: Error) =>
        reject(new Failure(`The gateway at ${gateway.host} did not answer: ${error.message}`));
      outgoing.once('error', failed);
      outgoing.end(body);
    });
}
