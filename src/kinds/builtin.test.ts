// The other built-in kinds: what is filled in and what is refused.

import { copy } from '#base/mod.ts';
import type { Kind, KubeObject } from '#machinery/mod.ts';
import { describe, expect, test } from 'vitest';
import { allKinds } from './all-kinds.ts';
import { Deployment } from './apps/deployment.ts';
import { ReplicaSet } from './apps/replica-set.ts';
import { StatefulSet } from './apps/stateful-set.ts';
import { CronJob } from './batch/cron-job.ts';
import { Job } from './batch/job.ts';
import { HorizontalPodAutoscaler } from './autoscaling/horizontal-pod-autoscaler.ts';
import { ConfigMap } from './core/config-map.ts';
import { Namespace } from './core/namespace.ts';
import { LimitRange } from './core/quota.ts';
import { PersistentVolumeClaim } from './core/persistent-volume-claim.ts';
import { Secret } from './core/secret.ts';
import { CoreService } from './core/service.ts';
import { podAddress } from './pod-address.ts';
import { ClusterRoleBinding, RoleBinding } from './rbac/binding.ts';
import { ClusterRole, Role } from './rbac/role.ts';
import { tryWrite } from './trial.ts';

type Fields = Readonly<Record<string, unknown>>;

function made(
  { apiVersion, kind }: Pick<Kind, 'apiVersion' | 'kind'>,
  fields: Fields,
  metadata: Fields = {},
): KubeObject {
  const built = {
    apiVersion,
    kind,
    metadata: { name: 'hello', namespace: 'default', uid: 'u1', ...metadata },
    ...fields,
  };
  return copy(built);
}

const template = (spec: Fields = {}, labels: Fields = { app: 'a' }) => ({
  metadata: { labels },
  spec: { containers: [{ name: 'c', image: 'i:1' }], ...spec },
});
const selector = { matchLabels: { app: 'a' } };
const port = { port: 80 };

