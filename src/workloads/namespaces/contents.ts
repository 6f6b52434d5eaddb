// What every namespace has from the start.

import type { ControllerDefinition } from '#engine/mod.ts';
import { defineController, watch } from '#engine/mod.ts';
import { ConfigMap, Namespace, ServiceAccount } from '#kinds/mod.ts';
import { isReason } from '#machinery/mod.ts';

const ROOT_CA_MAP = 'kube-root-ca.crt';
const ROOT_CA_NOTE =
  'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.';

/** The default ServiceAccount and the certificate authority by which its Pods know the API server. */
export function namespaceContents(rootCa: string): ControllerDefinition<Namespace> {
  return defineController<Namespace>({
    name: 'serviceaccount-controller',
    of: Namespace,
    status: 'none',
    watches: [
      watch(ServiceAccount, ({ metadata }) => (metadata.name === 'default' ? [metadata.namespace ?? ''] : [])),
      watch(ConfigMap, ({ metadata }) => (metadata.name === ROOT_CA_MAP ? [metadata.namespace ?? ''] : [])),
    ],
    async reconcile(turn) {
      const namespace = turn.object.metadata.name;
      await ignoring('AlreadyExists', async () => {
        if (turn.get(ServiceAccount, namespace, 'default')) return;
        await turn.client.create(ServiceAccount, {
          apiVersion: 'v1',
          kind: 'ServiceAccount',
          metadata: { name: 'default', namespace },
        });
      });
      await ignoring('AlreadyExists', async () => {
        const there = turn.get(ConfigMap, namespace, ROOT_CA_MAP);
        const data = { 'ca.crt': rootCa };
        const map: ConfigMap = {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name: ROOT_CA_MAP, namespace, annotations: { 'kubernetes.io/description': ROOT_CA_NOTE } },
          data,
        };
        if (!there) await turn.client.create(ConfigMap, map);
        else if (there.data?.['ca.crt'] !== rootCa) await turn.client.update(ConfigMap, { ...there, data });
      });
    },
  });
}

async function ignoring(reason: string, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (thrown) {
    if (!isReason(thrown, reason)) throw thrown;
  }
}
