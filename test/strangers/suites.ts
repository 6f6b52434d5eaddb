// Knative's own suites of Serving and of networking, as data: what each is built from, and what it expects of a platform before it begins.

/** Every suite of Knative Serving that runs here; its list of known failures is `expected/NAME.yaml`. */
export interface ServingSuite {
  /** Whose suite it is; Serving's unless told. */
  readonly module?: SuiteModule;
  /** The Go package under `knative.dev/serving/test`, or that of its module. */
  readonly package: string;
  /** Test images that it names: each is one program of its module's `test/test_images`. */
  readonly images: readonly Image[];
  /** Keys of config maps in `knative-serving` that it expects to be so, beyond those in CONFIG. */
  readonly config?: Config;
  /** Files of `resources` that it expects to be applied, beyond `tests.yaml`. */
  readonly resources?: readonly string[];
  /** How many of its tests run at once. Load tests want the machine for themselves. */
  readonly parallel: number;
  /** After how many minutes the whole suite is given up. */
  readonly minutes: number;
  /** Whether certificates come from an ACME server that fetches its challenges at the platform's gateway. */
  readonly acme?: boolean;
  /** Flags of `ebb up` for its platform. */
  readonly flags?: readonly string[];
  /** Go build tags. */
  readonly tags?: 'e2e' | 'hpa';
}

/** `networking` is what every ingress and every issuer of certificates is held to, whoever's they are. */
export type SuiteModule = 'serving' | 'networking';

/** Data of config maps by their names. */
export type Config = Readonly<Record<string, Readonly<Record<string, string>>>>;

export type Image = keyof typeof IMAGES;

/** Where the programs of the test images are, under `test/test_images`. */
export const IMAGES = {
  autoscale: 'autoscale',
  configmimic: 'configmimic',
  failing: 'failing',
  'grpc-ping': 'grpc-ping',
  hellohttp2: 'hellohttp2',
  hellovolume: 'hellovolume',
  helloworld: 'helloworld',
  httpproxy: 'httpproxy',
  pizzaplanetv1: 'pizzaplanetv1',
  pizzaplanetv2: 'pizzaplanetv2',
  readiness: 'readiness',
  retry: 'retry',
  runtime: 'runtime',
  servingcontainer: 'multicontainer/servingcontainer',
  sidecarcontainer: 'multicontainer/sidecarcontainer',
  singlethreaded: 'singlethreaded',
  slowstart: 'slowstart',
  timeout: 'timeout',
  volumes: 'volumes',
  wsserver: 'wsserver',
} as const;

/** What Knative's own CI has in its config maps for all suites. */
export const CONFIG: Config = {
  'config-domain': { 'example.com': '' },
  'config-network': { 'autocreate-cluster-domain-claims': 'true' },
  'config-deployment': { 'progress-deadline': '120s' },
  'config-observability': {
    'logging.enable-request-log': 'true',
    'logging.enable-probe-request-log': 'true',
    'logging.request-log-template':
      '{"httpRequest": {"requestMethod": "{{.Request.Method}}", "requestUrl": "{{js .Request.RequestURI}}", "requestSize": "{{.Request.ContentLength}}", "status": {{.Response.Code}}, "responseSize": "{{.Response.Size}}", "userAgent": "{{js .Request.UserAgent}}", "remoteIp": "{{js .Request.RemoteAddr}}", "serverIp": "{{.Revision.PodIP}}", "referer": "{{js .Request.Referer}}", "latency": "{{.Response.Latency}}s", "protocol": "{{.Request.Proto}}"}, "traceId": "{{.TraceID}}"}',
  },
};

const features = (...names: readonly string[]): Config => ({
  'config-features': Object.fromEntries(names.map((name) => [name, 'Enabled'])),
});

