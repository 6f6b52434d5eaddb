// A port of its own for a scraper, where config-observability names one.

import { createServer } from 'node:http';
import type { Family } from '#telemetry/mod.ts';
import { CONTENT_TYPES, exposition, formatFor } from '#telemetry/mod.ts';
import { closed, listening } from './listening.ts';

/** Host and port of `host:port` or `[host]:port`; an empty host is every address. Throws where it is neither. */
export function scrapeAddress(endpoint: string): { host: string; port: number } {
  const [, bracketed, plain = '', port = ''] = /^(?:\[(.*)\]|([^:]*)):([0-9]+)$/.exec(endpoint) ?? [];
  if (port === '' || Number(port) > 65_535)
    throw new Error(`an endpoint for a scraper is host:port or [host]:port, but is ${JSON.stringify(endpoint)}`);
  return { host: bracketed ?? plain, port: Number(port) };
}

/** Serves `/metrics` there until closed. Rejects with the system's error where the port is not to be had. */
export async function openScrape(
  endpoint: string,
  families: () => Promise<readonly Family[]>,
): Promise<{ close(): Promise<void> }> {
  const { host, port } = scrapeAddress(endpoint);
  const server = createServer((request, response) => {
    if (request.url !== '/metrics') return void response.writeHead(404).end('there is /metrics\n');
    const format = formatFor(request.headers.accept);
    families().then(
      (all) => response.writeHead(200, { 'content-type': CONTENT_TYPES[format] }).end(exposition(all, format)),
      () => response.destroy(),
    );
  });
  await listening(server, port, host || '::');
  return { close: () => closed(server) };
}
