// The roles and bindings that are there from the first start: Kubernetes' user-facing ones, and those Knative Serving ships.

import { anonymous, AUTHENTICATED } from '../authn/authenticator.ts';
import { eventingRoles } from './eventing-roles.ts';
import { MASTERS } from './rbac.ts';
import type { RoleSeed } from './role-seeds.ts';
import { aggregatesTo, ALL, clusterRole, gathered, GROUP, on, paths, READ } from './role-seeds.ts';

const WRITE = ['create', 'delete', 'deletecollection', 'patch', 'update'];

const WORKLOADS: readonly (readonly [group: string, resources: readonly string[]])[] = [
  [
    '',
    [
      'configmaps',
      'endpoints',
      'persistentvolumeclaims',
      'pods',
      'replicationcontrollers',
      'replicationcontrollers/scale',
      'serviceaccounts',
      'services',
    ],
  ],
  [
    'apps',
    [
      'daemonsets',
      'deployments',
      'deployments/scale',
      'replicasets',
      'replicasets/scale',
      'statefulsets',
      'statefulsets/scale',
    ],
  ],
  ['autoscaling', ['horizontalpodautoscalers']],
  ['batch', ['cronjobs', 'jobs']],
  ['networking.k8s.io', ['ingresses', 'networkpolicies']],
  ['policy', ['poddisruptionbudgets']],
];
/** What may be looked at but is not a user's to write. */
const SEEN: readonly (readonly [group: string, resources: readonly string[]])[] = [
  [
    '',
    [
      'bindings',
      'events',
      'limitranges',
      'namespaces',
      'namespaces/status',
      'persistentvolumeclaims/status',
      'pods/log',
      'pods/status',
      'resourcequotas',
      'resourcequotas/status',
      'services/status',
    ],
  ],
  [
    'apps',
    ['controllerrevisions', 'daemonsets/status', 'deployments/status', 'replicasets/status', 'statefulsets/status'],
  ],
  ['autoscaling', ['horizontalpodautoscalers/status']],
  ['batch', ['cronjobs/status', 'jobs/status']],
  ['discovery.k8s.io', ['endpointslices']],
  ['metrics.k8s.io', ['nodes', 'pods']],
];
const VIEW = [...WORKLOADS, ...SEEN].map(([group, resources]) => on([group], resources, READ));
const EDIT = [
  on([''], ['secrets', 'pods/attach', 'pods/exec', 'pods/portforward', 'pods/proxy', 'services/proxy'], READ),
  on(
    [''],
    [
      'pods/attach',
      'pods/exec',
      'pods/portforward',
      'pods/proxy',
      'secrets',
      'services/proxy',
      'pods/eviction',
      'serviceaccounts/token',
      'events',
    ],
    WRITE,
  ),
  on([''], ['serviceaccounts'], ['impersonate']),
  ...WORKLOADS.map(([group, resources]) => on([group], resources, WRITE)),
];
const ADMIN = [
  on(['authorization.k8s.io'], ['localsubjectaccessreviews'], ['create']),
  on([GROUP], ['rolebindings', 'roles'], [...READ, ...WRITE]),
];
const KNATIVE_INTERNAL = [
  'networking.internal.knative.dev',
  'autoscaling.internal.knative.dev',
  'caching.internal.knative.dev',
];
const KNATIVE_CORE = [
  on(
    [''],
    ['pods', 'namespaces', 'secrets', 'configmaps', 'endpoints', 'services', 'events', 'serviceaccounts'],
    [...READ, 'create', 'update', 'delete', 'patch'],
  ),
  on([''], ['endpoints/restricted'], ['create']),
  on([''], ['namespaces/finalizers'], ['update']),
  on(['apps'], ['deployments', 'deployments/finalizers'], [...READ, 'create', 'update', 'delete', 'patch']),
  on(
    ['apiextensions.k8s.io'],
    ['customresourcedefinitions', 'customresourcedefinitions/status'],
    [...READ, 'create', 'update', 'delete', 'patch'],
  ),
  on(['autoscaling'], ['horizontalpodautoscalers'], [...READ, 'create', 'update', 'delete', 'patch']),
  on(['coordination.k8s.io'], ['leases'], [...READ, 'create', 'update', 'delete', 'patch']),
  on(
    ['serving.knative.dev', 'autoscaling.internal.knative.dev', 'networking.internal.knative.dev'],
    ['*', '*/status', '*/finalizers'],
    [...READ, 'create', 'update', 'delete', 'deletecollection', 'patch'],
  ),
  on(
    ['caching.internal.knative.dev'],
    ['images'],
    [...READ, 'create', 'update', 'delete', 'deletecollection', 'patch'],
  ),
];