export const SERVING_SUITES = {
  'serving-api-v1': {
    package: 'conformance/api/v1',
    images: [
      'autoscale',
      'failing',
      'hellovolume',
      'helloworld',
      'pizzaplanetv1',
      'pizzaplanetv2',
      'runtime',
      'servingcontainer',
      'sidecarcontainer',
      'singlethreaded',
      'timeout',
      'volumes',
    ],
    parallel: 4,
    minutes: 30,
  },
  'serving-api-v1beta1': {
    package: 'conformance/api/v1beta1',
    images: ['pizzaplanetv1', 'pizzaplanetv2'],
    parallel: 2,
    minutes: 10,
  },
  'serving-runtime': { package: 'conformance/runtime', images: ['readiness', 'runtime'], parallel: 4, minutes: 30 },
  'serving-e2e': {
    package: 'e2e',
    images: [
      'autoscale',
      'configmimic',
      'grpc-ping',
      'hellohttp2',
      'helloworld',
      'httpproxy',
      'pizzaplanetv1',
      'pizzaplanetv2',
      'readiness',
      'servingcontainer',
      'sidecarcontainer',
      'slowstart',
      'timeout',
      'volumes',
      'wsserver',
    ],
    resources: ['quota.yaml'],
    parallel: 2,
    minutes: 90,
  },
  'serving-hpa': { package: 'e2e', images: ['autoscale'], tags: 'hpa', parallel: 1, minutes: 30 },
  'serving-domainmapping': {
    package: 'e2e/domainmapping',
    images: ['pizzaplanetv1', 'wsserver'],
    parallel: 2,
    minutes: 10,
  },
  'serving-externaldomaintls': {
    package: 'e2e/externaldomaintls',
    images: ['runtime'],
    config: { 'config-network': { 'external-domain-tls': 'enabled' } },
    // It takes an https URL, puts http in its place and leaves the port: only with the usual ports does that lead anywhere.
    flags: ['--port-gateway', '80', '--port-gateway-tls', '443'],
    parallel: 2,
    minutes: 10,
  },
  'serving-gc': {
    package: 'e2e/gc',
    images: ['helloworld', 'pizzaplanetv2'],
    config: {
      'config-gc': {
        'retain-since-create-time': 'disabled',
        'retain-since-last-active-time': 'disabled',
        'min-non-active-revisions': '0',
        'max-non-active-revisions': '0',
      },
    },
    parallel: 1,
    minutes: 10,
  },
  'serving-initcontainers': {
    package: 'e2e/initcontainers',
    images: ['volumes'],
    config: features('kubernetes.podspec-init-containers'),
    parallel: 1,
    minutes: 10,
  },
  'serving-initscale': {
    package: 'e2e/initscale',
    images: ['helloworld'],
    config: { 'config-autoscaler': { 'allow-zero-initial-scale': 'true' } },
    parallel: 1,
    minutes: 10,
  },
  'serving-multicontainerprobing': {
    package: 'e2e/multicontainerprobing',
    images: ['grpc-ping', 'readiness', 'servingcontainer', 'sidecarcontainer'],
    config: features('multi-container-probing'),
    parallel: 2,
    minutes: 10,
  },
  'serving-pvc': {
    package: 'e2e/pvc',
    images: ['volumes'],
    config: features(
      'kubernetes.podspec-persistent-volume-claim',
      'kubernetes.podspec-persistent-volume-write',
      'kubernetes.podspec-securitycontext',
    ),
    resources: ['volume-claim.yaml'],
    parallel: 1,
    minutes: 10,
  },
  'serving-securedefaults': {
    package: 'e2e/securedefaults',
    images: ['helloworld'],
    config: features('secure-pod-defaults'),
    parallel: 2,
    minutes: 10,
  },
  'networking-ingress': {
    module: 'networking',
    package: 'conformance/ingress',
    images: ['grpc-ping', 'httpproxy', 'retry', 'runtime', 'timeout', 'wsserver'],
    parallel: 4,
    minutes: 15,
  },
  'networking-certificate': {
    module: 'networking',
    package: 'conformance/certificate/nonhttp01',
    images: [],
    parallel: 1,
    minutes: 5,
  },
  'networking-http01': {
    module: 'networking',
    package: 'conformance/certificate/http01',
    images: [],
    acme: true,
    parallel: 1,
    minutes: 5,
  },
  'serving-tagheader': {
    package: 'e2e/tagheader',
    images: ['pizzaplanetv1', 'pizzaplanetv2'],
    config: features('tag-header-based-routing'),
    parallel: 1,
    minutes: 10,
  },
} as const satisfies Record<string, ServingSuite>;
