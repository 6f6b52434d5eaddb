// A client of the platform under load, which its logs tell from others.

import type { HttpClient } from '#objects/mod.ts';
import { clientOf as anyClientOf } from '../harness/client.ts';

/** Of the platform whose data folder this is. */
export function clientOf(dataDir: string): HttpClient {
  return anyClientOf(dataDir, 'soak');
}