const cases: readonly (readonly [Kind, Fields, readonly string[]])[] = [
  [Deployment, { spec: { selector, template: template() } }, []],
  [
    Deployment,
    { spec: { selector: {}, template: template() } },
    ['spec.selector: Invalid value: {}: empty selector is invalid for deployment'],
  ],
  [Deployment, { spec: { template: template() } }, ['spec.selector: Required value']],
  [
    Deployment,
    { spec: { selector, template: template({}, { app: 'b' }) } },
    ['spec.template.metadata.labels: Invalid value: {"app":"b"}: `selector` does not match template `labels`'],
  ],
  [
    Deployment,
    { spec: { selector, replicas: -1, template: template() } },
    ['spec.replicas: Invalid value: -1: must be greater than or equal to 0'],
  ],
  [
    Deployment,
    { spec: { selector, template: template({ restartPolicy: 'Never' }) } },
    ['spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"'],
  ],
  [
    Deployment,
    { spec: { selector, strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 0 } }, template: template() } },
    ['spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0'],
  ],
  [
    Deployment,
    { spec: { selector, strategy: { type: 'Recreate', rollingUpdate: {} }, template: template() } },
    ["spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'"],
  ],
  [
    Deployment,
    { spec: { selector, minReadySeconds: 600, template: template() } },
    ['spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySeconds'],
  ],
  [
    ReplicaSet,
    { spec: { selector, template: template({ containers: [] }) } },
    ['spec.template.spec.containers: Required value'],
  ],
  [
    StatefulSet,
    {
      spec: {
        selector,
        volumeClaimTemplates: [{ metadata: { name: 'data' } }],
        template: template({
          containers: [{ name: 'c', image: 'i', volumeMounts: [{ name: 'data', mountPath: '/d' }] }],
        }),
      },
    },
    [],
  ],
  [Job, { spec: { template: template({ restartPolicy: 'Never' }) } }, []],
  [
    Job,
    { spec: { template: template() } },
    ['spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"'],
  ],
  [
    Job,
    { spec: { completionMode: 'Indexed', parallelism: 1, template: template({ restartPolicy: 'Never' }) } },
    ['spec.completions: Required value: when completion mode is Indexed'],
  ],
  [
    CronJob,
    {
      spec: {
        schedule: '*/5 * * * mon-fri',
        jobTemplate: { spec: { template: template({ restartPolicy: 'Never' }) } },
      },
    },
    [],
  ],
  [
    CronJob,
    { spec: { schedule: '61 * * * *', jobTemplate: { spec: { template: template({ restartPolicy: 'Never' }) } } } },
    ['spec.schedule: Invalid value: "61 * * * *": end of range (61) above maximum (59): 61'],
  ],
  [
    CronJob,
    { spec: { schedule: 'now', jobTemplate: { spec: { template: template({ restartPolicy: 'Never' }) } } } },
    ['spec.schedule: Invalid value: "now": expected exactly 5 fields, found 1: [now]'],
  ],
  [CoreService, { spec: { ports: [port] } }, []],
  [CoreService, { spec: {} }, ['spec.ports: Required value']],
  [CoreService, { spec: { clusterIP: 'None' } }, []],
  [CoreService, { spec: { type: 'ExternalName' } }, ['spec.externalName: Required value']],
  [
    CoreService,
    { spec: { type: 'Magic', ports: [port] } },
    [
      'spec.type: Unsupported value: "Magic": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"',
    ],
  ],
  [
    CoreService,
    { spec: { ports: [port, { port: 80 }] } },
    [
      'spec.ports[0].name: Required value',
      'spec.ports[1].name: Required value',
      'spec.ports[1]: Duplicate value: {"protocol":"TCP","port":80}',
    ],
  ],
  [
    CoreService,
    { spec: { ports: [{ port: 80, nodePort: 30000 }] } },
    ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"],
  ],
  [ConfigMap, { data: { 'a.b': 'c' }, binaryData: { d: 'AA==' } }, []],
  [
    ConfigMap,
    { data: { 'a/b': 'c' } },
    [
      "data[a/b]: Invalid value: \"a/b\": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
    ],
  ],
  [
    ConfigMap,
    { data: { a: 'c' }, binaryData: { a: 'AA==' } },
    ['data[a]: Invalid value: "a": duplicate of key present in binaryData'],
  ],
  [Secret, { type: 'kubernetes.io/tls', data: {} }, ['data[tls.crt]: Required value', 'data[tls.key]: Required value']],
  [Secret, { type: 'kubernetes.io/dockerconfigjson', stringData: { '.dockerconfigjson': '{}' } }, []],
  [
    PersistentVolumeClaim,
    { spec: {} },
    ['spec.accessModes: Required value: at least 1 access mode is required', 'spec.resources[storage]: Required value'],
  ],
  [
    LimitRange,
    { spec: { limits: [{ type: 'Container', min: { cpu: '2' }, max: { cpu: '1' } }] } },
    ['spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1'],
  ],
  [
    HorizontalPodAutoscaler,
    { spec: { maxReplicas: 1, minReplicas: 2, scaleTargetRef: { kind: 'a', name: 'b' } } },
    ['spec.maxReplicas: Invalid value: 1: must be greater than or equal to `minReplicas`'],
  ],
  [
    Role,
    { rules: [{ verbs: [], apiGroups: [''], resources: ['pods'] }] },
    ['rules[0].verbs: Required value: verbs must contain at least one value'],
  ],
  [
    Role,
    { rules: [{ verbs: ['get'], nonResourceURLs: ['/x'] }] },
    ['rules[0].nonResourceURLs: Invalid value: ["/x"]: namespaced rules cannot apply to non-resource URLs'],
  ],
  [ClusterRole, { rules: [{ verbs: ['get'], nonResourceURLs: ['/x'] }] }, []],
  [
    RoleBinding,
    { roleRef: { kind: 'Group', name: 'x' }, subjects: [{ kind: 'ServiceAccount', name: 'a' }] },
    ['roleRef.kind: Unsupported value: "Group": supported values: "Role", "ClusterRole"'],
  ],
  [
    ClusterRoleBinding,
    { roleRef: { kind: 'Group', name: 'x' }, subjects: [{ kind: 'ServiceAccount', name: 'a' }] },
    [
      'roleRef.kind: Unsupported value: "Group": supported values: "ClusterRole"',
      'subjects[0].namespace: Required value',
    ],
  ],
];

test.each(cases.map(([kind, ...rest]) => [kind.kind, ...rest, kind] as const))(
  '%s %j',
  (_name, fields, problems, kind) => {
    expect(tryWrite(kind, made(kind, fields)).problems).toEqual(problems);
  },
);

