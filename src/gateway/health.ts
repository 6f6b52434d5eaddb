// Whether the gateway itself is well, for whoever balances load over it: at paths of hosts that no route has.

import type { Exchange } from './transport.ts';

/** As Knative's components and Kubernetes' name them. */
const PATHS = new Set(['/healthz', '/readyz']);

/** Asked only where no route was found, so that no application's own path is taken from it. */
export function isHealthProbe({ target, method }: Exchange): boolean {
  return (method === 'GET' || method === 'HEAD') && PATHS.has(target);
}

/** It is well until it begins to close, whether or not a control process is there: it serves what it knows. */
export function answerHealth(exchange: Exchange, isClosing: boolean): void {
  if (isClosing) answerText(exchange, 503, 'shutting down');
  else answerText(exchange, 200, 'ok');
}

/** A short answer of the gateway's own. */
export function answerText(exchange: Exchange, status: number, text: string): void {
  const isBodyless = exchange.method === 'HEAD';
  const headers = ['Content-Type', 'text/plain; charset=utf-8', 'Content-Length', String(text.length)];
  exchange.respond({ status, headers }, isBodyless);
  if (isBodyless) return;
  exchange.write(Buffer.from(text));
  exchange.end();
}