const BOOTSTRAP = { 'kubernetes.io/bootstrapping': 'rbac-defaults' };
function binding(name: string, ...groups: string[]): RoleSeed {
  return {
    apiVersion: `${GROUP}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name, labels: BOOTSTRAP },
    roleRef: { apiGroup: GROUP, kind: 'ClusterRole', name },
    subjects: groups.map((group) => ({ apiGroup: GROUP, kind: 'Group', name: group })),
  };
}

const INFO_PATHS = ['/healthz', '/livez', '/readyz', '/version', '/version/'];
const DISCOVERY_PATHS = [
  '/api',
  '/api/*',
  '/apis',
  '/apis/*',
  '/healthz',
  '/livez',
  '/openapi',
  '/openapi/*',
  '/readyz',
  '/version',
  '/version/',
];
const SERVING = { 'app.kubernetes.io/name': 'knative-serving' };
const EVERYONE = [AUTHENTICATED, ...anonymous.groups];

const clusterRoles: readonly RoleSeed[] = [
  clusterRole('cluster-admin', BOOTSTRAP, [on(ALL, ALL, ALL), { nonResourceURLs: ALL, verbs: ALL }]),
  gathered('admin', BOOTSTRAP, aggregatesTo('admin')),
  gathered('edit', { ...BOOTSTRAP, ...aggregatesTo('admin') }, aggregatesTo('edit')),
  gathered('view', { ...BOOTSTRAP, ...aggregatesTo('edit') }, aggregatesTo('view')),
  clusterRole('system:aggregate-to-admin', { ...BOOTSTRAP, ...aggregatesTo('admin') }, ADMIN),
  clusterRole('system:aggregate-to-edit', { ...BOOTSTRAP, ...aggregatesTo('edit') }, EDIT),
  clusterRole('system:aggregate-to-view', { ...BOOTSTRAP, ...aggregatesTo('view') }, VIEW),
  clusterRole('system:basic-user', BOOTSTRAP, [
    on(['authorization.k8s.io'], ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'], ['create']),
    on(['authentication.k8s.io'], ['selfsubjectreviews'], ['create']),
  ]),
  clusterRole('system:discovery', BOOTSTRAP, [paths(...DISCOVERY_PATHS)]),
  clusterRole('system:public-info-viewer', BOOTSTRAP, [paths(...INFO_PATHS)]),
  clusterRole('system:service-account-issuer-discovery', BOOTSTRAP, [
    paths('/.well-known/openid-configuration', '/openid/v1/jwks'),
  ]),
  clusterRole('system:auth-delegator', BOOTSTRAP, [
    on(['authentication.k8s.io'], ['tokenreviews'], ['create']),
    on(['authorization.k8s.io'], ['subjectaccessreviews'], ['create']),
  ]),
];

const servingRoles: readonly RoleSeed[] = [
  gathered('knative-serving-admin', SERVING, { 'serving.knative.dev/controller': 'true' }),
  clusterRole('knative-serving-core', { ...SERVING, 'serving.knative.dev/controller': 'true' }, KNATIVE_CORE),
  clusterRole('knative-serving-activator-cluster', { ...SERVING, 'serving.knative.dev/controller': 'true' }, [
    on([''], ['services', 'endpoints'], READ),
    on(['serving.knative.dev'], ['revisions'], READ),
  ]),
  clusterRole('knative-serving-namespaced-admin', { ...SERVING, ...aggregatesTo('admin') }, [
    on(['serving.knative.dev'], ['*'], ['*']),
    on(KNATIVE_INTERNAL, ['*'], READ),
  ]),
  clusterRole('knative-serving-namespaced-edit', { ...SERVING, ...aggregatesTo('edit') }, [
    on(['serving.knative.dev'], ['*'], ['create', 'update', 'patch', 'delete']),
    on(KNATIVE_INTERNAL, ['*'], READ),
  ]),
  clusterRole('knative-serving-namespaced-view', { ...SERVING, ...aggregatesTo('view') }, [
    on(['serving.knative.dev', ...KNATIVE_INTERNAL], ['*'], READ),
  ]),
  gathered('knative-serving-aggregated-addressable-resolver', SERVING, { 'duck.knative.dev/addressable': 'true' }),
  clusterRole('knative-serving-addressable-resolver', { ...SERVING, 'duck.knative.dev/addressable': 'true' }, [
    on(['serving.knative.dev'], ['routes', 'routes/status', 'services', 'services/status'], READ),
  ]),
  clusterRole('knative-serving-podspecable-binding', { ...SERVING, 'duck.knative.dev/podspecable': 'true' }, [
    on(['serving.knative.dev'], ['configurations', 'services'], ['list', 'watch', 'patch']),
  ]),
];

/** Every role and binding of a fresh API, in the order in which to create them. */
export const defaultRoles: readonly RoleSeed[] = [
  ...clusterRoles,
  ...servingRoles,
  ...eventingRoles,
  binding('cluster-admin', MASTERS),
  binding('system:basic-user', AUTHENTICATED),
  binding('system:discovery', AUTHENTICATED),
  binding('system:public-info-viewer', ...EVERYONE),
  binding('system:service-account-issuer-discovery', 'system:serviceaccounts'),
];
