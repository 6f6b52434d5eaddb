// Admission of Pods: whom they are to the API, and the token and certificate by which they can show it.

import type { Clock, Random } from '#base/mod.ts';
import { nameSuffix, sleep } from '#base/mod.ts';
import type { Pod, ServiceAccount } from '#kinds/mod.ts';
import { forbidden } from '#machinery/mod.ts';
import type { AdmissionPlugin, AdmissionRequest, Store } from '#objects/mod.ts';

/** Where programs look for their token, certificate authority and namespace. */
export const MOUNT_PATH = '/var/run/secrets/kubernetes.io/serviceaccount';
/** The config map with the certificate authority that every namespace has. */
const ROOT_CA = 'kube-root-ca.crt';
/** An hour and a little: renewed long before (Kubernetes' own figure). */
const TOKEN_SECONDS = 3607;
const READ_BY_ALL = 0o644;
/** A new namespace gets its default account a moment after it is made; so long a Pod waits for it. */
const LOOKS = 10;
const BETWEEN_LOOKS_MS = 100;

/** Fills in the account of each new Pod and mounts its token, unless the Pod or the account says not to. */
export function serviceAccountAdmission({
  store,
  clock,
  random,
}: {
  store: Pick<Store, 'get'>;
  clock: Clock;
  random: Random;
}): AdmissionPlugin {
  return {
    async admit(request) {
      if (request.kind.resource !== 'pods' || request.operation !== 'CREATE' || request.subresource || !request.object)
        return;
      const pod = request.object as Pod;
      const name = pod.spec.serviceAccountName || pod.spec.serviceAccount || 'default';
      pod.spec.serviceAccountName = name;
      pod.spec.serviceAccount = name;
      const account = await accountOf(request, name);
      if (pod.spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true)
        mountToken(pod, random);
      if (!pod.spec.imagePullSecrets?.length && account.imagePullSecrets?.length)
        pod.spec.imagePullSecrets = account.imagePullSecrets.map((secret) => ({ ...secret }));
    },
  };

  async function accountOf({ namespace, name: pod }: AdmissionRequest, name: string): Promise<ServiceAccount> {
    for (let look = 1; look <= LOOKS; look++) {
      const found: ServiceAccount | undefined = store.get('serviceaccounts', namespace, name);
      if (found) return found;
      if (look < LOOKS) await sleep(clock, BETWEEN_LOOKS_MS);
    }
    throw forbidden(
      { group: '', plural: 'pods' },
      pod,
      `error looking up service account ${namespace}/${name}: serviceaccount ${JSON.stringify(name)} not found`,
    );
  }
}

function mountToken(pod: Pod, random: Random): void {
  const containers = [...(pod.spec.initContainers ?? []), ...pod.spec.containers];
  const bare = containers.filter(
    ({ volumeMounts = [] }) => !volumeMounts.some(({ mountPath }) => mountPath === MOUNT_PATH),
  );
  if (bare.length === 0) return;
  const name = `kube-api-access-${nameSuffix(random)}`;
  for (const container of bare)
    container.volumeMounts = [...(container.volumeMounts ?? []), { name, readOnly: true, mountPath: MOUNT_PATH }];
  pod.spec.volumes = [
    ...(pod.spec.volumes ?? []),
    { name, projected: { defaultMode: READ_BY_ALL, sources: tokenSources() } },
  ];
}

type Sources = NonNullable<NonNullable<NonNullable<Pod['spec']['volumes']>[number]['projected']>['sources']>;

function tokenSources(): Sources {
  return [
    { serviceAccountToken: { expirationSeconds: TOKEN_SECONDS, path: 'token' } },
    { configMap: { name: ROOT_CA, items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
    {
      downwardAPI: { items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }] },
    },
  ];
}
