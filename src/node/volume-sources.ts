// Where the volumes and references of a Pod lead: into its own namespace, to its own ServiceAccount, to storage of this machine.

import {
  ConfigMap,
  CoreService,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  Secret,
  ServiceAccount,
} from '#kinds/mod.ts';
import type { Client, Informers } from '#objects/mod.ts';
import type { Launcher } from './launcher.ts';
import type { LocalVolumes } from './local-volumes.ts';
import type { ImagePuller, ReadyImage } from './pod-ports.ts';
import type { VolumeSources } from './volumes.ts';

export interface SourcePorts {
  readonly client: Client;
  readonly informers: Informers;
  readonly launcher: Launcher;
  readonly images: ImagePuller;
  /** Storage of claims. */
  readonly localVolumes: LocalVolumes;
  /** Signs a token for a ServiceAccount that lives as long as its Pod. */
  sign(pod: Pod, account: ServiceAccount, audience: string | undefined, seconds: number): string;
}

/** What of the API is read all the time that Pods run. */
export const WATCHED_KINDS = [
  Pod,
  ConfigMap,
  Secret,
  ServiceAccount,
  CoreService,
  PersistentVolumeClaim,
  PersistentVolume,
];

export function sourcesFor({ metadata }: Pod, ports: SourcePorts): VolumeSources {
  const { namespace = '' } = metadata;
  const { informers, images, launcher, localVolumes } = ports;
  return {
    configMap: (name) => informers.of(ConfigMap).get(namespace, name),
    secret: (name) => informers.of(Secret).get(namespace, name),
    ...(launcher.isIsolated ? { services: () => informers.of(CoreService).list(namespace) } : {}),
    claim: (name) => informers.of(PersistentVolumeClaim).get(namespace, name),
    volume: (name) => informers.of(PersistentVolume).get('', name),
    token: (of, audience, seconds) => tokenFor(of, audience, seconds, ports),
    local: localVolumes,
    image: async (of, reference) => contentOf(await images.bring(reference, of)),
    memory: async (uid, name, bytes) => launcher.folderInMemory?.(uid, name, bytes),
  };
}

async function tokenFor(
  pod: Pod,
  audience: string | undefined,
  seconds: number,
  { client, sign }: Pick<SourcePorts, 'client' | 'sign'>,
): Promise<string> {
  const { namespace = '' } = pod.metadata;
  const name = pod.spec.serviceAccountName ?? 'default';
  const account = await client.get(ServiceAccount, namespace, name);
  if (!account) throw new Error(`service account ${namespace}/${name} does not exist`);
  return sign(pod, account, audience, seconds);
}

/** What a volume of an image shows: its root, or, for one that lies over the machine's own, what it brings. */
function contentOf({ rootfs, overlay }: ReadyImage): string {
  return overlay ?? rootfs;
}
