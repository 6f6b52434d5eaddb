// Writes of Knative's kinds by chance: mostly right, with a mistake here and there, under config maps that open this and close that.

import type { Arbitrary } from 'fast-check';
import { array, boolean, constant, constantFrom, dictionary, oneof, option, record, tuple } from 'fast-check';
import type { JsonObject } from '#base/mod.ts';

/** One write, and the config maps in force. */
export interface Write {
  readonly kind: string;
  readonly object: JsonObject;
  /** What the object is changed to, where the write is an update of it. */
  readonly next?: JsonObject | undefined;
  readonly config: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

type Any = Arbitrary<unknown>;

/** Six times out of seven a good value. */
const mostly = (good: readonly unknown[], bad: readonly unknown[]): Any =>
  oneof({ weight: 6, arbitrary: constantFrom(...good) }, { weight: 1, arbitrary: constantFrom(...bad) });
/** Absent as often as not. */
const maybe = (value: Any): Any => option(value, { nil: undefined, freq: 1 });
/** Absent most of the time. */
const rarely = (value: Any, freq = 12): Any =>
  oneof({ weight: freq, arbitrary: constant(undefined) }, { weight: 1, arbitrary: value });
/** An object without its absent fields. */
const fields = (model: Record<string, Any>): Arbitrary<JsonObject> =>
  record(model).map((made) =>
    Object.fromEntries(Object.entries(made).filter(([, value]) => value !== undefined)),
  ) as Arbitrary<JsonObject>;
const few = (value: Any, max = 2, min = 0): Any => array(value, { minLength: min, maxLength: max });

const int = (good: readonly number[], bad: readonly number[]): Any => mostly(good, bad);
const quantity = constantFrom('100m', '0.5', '1', 2, '1Gi', '512Mi', '1.5', '1000m', '1e3');
const name = mostly(['hello', 'a-b', 'x1'], ['Hello', '1a', 'a.b', 'a'.repeat(64), '-a']);

const httpHeaders = few(fields({ name: constant('X'), value: constant('y') }));
const port = constantFrom<unknown>(0, 8080, 'http', 'h2c', 'http1', 'other', '');
const probe = fields({
  httpGet: rarely(
    fields({
      path: maybe(constant('/')),
      port: maybe(port),
      scheme: rarely(constant('HTTPS')),
      httpHeaders: rarely(httpHeaders),
    }),
    2,
  ),
  tcpSocket: rarely(fields({ port: maybe(port), host: rarely(constant('h')) }), 3),
  exec: rarely(fields({ command: few(constant('ls')) }), 5),
  grpc: rarely(fields({ port: constantFrom(0, 8080), service: rarely(constant('s')) }), 5),
  periodSeconds: maybe(int([0, 1, 10], [-1])),
  initialDelaySeconds: rarely(int([0, 5], [-1])),
  successThreshold: rarely(int([0, 1, 2], [-1])),
  failureThreshold: rarely(int([0, 3], [-1])),
  timeoutSeconds: rarely(int([0, 1], [-1])),
});

const capabilities = fields({
  drop: maybe(constantFrom(['ALL'], ['all'], [], ['NET_RAW'])),
  add: rarely(constantFrom(['NET_BIND_SERVICE'], ['SYS_ADMIN'], []), 3),
});
const seccomp = fields({
  type: constantFrom('RuntimeDefault', 'Unconfined', 'Localhost', ''),
  localhostProfile: rarely(constant('p')),
});
const securityContext = fields({
  allowPrivilegeEscalation: maybe(boolean()),
  capabilities: maybe(capabilities),
  runAsUser: rarely(int([0, 1000], [-1, 2 ** 31]), 3),
  runAsGroup: rarely(int([0, 1000], [-1, 2 ** 31]), 3),
  runAsNonRoot: maybe(boolean()),
  readOnlyRootFilesystem: rarely(boolean()),
  privileged: rarely(boolean(), 5),
  seccompProfile: maybe(seccomp),
});

const env = fields({
  name: mostly(['A', 'B', 'c.d'], ['', 'PORT', 'K_SERVICE', 'K_REVISION', 'K_CONFIGURATION']),
  value: maybe(constant('v')),
  valueFrom: rarely(
    fields({
      configMapKeyRef: maybe(fields({ key: constant('k'), name: maybe(constant('m')) })),
      secretKeyRef: rarely(fields({ key: constant('k'), name: maybe(constant('m')) }), 4),
      fieldRef: rarely(fields({ fieldPath: constant('metadata.name') }), 4),
      resourceFieldRef: rarely(fields({ resource: constant('limits.cpu') }), 4),
    }),
    3,
  ),
});
const envFrom = fields({
  prefix: rarely(constant('P_')),
  configMapRef: maybe(fields({ name: maybe(constant('m')) })),
  secretRef: rarely(fields({ name: constant('s') }), 3),
});
const volumeName = mostly(['v0', 'v1'], ['missing', 'V 0']);
const volumeMount = fields({
  name: volumeName,
  mountPath: mostly(['/a', '/b', '/a/'], ['', 'relative', '/', '/dev', '/dev/log', '/dev/', '/a/../dev']),
  readOnly: maybe(boolean()),
  subPath: rarely(constant('s')),
  mountPropagation: rarely(constantFrom('None', 'HostToContainer', 'Bidirectional')),
});

const containerFields = {
  image: mostly(
    ['ko.local/hello', 'hello', 'gcr.io/a/b:v1', 'localhost:5000/x', `a/b@sha256:${'0'.repeat(64)}`],
    ['', 'UPPER/x', 'a b', 'x@sha256:1', 'foo:', '/x'],
  ),
  name: rarely(mostly(['user-container', 'main', 'user-container-0'], ['queue-proxy', 'Bad Name']), 2),
  ports: rarely(
    few(
      fields({
        containerPort: int([8080, 80, 9000], [0, -1, 70000, 8012, 8013, 8022, 9090, 9091, 8008, 8112]),
        name: maybe(mostly(['h2c', 'http1', ''], ['grpc', 'http'])),
        protocol: rarely(mostly(['TCP'], ['UDP', 'SCTP'])),
      }),
    ),
    1,
  ),
  env: rarely(few(env), 3),
  envFrom: rarely(few(envFrom), 5),
  command: rarely(constant(['a'])),
  args: rarely(constant(['b'])),
  workingDir: rarely(constant('/w')),
  imagePullPolicy: rarely(mostly(['Always', 'IfNotPresent', 'Never', ''], ['Sometimes']), 5),
  terminationMessagePath: rarely(constant('/t')),
  terminationMessagePolicy: rarely(mostly(['File', 'FallbackToLogsOnError', ''], ['Other']), 5),
  resources: rarely(
    fields({
      limits: maybe(dictionary(constantFrom('cpu', 'memory'), quantity)),
      requests: maybe(dictionary(constantFrom('cpu', 'memory'), quantity)),
    }),
    3,
  ),
  readinessProbe: rarely(probe, 2),
  livenessProbe: rarely(probe, 5),
  startupProbe: rarely(probe, 8),
  securityContext: rarely(securityContext, 3),
  volumeMounts: rarely(few(volumeMount), 2),
};
const container = fields(containerFields);
/** Kept as it comes by the schema, so that the mask of fields is what judges it. */
const initContainer = fields({
  ...containerFields,
  name: rarely(mostly(['setup', 'init-container'], ['queue-proxy', 'user-container']), 1),
  lifecycle: rarely(constant({ preStop: { exec: { command: ['x'] } } })),
  stdin: rarely(boolean()),
  tty: rarely(boolean()),
  restartPolicy: rarely(constant('Always')),
  volumeDevices: rarely(constant([{ name: 'd', devicePath: '/d' }])),
});

const items = few(fields({ key: mostly(['k'], ['']), path: mostly(['p'], ['']) }));
const volume = (at: number): Any =>
  oneof(
    ...(
      [
        { secret: fields({ secretName: maybe(constant('s')), items: maybe(items) }) },
        { configMap: fields({ name: maybe(constant('m')), items: maybe(items) }) },
        {
          projected: fields({
            sources: few(
              fields({
                secret: rarely(fields({ name: maybe(constant('s')), items: rarely(items) }), 1),
                configMap: rarely(fields({ name: maybe(constant('m')) }), 3),
                serviceAccountToken: rarely(fields({ path: mostly(['t'], ['']), audience: rarely(constant('a')) }), 3),
                downwardAPI: rarely(
                  fields({
                    items: few(
                      fields({
                        path: mostly(['p'], ['']),
                        fieldRef: maybe(fields({ fieldPath: constant('metadata.labels') })),
                        resourceFieldRef: rarely(fields({ resource: constant('limits.cpu') }), 3),
                      }),
                    ),
                  }),
                  3,
                ),
              }),
            ),
          }),
        },
        {
          emptyDir: fields({
            medium: rarely(mostly(['', 'Memory'], ['HugePages']), 2),
            sizeLimit: rarely(constantFrom('1Gi', '-1'), 3),
          }),
        },
        { persistentVolumeClaim: fields({ claimName: constant('c'), readOnly: maybe(boolean()) }) },
        { hostPath: fields({ path: constant('/h'), type: rarely(constant('Directory')) }) },
        { csi: fields({ driver: constant('d') }) },
        { ephemeral: constant({ volumeClaimTemplate: { spec: { accessModes: ['ReadWriteOnce'] } } }) },
        { image: fields({ reference: mostly(['r'], ['']), pullPolicy: rarely(mostly(['Always'], ['X'])) }) },
        {},
        { secret: constant({ secretName: 's' }), configMap: constant({ name: 'm' }) },
      ] as Record<string, Any>[]
    ).map((source) => fields({ name: mostly([`v${at}`], ['', 'v0', 'Bad']), ...source })),
  );

const podSecurity = fields({
  runAsUser: rarely(int([0, 5], [-1]), 2),
  runAsGroup: rarely(int([0], [-1]), 2),
  runAsNonRoot: maybe(boolean()),
  fsGroup: rarely(int([1], [-1]), 2),
  supplementalGroups: rarely(constantFrom([1], [-1], [1, 2 ** 31]), 3),
  seccompProfile: rarely(seccomp, 2),
  sysctls: rarely(constant([{ name: 'a', value: 'b' }])),
  fsGroupChangePolicy: rarely(constant('Always')),
  seLinuxOptions: rarely(constant({ level: 'x' })),
});

const revisionSpec = fields({
  containers: oneof(
    { weight: 8, arbitrary: few(container, 1, 1) },
    { weight: 3, arbitrary: few(container, 3, 2) },
    { weight: 1, arbitrary: constant([]) },
  ),
  initContainers: rarely(few(initContainer), 6),
  volumes: maybe(
    tuple(volume(0), volume(1), constantFrom(0, 1, 2)).map(([one, other, count]) => [one, other].slice(0, count)),
  ),
  containerConcurrency: maybe(int([0, 1, 100, 1000], [-1, 1001])),
  timeoutSeconds: maybe(int([0, 1, 300, 600], [-1, 601])),
  responseStartTimeoutSeconds: rarely(int([0, 1, 300], [-1, 900])),
  idleTimeoutSeconds: rarely(int([0, 1, 300], [-1, 900])),
  serviceAccountName: rarely(mostly(['sa'], ['S A', 'a_b']), 5),
  imagePullSecrets: rarely(constant([{ name: 's' }])),
  enableServiceLinks: rarely(boolean()),
  automountServiceAccountToken: rarely(boolean()),
  affinity: rarely(constantFrom({ nodeAffinity: {} }, {}), 20),
  nodeSelector: rarely(constant({ a: 'b' }), 20),
  tolerations: rarely(constant([{ key: 'a', operator: 'Exists' }]), 20),
  topologySpreadConstraints: rarely(
    constant([{ maxSkew: 1, topologyKey: 'z', whenUnsatisfiable: 'DoNotSchedule' }]),
    20,
  ),
  hostAliases: rarely(constant([{ ip: '1.1.1.1', hostnames: ['h'] }]), 20),
  runtimeClassName: rarely(constant('r'), 20),
  priorityClassName: rarely(constant('p'), 20),
  schedulerName: rarely(constant('s'), 20),
  shareProcessNamespace: rarely(boolean(), 20),
  dnsPolicy: rarely(constant('Default'), 20),
  dnsConfig: rarely(constant({ nameservers: ['1.1.1.1'] }), 20),
  hostIPC: rarely(boolean(), 20),
  hostPID: rarely(boolean(), 20),
  hostNetwork: rarely(boolean(), 20),
  securityContext: rarely(podSecurity, 8),
});

const SCALING = 'autoscaling.knative.dev/';
const scalingKeys = constantFrom(
  'class',
  'metric',
  'target',
  'target-utilization-percentage',
  'targetUtilizationPercentage',
  'min-scale',
  'minScale',
  'max-scale',
  'maxScale',
  'initial-scale',
  'initialScale',
  'activation-scale',
  'activationScale',
  'scale-down-delay',
  'scaleDownDelay',
  'scale-to-zero-pod-retention-period',
  'window',
  'panic-window-percentage',
  'panicWindowPercentage',
  'panic-threshold-percentage',
  'panicThresholdPercentage',
  'target-burst-capacity',
  'targetBurstCapacity',
  'metric-aggregation-algorithm',
  'unknown',
);
const scalingValues = constantFrom(
  '',
  '0',
  '1',
  '2',
  '5',
  '70',
  '100',
  '150',
  '200',
  '1000',
  '1001',
  '-1',
  '-2',
  '0.001',
  '0.01',
  '1.5',
  '2147483648',
  'x',
  '1s',
  '5s',
  '6s',
  '60s',
  '1h',
  '61m',
  '1.5s',
  '-1s',
  'kpa.autoscaling.knative.dev',
  'hpa.autoscaling.knative.dev',
  'other.example.com',
  'x.knative.dev',
  'concurrency',
  'rps',
  'cpu',
  'memory',
  'linear',
  'weighted-exponential',
  'weightedExponential',
  ' 5',
  '5 ',
  '1e2',
  '0x10',
  'NaN',
  'Inf',
);
const scaling = dictionary(
  scalingKeys.map((key) => SCALING + key),
  scalingValues,
  { maxKeys: 4 },
);
const otherKeys = constantFrom(
  'serving.knative.dev/progress-deadline',
  'serving.knative.dev/progressDeadline',
  'serving.knative.dev/rollout-duration',
  'serving.knative.dev/rolloutDuration',
  'queue.sidecar.serving.knative.dev/resource-percentage',
  'queue.sidecar.serving.knative.dev/resourcePercentage',
  'queue.sidecar.serving.knative.dev/cpu-resource-request',
  'queue.sidecar.serving.knative.dev/memory-resource-limit',
  'queue.sidecar.serving.knative.dev/ephemeral-storage-resource-limit',
  'networking.knative.dev/ingress-class',
  'networking.knative.dev/ingress.class',
  'networking.knative.dev/certificate-class',
  'networking.knative.dev/disable-auto-tls',
  'networking.knative.dev/httpOption',
  'networking.knative.dev/http-protocol',
  'networking.knative.dev/other',
  'features.knative.dev/http-full-duplex',
  'serving.knative.dev/creator',
  'serving.knative.dev/lastModifier',
  'example.com/a',
);
const otherValues = constantFrom(
  '',
  '10s',
  '0s',
  '1.5s',
  '-1s',
  '0',
  '10',
  'x',
  '50',
  '0.05',
  '101',
  '100m',
  '1Gi',
  '1Q',
  'true',
  'enabled',
  'Redirected',
  'redirected',
  'disabled',
  '1h',
);
const other = dictionary(otherKeys, otherValues, { maxKeys: 2 });
const annotations = tuple(rarely(scaling, 1), rarely(other, 1)).map(
  ([one, two]) => Object.assign({}, one, two) as JsonObject,
);
const noAnnotations = constant({});

const template = (parent: string) =>
  fields({
    metadata: rarely(
      fields({
        name: rarely(
          constantFrom(`${parent}-one`, 'other', `${parent}_x`, `${parent}-`, `${parent}-${'a'.repeat(64)}`),
          3,
        ),
        generateName: rarely(constantFrom('x-', 'X')),
        labels: rarely(constant({ a: 'b' }), 3),
        annotations: maybe(annotations),
      }),
      1,
    ),
    spec: revisionSpec,
  });

const traffic = fields({
  percent: maybe(constantFrom(0, 50, 100, -1, 101)),
  revisionName: rarely(mostly(['hello-00001'], ['a b', '']), 2),
  configurationName: rarely(mostly(['hello'], ['a b']), 2),
  latestRevision: maybe(boolean()),
  tag: rarely(mostly(['blue', 'green'], ['Blue', 'a.b', '1x', '']), 2),
  url: rarely(constant('http://x')),
});

const metadata = fields({
  name,
  namespace: constant('default'),
  labels: rarely(
    constantFrom(
      { 'serving.knative.dev/service': 'hello' },
      { 'serving.knative.dev/configuration': 'hello' },
      { a: 'b' },
    ),
    4,
  ),
  annotations: rarely(oneof(annotations, noAnnotations), 2),
  ownerReferences: rarely(
    constantFrom(
      [{ apiVersion: 'serving.knative.dev/v1', kind: 'Service', name: 'hello', uid: 'u' }],
      [{ apiVersion: 'serving.knative.dev/v1', kind: 'Configuration', name: 'hello', uid: 'u' }],
    ),
    6,
  ),
});

const reference = fields({
  apiVersion: rarely(mostly(['serving.knative.dev/v1'], ['', 'a b']), 0).map((value) => value ?? 'v1'),
  kind: mostly(['Service'], ['', 'Bad Kind']),
  name: mostly(['hello'], ['', 'A B']),
  namespace: rarely(constantFrom('default', 'elsewhere'), 2),
  group: rarely(constant('g')),
});
const split = fields({
  serviceName: mostly(['s'], ['']),
  serviceNamespace: mostly(['default'], ['', 'other']),
  servicePort: mostly([80, 'http'], [0, '']),
  percent: maybe(constantFrom(0, 50, 100, -1, 101)),
  appendHeaders: rarely(constant({ a: 'b' })),
});
const rule = fields({
  hosts: maybe(constant(['h'])),
  visibility: maybe(constantFrom('ExternalIP', 'ClusterLocal', '')),
  http: rarely(
    fields({
      paths: few(fields({ splits: few(split), path: rarely(constant('/p')), rewriteHost: rarely(constant('r')) })),
    }),
    0,
  ),
});

const specs: Readonly<Record<string, Any>> = {
  Service: fields({ template: template('hello'), traffic: maybe(few(traffic)) }),
  Configuration: fields({ template: template('hello') }),
  Revision: revisionSpec,
  Route: fields({ traffic: rarely(few(traffic), 0) }),
  DomainMapping: fields({ ref: reference, tls: rarely(fields({ secretName: constantFrom('s', '') })) }),
  PodAutoscaler: fields({
    scaleTargetRef: fields({
      apiVersion: mostly(['apps/v1'], ['', 'a b']),
      kind: mostly(['Deployment'], ['', 'X Y']),
      name: mostly(['d'], ['', 'D d']),
    }),
    protocolType: mostly(['http1', 'h2c'], ['', 'http2']),
    containerConcurrency: maybe(int([0, 10], [-1, 1001])),
    reachability: maybe(constantFrom('Reachable', 'Unreachable', '', 'Other')),
  }),
  Metric: fields({ stableWindow: constant(60e9), panicWindow: constant(6e9), scrapeTarget: constantFrom('t', '') }),
  Ingress: fields({
    rules: maybe(few(rule)),
    tls: rarely(
      few(
        fields({
          hosts: maybe(constant(['h'])),
          secretName: maybe(constantFrom('s', '')),
          secretNamespace: maybe(constant('n')),
        }),
      ),
      3,
    ),
    httpOption: maybe(constantFrom('Enabled', 'Redirected', '', 'Other')),
  }),
  Certificate: fields({
    dnsNames: few(constantFrom('a.example.com', 'b.example.com', ''), 2),
    domain: maybe(constantFrom('example.com', 'other.com')),
    secretName: constantFrom('s', ''),
  }),
  ServerlessService: fields({
    mode: mostly(['Serve', 'Proxy'], ['', 'Other']),
    numActivators: maybe(int([0, 3], [-1])),
    objectRef: fields({
      apiVersion: mostly(['apps/v1'], ['']),
      kind: mostly(['Deployment'], ['']),
      name: mostly(['d'], ['']),
    }),
    protocolType: mostly(['http1', 'h2c'], ['', 'other']),
  }),
};
/** The kinds whose writes are tried. */
export const KINDS = Object.keys(specs);

const API_VERSIONS: Readonly<Record<string, string>> = {
  DomainMapping: 'serving.knative.dev/v1beta1',
  PodAutoscaler: 'autoscaling.internal.knative.dev/v1alpha1',
  Metric: 'autoscaling.internal.knative.dev/v1alpha1',
  Ingress: 'networking.internal.knative.dev/v1alpha1',
  Certificate: 'networking.internal.knative.dev/v1alpha1',
  ServerlessService: 'networking.internal.knative.dev/v1alpha1',
};

const domainName = mostly(
  ['hello.example.com', 'a.b'],
  ['hello', 'A.b', 'x.default.svc.cluster.local', 'a..b', '-a.b'],
);

function objectOf(kind: string): Arbitrary<JsonObject> {
  const named =
    kind === 'DomainMapping' ? tuple(metadata, domainName).map(([one, host]) => ({ ...one, name: host })) : metadata;
  return fields({
    apiVersion: constant(API_VERSIONS[kind] ?? 'serving.knative.dev/v1'),
    kind: constant(kind),
    metadata: named,
    spec: specs[kind] as Any,
  });
}

const FLAGS = [
  'multi-container',
  'multi-container-probing',
  'kubernetes.podspec-affinity',
  'kubernetes.podspec-topologyspreadconstraints',
  'kubernetes.podspec-hostaliases',
  'kubernetes.podspec-nodeselector',
  'kubernetes.podspec-tolerations',
  'kubernetes.podspec-fieldref',
  'kubernetes.podspec-runtimeclassname',
  'kubernetes.podspec-dnspolicy',
  'kubernetes.podspec-dnsconfig',
  'kubernetes.podspec-securitycontext',
  'kubernetes.podspec-shareprocessnamespace',
  'kubernetes.podspec-hostipc',
  'kubernetes.podspec-hostpid',
  'kubernetes.podspec-hostnetwork',
  'kubernetes.podspec-priorityclassname',
  'kubernetes.podspec-schedulername',
  'kubernetes.podspec-init-containers',
  'kubernetes.podspec-persistent-volume-claim',
  'kubernetes.podspec-persistent-volume-write',
  'kubernetes.podspec-volumes-emptydir',
  'kubernetes.podspec-volumes-hostpath',
  'kubernetes.podspec-volumes-ephemeral',
  'kubernetes.podspec-volumes-csi',
  'kubernetes.podspec-volumes-image',
  'kubernetes.podspec-volumes-mount-propagation',
  'kubernetes.containerspec-addcapabilities',
];
const anyFlag = constantFrom('enabled', 'Enabled', 'allowed', 'disabled');
const features = oneof(
  { weight: 2, arbitrary: constant({}) },
  { weight: 1, arbitrary: constant(Object.fromEntries(FLAGS.map((flag) => [flag, 'enabled']))) },
  { weight: 1, arbitrary: constant(Object.fromEntries(FLAGS.map((flag) => [flag, 'allowed']))) },
  { weight: 2, arbitrary: dictionary(constantFrom(...FLAGS), anyFlag, { maxKeys: 12 }) },
);
const config = record({
  'config-features': tuple(features, rarely(constantFrom('enabled', 'AllowRootBounded', 'disabled', 'x'), 3)).map(
    ([flags, secure]) => (secure === undefined ? flags : { ...flags, 'secure-pod-defaults': secure as string }),
  ),
  'config-defaults': oneof(
    { weight: 5, arbitrary: constant({}) },
    {
      weight: 1,
      arbitrary: constantFrom<Record<string, string>>(
        {
          'revision-timeout-seconds': '120',
          'revision-idle-timeout-seconds': '60',
          'revision-response-start-timeout-seconds': '30',
        },
        {
          'container-concurrency': '7',
          'container-concurrency-max-limit': '50',
          'allow-container-concurrency-zero': 'false',
        },
        { 'revision-cpu-request': '0.1', 'revision-memory-limit': '1Gi', 'revision-ephemeral-storage-request': '1G' },
        { 'container-name-template': '{{.Name}}-c', 'init-container-name-template': '{{.Namespace}}-i' },
        { 'enable-service-links': 'true' },
        { 'enable-service-links': 'default' },
        { 'max-revision-timeout-seconds': '300' },
      ),
    },
  ),
  'config-autoscaler': oneof(
    { weight: 5, arbitrary: constant({}) },
    {
      weight: 1,
      arbitrary: constantFrom<Record<string, string>>(
        { 'allow-zero-initial-scale': 'true' },
        { 'max-scale-limit': '10', 'max-scale': '5' },
        { 'pod-autoscaler-class': 'hpa.autoscaling.knative.dev' },
        { 'min-scale': '2', 'max-scale': '4' },
      ),
    },
  ),
}) as Arbitrary<Write['config']>;

/** Creations of a kind. */
export const creations = (kind: string): Arbitrary<Write> =>
  tuple(objectOf(kind), config).map(([object, maps]) => ({ kind, object, config: maps }));

/** Updates of a kind: both objects may differ anywhere, but have one name. */
export const updates = (kind: string): Arbitrary<Write> =>
  tuple(objectOf(kind), objectOf(kind), config, boolean()).map(([object, changed, maps, onlyMetadata]) => {
    const [was, is] = [object, changed] as { metadata: JsonObject; spec: JsonObject }[];
    const meta = { ...is?.metadata, name: was?.metadata['name'] };
    const next = { ...changed, metadata: meta, ...(onlyMetadata ? { spec: was?.spec } : {}) } as JsonObject;
    return { kind, object, next, config: maps };
  });
