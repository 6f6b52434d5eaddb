// Whether there is the namespace that somebody names.

import { Namespace } from '#kinds/mod.ts';
import { isReason } from '#machinery/mod.ts';
import type { Client } from '#objects/mod.ts';
import { absent } from './failure.ts';

/** Throws Failure where there is none. */
export async function checkNamespace(client: Client, namespace: string): Promise<void> {
  const found = await client.get(Namespace, '', namespace).catch((error: unknown) => {
    // Who may use a namespace need not be allowed to look at it.
    if (isReason(error, 'Forbidden')) return 'hidden';
    throw error;
  });
  if (!found) throw absent(`There is no namespace ${namespace}. Make it first: kubectl create namespace ${namespace}`);
}