describe('defaults', () => {
  test('of a Deployment', () => {
    const { spec } = tryWrite(Deployment, made(Deployment, { spec: { selector, template: template() } }))
      .object as Deployment;
    expect(spec).toMatchObject({
      replicas: 1,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '25%', maxSurge: '25%' } },
      revisionHistoryLimit: 10,
      progressDeadlineSeconds: 600,
      template: { spec: { restartPolicy: 'Always', terminationGracePeriodSeconds: 30, dnsPolicy: 'ClusterFirst' } },
    });
    expect(spec.template.spec.tolerations).toBeUndefined();
  });

  test('of a Job: its own selector, by its uid', () => {
    const { spec } = tryWrite(Job, made(Job, { spec: { template: template({ restartPolicy: 'Never' }) } }))
      .object as Job;
    expect(spec).toMatchObject({
      completions: 1,
      parallelism: 1,
      backoffLimit: 6,
      selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': 'u1' } },
      template: { metadata: { labels: { app: 'a', 'batch.kubernetes.io/job-name': 'hello', 'job-name': 'hello' } } },
    });
  });

  test('of a Service', () => {
    const { spec } = tryWrite(CoreService, made(CoreService, { spec: { ports: [port] } })).object as CoreService;
    expect(spec).toEqual({
      type: 'ClusterIP',
      sessionAffinity: 'None',
      internalTrafficPolicy: 'Cluster',
      ports: [{ port: 80, targetPort: 80, protocol: 'TCP' }],
    });
  });

  test('of a Secret: text becomes base64', () => {
    const secret = tryWrite(Secret, made(Secret, { data: { a: 'eA==' }, stringData: { b: 'grün' } })).object as Secret;
    expect(secret).toMatchObject({ type: 'Opaque', data: { a: 'eA==', b: 'Z3LDvG4=' } });
    expect(secret.stringData).toBeUndefined();
  });

  test('of a Namespace', () => {
    const made1 = tryWrite(Namespace, made(Namespace, { spec: {} })).object as Namespace;
    expect(made1).toMatchObject({
      metadata: { labels: { 'kubernetes.io/metadata.name': 'hello' } },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    });
  });
});

describe('updates', () => {
  test('a selector stays', () => {
    const before = tryWrite(Deployment, made(Deployment, { spec: { selector, template: template() } }))
      .object as Deployment;
    const now = copy(before);
    now.spec.selector = { matchExpressions: [{ key: 'app', operator: 'Exists' }] };
    expect(tryWrite(Deployment, now, { before }).problems).toEqual([
      'spec.selector: Invalid value: {"matchExpressions":[{"key":"app","operator":"Exists"}]}: field is immutable',
    ]);
  });

  test('what is immutable stays so', () => {
    const before = made(ConfigMap, { immutable: true, data: { a: 'b' } }) as ConfigMap;
    expect(tryWrite(ConfigMap, made(ConfigMap, { data: { a: 'c' } }), { before }).problems).toEqual([
      'immutable: Forbidden: field is immutable when `immutable` is set',
      'data: Forbidden: field is immutable when `immutable` is set',
    ]);
  });

  test('the type of a Secret stays', () => {
    const before = made(Secret, { type: 'Opaque' }) as Secret;
    expect(tryWrite(Secret, made(Secret, { type: 'mine/own' }), { before }).problems).toEqual([
      'type: Invalid value: "mine/own": field is immutable',
    ]);
  });
});

describe('all kinds', () => {
  test('have names of their own', () => {
    const names = allKinds.map(({ apiVersion, kind }) => `${apiVersion}/${kind}`);
    const resources = allKinds.map(({ resource, version }) => `${resource} in ${version}`);
    expect(new Set(names).size).toBe(names.length);
    expect(new Set(resources).size).toBe(resources.length);
  });

  test('and look like this to discovery and printers', () => {
    const lines = allKinds.map(({ apiVersion, kind, names, scope, columns, lossy, custom, verbs }) =>
      [
        `${apiVersion} ${kind}`,
        names.plural,
        names.short.join(',') || '-',
        names.categories.join(',') || '-',
        scope,
        Object.entries(columns)
          .map(([name, column]) => (column.priority > 0 ? `(${name})` : name))
          .join(' | ') || '-',
        [lossy === 'none' ? '' : `lossy:${lossy}`, custom ? 'custom' : '', verbs ? `verbs:${verbs.join(',')}` : '']
          .filter(Boolean)
          .join(' ') || '-',
      ].join('  '),
    );
    expect(lines.join('\n')).toMatchSnapshot();
  });
});

test.each([
  [{ annotations: { 'ebb.dev/host-ports': '{"8080":4711}' } }, '10.0.0.1', { host: '127.0.0.1', port: 4711 }],
  [{ annotations: { 'ebb.dev/host-ports': '{"9090":1}' } }, '10.0.0.1', undefined],
  [{ annotations: { 'ebb.dev/host-ports': 'nonsense' } }, '10.0.0.1', undefined],
  [{}, '10.0.0.1', { host: '10.0.0.1', port: 8080 }],
  [{}, undefined, undefined],
])('the address of a Pod with %j at %s', (metadata, podIP, address) => {
  const object = { ...made({ apiVersion: 'v1', kind: 'Pod' }, {}, metadata), status: { podIP } };
  expect(podAddress(object, 8080)).toEqual(address);
});
