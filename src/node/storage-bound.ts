// Whether what a Pod has on disk has outgrown a bound: of one of its scratch volumes, of a container, or of the whole Pod. In memory
// the kernel sees to it; on disk somebody has to look. Pure.

import type { Amount } from '#base/mod.ts';
import { amountOf, amountText, compareAmounts, countOf } from '#base/mod.ts';
import type { Pod } from '#kinds/mod.ts';
import { podAmounts } from '#kinds/mod.ts';

const STORAGE = 'ephemeral-storage';

type Volume = NonNullable<Pod['spec']['volumes']>[number];

/** Bytes on disk; infinite where there is more than can be counted. */
export interface StorageUse {
  /** Of scratch volumes, by name. */
  readonly volumes: ReadonlyMap<string, number>;
  /** Of containers that run, by name: what they wrote into their roots, and their logs. */
  readonly containers: ReadonlyMap<string, number>;
}

/** What has to be looked at: nothing where nothing has a bound, and all of a Pod whose containers have limits. */
export function boundedStorage(pod: Pod): { readonly volumes: readonly Volume[]; readonly hasLimits: boolean } {
  const hasLimits = limitOf(pod) !== undefined;
  const scratch = (pod.spec.volumes ?? []).filter(({ emptyDir }) => emptyDir && !emptyDir.medium);
  return {
    volumes: hasLimits ? scratch : scratch.filter(({ emptyDir }) => emptyDir?.sizeLimit !== undefined),
    hasLimits,
  };
}

/** What kubelet says of the first bound that is exceeded; undefined where none is. */
export function outgrown(pod: Pod, use: StorageUse): string | undefined {
  return volumeOutgrown(pod, use) ?? podOutgrown(pod, use) ?? containerOutgrown(pod, use);
}

function volumeOutgrown({ spec }: Pod, { volumes }: StorageUse): string | undefined {
  for (const { name, emptyDir } of spec.volumes ?? [])
    if (emptyDir?.sizeLimit !== undefined && isMore(volumes.get(name), amountOf(emptyDir.sizeLimit)))
      return `Usage of EmptyDir volume ${JSON.stringify(name)} exceeds the limit ${JSON.stringify(String(emptyDir.sizeLimit))}. `;
  return undefined;
}

function podOutgrown(pod: Pod, { volumes, containers }: StorageUse): string | undefined {
  const limit = limitOf(pod);
  const used = [...volumes.values(), ...containers.values()].reduce((sum, bytes) => sum + bytes, 0);
  return limit && isMore(used, limit)
    ? `Pod ephemeral local storage usage exceeds the total limit of containers ${amountText(limit)}. `
    : undefined;
}

function containerOutgrown({ spec }: Pod, { containers }: StorageUse): string | undefined {
  for (const { name, resources } of [...(spec.initContainers ?? []), ...spec.containers]) {
    const limit = amountOf(resources?.limits?.[STORAGE] ?? 0);
    if (limit && limit.nano > 0n && isMore(containers.get(name), limit))
      return `Container ${name} exceeded its local ephemeral storage limit ${JSON.stringify(amountText(limit))}. `;
  }
  return undefined;
}

/** The limits of all containers together, as far as they have some. */
function limitOf({ spec }: Pod): Amount | undefined {
  return podAmounts(spec, 'limits')[STORAGE];
}

function isMore(bytes = 0, limit: Amount | undefined): boolean {
  return limit !== undefined && (bytes === Number.POSITIVE_INFINITY || compareAmounts(countOf(bytes), limit) > 0);
}
