// A client of a platform that runs for a test.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HttpClient } from '#objects/mod.ts';
import { httpClient, parseKubeconfig } from '#objects/mod.ts';

/** Of the platform whose data folder this is. */
export function clientOf(dataDir: string, userAgent?: string): HttpClient {
  const kubeconfig = readFileSync(join(dataDir, 'kubeconfig'), 'utf8');
  const options = parseKubeconfig(kubeconfig, (path) => readFileSync(path, 'utf8'));
  return httpClient(userAgent === undefined ? options : { ...options, userAgent });
}
