// Requests that are sent to the same place by TLS.

import type { Exchange } from './transport.ts';

const DEFAULT_HTTPS_PORT = 443;

/** Who spoke without TLS at a door of TLS is sent to the same place with it. */
export function sendToTls(exchange: Exchange): void {
  const { authority, target } = exchange;
  if (authority) return moved(exchange, `https://${authority}${target}`);
  const why = 'this port speaks TLS: ask by https\n';
  exchange.respond({ status: 400, headers: ['Content-Length', String(why.length)] }, false);
  exchange.write(Buffer.from(why));
  exchange.end();
}

/** `port` undefined: the default one. */
export function redirect(exchange: Exchange, port: number | undefined): void {
  const host = exchange.authority.replace(/:[0-9]*$/, '');
  const at = port === undefined || port === DEFAULT_HTTPS_PORT ? host : `${host}:${port}`;
  moved(exchange, `https://${at}${exchange.target}`);
}

function moved(exchange: Exchange, location: string): void {
  exchange.respond({ status: 301, headers: ['Location', location, 'Content-Length', '0'] }, true);
}
