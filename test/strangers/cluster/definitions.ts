// Makes custom kinds known to a cluster, and waits until it serves them.

import type { JsonObject } from '#base/mod.ts';
import type { HttpClient } from '#objects/mod.ts';
import { until } from '../../harness/platform.ts';

const PATH = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const SERVED_MS = 30_000;

interface Definition {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly group: string;
    readonly names: { readonly plural: string };
    readonly versions: readonly { readonly name: string }[];
  };
}

export async function define(client: HttpClient, definitions: readonly JsonObject[]): Promise<void> {
  await Promise.all(definitions.map((definition) => client.raw('POST', PATH, definition)));
  for (const one of definitions as readonly JsonObject[] & readonly Definition[]) {
    const { group, names, versions } = one.spec;
    await until(
      () => isServed(client, `/apis/${group}/${versions[0]?.name}/${names.plural}`),
      SERVED_MS,
      () => `${one.metadata.name} was not served in time`,
    );
  }
}

async function isServed(client: HttpClient, path: string): Promise<boolean> {
  try {
    await client.raw('GET', path);
    return true;
  } catch {
    return false;
  }
}
