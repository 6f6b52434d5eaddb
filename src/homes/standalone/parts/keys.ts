// The platform's own keys and certificates, kept in the data folder.

import { join } from 'node:path';
import type { Keys } from '#pki/mod.ts';
import { keepKeys } from '#pki/mod.ts';
import type { Site } from './site.ts';

/** As they are, renewed where their time has come. */
export function ownKeys({ options, listening, clock }: Site): Promise<Keys> {
  return keepKeys(join(options.dataDir, 'keys'), apiHosts(options.host, listening.names), clock);
}

/** Names and addresses by which clients and functions reach the API. */
function apiHosts(host: string, names: readonly string[]): string[] {
  const usual = [
    'localhost',
    '127.0.0.1',
    '10.96.0.1',
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    'kubernetes.default.svc.cluster.local',
  ];
  return [...new Set([...usual, ...(host === '0.0.0.0' || host === '::' ? [] : [host]), ...names])];
}
