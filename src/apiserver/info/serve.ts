// Paths that name no resource: discovery, OpenAPI, version, health, and where tokens' public keys are.

import { methodNotAllowed, unknownResource } from '#machinery/mod.ts';
import type { Family } from '#telemetry/mod.ts';
import { CONTENT_TYPES, exposition, formatFor } from '#telemetry/mod.ts';
import type { Discovery } from '../discovery/discovery.ts';
import type { OpenApi } from '../discovery/openapi.ts';
import type { Exchange } from '../exchange.ts';
import { send, sendObject } from '../exchange.ts';
import type { HealthCheck } from './health.ts';
import { serveHealth } from './health.ts';
import { versionInfo } from './version.ts';

export interface InfoParts {
  readonly discovery: Discovery;
  readonly openApi: OpenApi;
  readonly checks: readonly HealthCheck[];
  readonly build: string;
  readonly isClosing: () => boolean;
  /** What all processes of the platform have measured. */
  readonly families: (() => Promise<readonly Family[]>) | undefined;
  readonly openId: { readonly discovery: object; readonly keySet: object } | undefined;
}

/** Answers a path that names no resource. Throws 404 and 405. */
export async function serveInfo(exchange: Exchange, parts: InfoParts): Promise<void> {
  const { method } = exchange.request;
  if (method !== 'GET' && method !== 'HEAD') throw methodNotAllowed();
  const [root = ''] = exchange.info.path.slice(1).split('/');
  switch (root) {
    case '':
      return sendObject(exchange, 200, { paths: pathsOf(parts) });
    case 'api':
    case 'apis':
      return parts.discovery.serve(exchange);
    case 'openapi':
      return parts.openApi.serve(exchange);
    case 'version':
      return sendObject(exchange, 200, versionInfo(parts.build));
    case 'healthz':
    case 'livez':
    case 'readyz':
      return serveHealth(exchange, [...parts.checks, shutdown(parts)]);
    case 'metrics':
      return serveMetrics(exchange, parts);
    default:
      return serveOpenId(exchange, parts);
  }
}

function shutdown({ isClosing }: InfoParts): HealthCheck {
  return { name: 'shutdown', isVital: false, fault: () => (isClosing() ? 'the server is shutting down' : undefined) };
}

/** For a scraper that has the right to; the console's port has the same for everybody on this machine. */
async function serveMetrics(exchange: Exchange, { families }: InfoParts): Promise<void> {
  if (!families || exchange.info.path !== '/metrics') throw unknownResource();
  const format = formatFor(exchange.request.headers.accept);
  return send(exchange, 200, CONTENT_TYPES[format], exposition(await families(), format));
}

async function serveOpenId(exchange: Exchange, { openId }: InfoParts): Promise<void> {
  if (openId && exchange.info.path === '/.well-known/openid-configuration')
    return sendObject(exchange, 200, openId.discovery);
  if (openId && exchange.info.path === '/openid/v1/jwks')
    return send(exchange, 200, 'application/jwk-set+json', JSON.stringify(openId.keySet));
  throw unknownResource();
}

function pathsOf({ discovery, openId, families }: InfoParts): string[] {
  const groups = discovery.groups
    .filter(({ name }) => name !== '')
    .flatMap(({ name, versions }) => [`/apis/${name}`, ...versions.map(({ groupVersion }) => `/apis/${groupVersion}`)]);
  const keys = openId ? ['/.well-known/openid-configuration', '/openid/v1/jwks'] : [];
  const metrics = families ? ['/metrics'] : [];
  const health = ['/healthz', '/livez', ...metrics, '/openapi/v3', '/readyz', '/version'];
  return [...keys, '/api', '/api/v1', '/apis', ...groups, ...health];
}
