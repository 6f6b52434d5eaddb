// A client of the platform whose data folder this is.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { HttpClient } from '#objects/mod.ts';
import { httpClient, parseKubeconfig } from '#objects/mod.ts';

export function clientOf(dataDir: string): HttpClient {
  const kubeconfig = readFileSync(join(dataDir, 'kubeconfig'), 'utf8');
  return httpClient({ ...parseKubeconfig(kubeconfig, (path) => readFileSync(path, 'utf8')), userAgent: 'soak' });
}
