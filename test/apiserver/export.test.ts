// What is exported from one platform and applied to another gives the same specs.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import type { Manifest } from '#cli/mod.ts';
import { exported } from '#cli/mod.ts';
import { localClient } from '#objects/mod.ts';
import type { TestApi } from '../contracts/api-server.ts';
import { startTestApi } from '../contracts/api-server.ts';

const user = { name: 'root', groups: ['system:masters'] };
const MANIFESTS = `
apiVersion: v1
kind: Namespace
metadata: { name: shop, labels: { team: a } }
---
apiVersion: v1
kind: ServiceAccount
metadata: { name: runner, namespace: shop }
---
apiVersion: v1
kind: Secret
metadata: { name: key, namespace: shop }
stringData: { password: x }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: settings, namespace: shop, annotations: { note: kept } }
data: { mode: test }
---
apiVersion: v1
kind: Service
metadata: { name: plain, namespace: shop }
spec: { type: NodePort, selector: { app: x }, ports: [{ port: 80, targetPort: 8080, nodePort: 30100 }] }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: readers, namespace: shop }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view }
subjects: [{ kind: Group, apiGroup: rbac.authorization.k8s.io, name: team-a }]
---
apiVersion: serving.knative.dev/v1
kind: Service
metadata: { name: hello, namespace: shop, annotations: { serving.knative.dev/rollout-duration: 10s } }
spec:
  template:
    metadata: { annotations: { autoscaling.knative.dev/max-scale: '3' } }
    spec:
      serviceAccountName: runner
      containers:
        - image: example.com/hello@sha256:${'a'.repeat(64)}
          envFrom: [{ secretRef: { name: key } }, { configMapRef: { name: settings } }]
  traffic: [{ latestRevision: true, percent: 100, tag: now }]
`;

let first: TestApi;
let second: TestApi;
beforeAll(async () => {
  [first, second] = await Promise.all([startTestApi(), startTestApi()]);
});
afterAll(async () => {
  await Promise.all([first.close(), second.close()]);
});

const clientOf = (api: TestApi) => localClient(api.registry, user);

async function apply(api: TestApi, manifests: readonly Manifest[]): Promise<void> {
  for (const manifest of manifests) {
    const kind = api.registry.scheme.byKind(manifest.apiVersion, manifest.kind);
    if (!kind) throw new Error(`no kind ${manifest.kind}`);
    await clientOf(api).create(kind, manifest);
  }
}

test('a namespace goes over to another platform, and nothing that a server fills in goes with it', async () => {
  await apply(
    first,
    parseAllDocuments(MANIFESTS).map((document) => document.toJS() as Manifest),
  );
  const out = await exported(clientOf(first), 'shop');
  expect(out.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([
    'Namespace shop',
    'ServiceAccount runner',
    'RoleBinding readers',
    'Secret key',
    'ConfigMap settings',
    'Service plain',
    'Service hello',
  ]);
  const text = JSON.stringify(out);
  for (const filled of [
    'status',
    'uid',
    'resourceVersion',
    'managedFields',
    'creationTimestamp',
    'clusterIP',
    'nodePort"',
  ])
    expect(text).not.toContain(`"${filled.replace('"', '')}"`);
  expect(text).not.toContain('serving.knative.dev/creator');
  await apply(second, out);
  expect(await exported(clientOf(second), 'shop')).toEqual(out);
});

test('of all namespaces, those of the system are left out', async () => {
  const out = await exported(clientOf(first), undefined);
  const namespaces = new Set(out.map(({ metadata }) => metadata.namespace).filter(Boolean));
  expect([...namespaces]).toEqual(['shop']);
});
