// Objects that a test needs: made, and waited for.

import type { Kind, KubeObject } from '#machinery/mod.ts';
import { isReady } from '#machinery/mod.ts';
import type { Client } from '#objects/mod.ts';
import { until } from './platform.ts';

/** Makes an object of the namespace `default`, and waits until it is ready. */
export async function makeReady<O extends KubeObject>(
  client: Client,
  kind: Kind<O>,
  name: string,
  spec: object,
  timeoutMs = 30_000,
): Promise<void> {
  const namespace = 'default';
  const { apiVersion, kind: named } = kind;
  await client.create(kind, { apiVersion, kind: named, metadata: { namespace, name }, spec } as unknown as O);
  await until(
    async () => {
      const there = await client.get(kind, namespace, name);
      return there !== undefined && isReady(there);
    },
    timeoutMs,
    () => `${named} ${name} did not become ready`,
  );
}
