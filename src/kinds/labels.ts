// Label and annotation keys, finalizers, class names and ports of Knative Serving, spelled once.

/** The validating webhook of Serving's kinds, in whose name the API refuses. */
export const SERVING_WEBHOOK = 'validation.webhook.serving.knative.dev';
/** The mutating webhook of Serving's kinds. */
export const SERVING_DEFAULTING_WEBHOOK = 'webhook.serving.knative.dev';
/** The webhook that checks edits of Serving's config maps. */
export const CONFIG_WEBHOOK = 'config.webhook.serving.knative.dev';
/** The validating webhook of Eventing's kinds. */
export const EVENTING_WEBHOOK = 'validation.webhook.eventing.knative.dev';
/** The mutating webhook of Eventing's kinds. */
export const EVENTING_DEFAULTING_WEBHOOK = 'webhook.eventing.knative.dev';
/** In-memory channels have a webhook of their own. */
export const IN_MEMORY_CHANNEL_WEBHOOK = 'validation.inmemorychannel.eventing.knative.dev';
/** The webhook that checks edits of Eventing's config maps. */
export const EVENTING_CONFIG_WEBHOOK = 'config.webhook.eventing.knative.dev';

/** Where Serving's own config maps are. */
export const SERVING_NAMESPACE = 'knative-serving';
export const EVENTING_NAMESPACE = 'knative-eventing';
/** Namespaces that are there from the first start and are nobody's own. */
export const SYSTEM_NAMESPACES: readonly string[] = [
  'kube-system',
  'kube-public',
  'kube-node-lease',
  SERVING_NAMESPACE,
  EVENTING_NAMESPACE,
  'ebb-system',
];

/** Labels of the CRD objects of Serving's kinds. */
export const servingLabels: Readonly<Record<string, string>> = {
  'app.kubernetes.io/name': 'knative-serving',
  'knative.dev/crd-install': 'true',
};
export const networkingLabels: Readonly<Record<string, string>> = {
  ...servingLabels,
  'app.kubernetes.io/component': 'networking',
};

/** Labels of the CRD objects of Eventing's kinds. */
export const eventingLabels: Readonly<Record<string, string>> = {
  'app.kubernetes.io/name': 'knative-eventing',
  'knative.dev/crd-install': 'true',
};

// serving.knative.dev
export const SERVICE_LABEL = 'serving.knative.dev/service';
export const SERVICE_UID_LABEL = 'serving.knative.dev/serviceUID';
export const CONFIGURATION_LABEL = 'serving.knative.dev/configuration';
export const CONFIGURATION_UID_LABEL = 'serving.knative.dev/configurationUID';
export const CONFIGURATION_GENERATION_LABEL = 'serving.knative.dev/configurationGeneration';
export const REVISION_LABEL = 'serving.knative.dev/revision';
export const REVISION_UID_LABEL = 'serving.knative.dev/revisionUID';
export const ROUTE_LABEL = 'serving.knative.dev/route';
export const ROUTE_NAMESPACE_LABEL = 'serving.knative.dev/routeNamespace';
/** On a Revision: `pending`, `active` or `reserve`. */
export const ROUTING_STATE_LABEL = 'serving.knative.dev/routingState';
export const ROUTING_STATE_MODIFIED_ANNOTATION = 'serving.knative.dev/routingStateModified';
/** On a Configuration and Revision: the names of Routes that lead to it, by commas. */
export const ROUTES_ANNOTATION = 'serving.knative.dev/routes';
export const DEPLOYMENT_HASH_LABEL = 'serving.knative.dev/deployment-hash';
export const DOMAIN_MAPPING_UID_LABEL = 'serving.knative.dev/domainMappingUID';
export const DOMAIN_MAPPING_NAMESPACE_LABEL = 'serving.knative.dev/domainMappingNamespace';
export const APP_LABEL = 'app';
export const CREATOR_ANNOTATION = 'serving.knative.dev/creator';
export const LAST_MODIFIER_ANNOTATION = 'serving.knative.dev/lastModifier';
export const LAST_PINNED_ANNOTATION = 'serving.knative.dev/lastPinned';
export const NO_GC_ANNOTATION = 'serving.knative.dev/no-gc';
export const PROGRESS_DEADLINE_ANNOTATION = 'serving.knative.dev/progress-deadline';
export const ROLLOUT_DURATION_ANNOTATION = 'serving.knative.dev/rollout-duration';
export const ROLLOUT_DURATION_KEYS = [ROLLOUT_DURATION_ANNOTATION, 'serving.knative.dev/rolloutDuration'] as const;
export const FORCE_UPGRADE_ANNOTATION = 'serving.knative.dev/forceUpgrade';
export const ROUTE_FINALIZER = 'routes.serving.knative.dev';
export const DOMAIN_MAPPING_FINALIZER = 'domainmappings.serving.knative.dev';

// networking
export const VISIBILITY_LABEL = 'networking.knative.dev/visibility';
export const CLUSTER_LOCAL_VISIBILITY = 'cluster-local';
export const INGRESS_CLASS_ANNOTATION = 'networking.knative.dev/ingress.class';
export const INGRESS_CLASS_KEYS = [INGRESS_CLASS_ANNOTATION, 'networking.knative.dev/ingress-class'] as const;
export const CERTIFICATE_CLASS_ANNOTATION = 'networking.knative.dev/certificate.class';
export const CERTIFICATE_CLASS_KEYS = [
  CERTIFICATE_CLASS_ANNOTATION,
  'networking.knative.dev/certificate-class',
] as const;
export const DISABLE_TLS_KEYS = [
  'networking.knative.dev/disableAutoTLS',
  'networking.knative.dev/disable-auto-tls',
  'networking.knative.dev/disable-external-domain-tls',
] as const;
export const HTTP_PROTOCOL_KEYS = [
  'networking.knative.dev/httpOption',
  'networking.knative.dev/http-protocol',
] as const;
export const CERTIFICATE_TYPE_LABEL = 'networking.knative.dev/certificate-type';
/** On a ConfigMap whose certificates are to be trusted inside the platform. */
export const TRUST_BUNDLE_LABEL = 'networking.knative.dev/trust-bundle';
export const DISABLE_WILDCARD_LABEL = 'networking.knative.dev/disableWildcardCert';
export const WILDCARD_DOMAIN_LABEL = 'networking.knative.dev/wildcardDomain';
export const SERVERLESS_SERVICE_LABEL = 'networking.internal.knative.dev/serverlessservice';
/** On the core Services of a revision: `Public` or `Private`. */
export const SERVICE_TYPE_LABEL = 'networking.internal.knative.dev/serviceType';
export const ROLLOUT_ANNOTATION = 'networking.internal.knative.dev/rollout';
export const TAG_TO_HOST_ANNOTATION = 'networking.internal.knative.dev/tag-to-host';
export const INGRESS_LABEL = 'networking.internal.knative.dev/ingress';
export const DISABLE_HTTP2_ANNOTATION = 'kourier.knative.dev/disable-http2';

/** The ingress class this platform's own gateway answers to. */
export const EBB_INGRESS_CLASS = 'ebb.ingress.networking.knative.dev';
/** The class of certificates that this platform gets itself, as config-ebb-certificate says. */
export const EBB_CERTIFICATE_CLASS = 'ebb.certificate.networking.knative.dev';

// features
export const FULL_DUPLEX_ANNOTATION = 'features.knative.dev/http-full-duplex';
export const POD_INFO_ANNOTATION = 'features.knative.dev/queueproxy-podinfo';

// Kubernetes
export const LAST_APPLIED_ANNOTATION = 'kubectl.kubernetes.io/last-applied-configuration';
export const DEFAULT_CONTAINER_ANNOTATION = 'kubectl.kubernetes.io/default-container';
export const DEPLOYMENT_REVISION_ANNOTATION = 'deployment.kubernetes.io/revision';
export const POD_TEMPLATE_HASH_LABEL = 'pod-template-hash';
export const SERVICE_NAME_LABEL = 'kubernetes.io/service-name';

// what this platform adds
/** On a Deployment whose work the platform itself does (`platform`): it has no Pods, and tells whether that work is done. */
export const CARRIED_OUT_ANNOTATION = 'ebb.dev/carried-out-by';
/** On a Pod of the process launcher: JSON map from container port to the port on 127.0.0.1. */
export const HOST_PORTS_ANNOTATION = 'ebb.dev/host-ports';
/** On the Service that an ACME challenge names as its backend: the Certificate that is proven. */
export const CHALLENGE_ANNOTATION = 'ebb.dev/challenge-of';
/** On a Secret with a certificate: who issued it. */
export const ISSUER_ANNOTATION = 'ebb.dev/issuer';
/** On the Service of the example function: the generation that the platform made; any other is somebody's own. */
export const EXAMPLE_ANNOTATION = 'ebb.dev/example';
/** On a Service or Route: for how long clients stay with the instance that answered them first. */
export const SESSION_AFFINITY_ANNOTATION = 'ebb.dev/session-affinity';
/** On a Service or Route: headers and cookies that choose a tag. */
export const ROUTING_RULES_ANNOTATION = 'ebb.dev/routing-rules';
/** On a Service or Route: the tag that gets copies of requests. */
export const MIRROR_ANNOTATION = 'ebb.dev/mirror';
/** On a Service or Route: whether requests with `Prefer: respond-async` are kept and carried out later, and how. */
export const ASYNC_ANNOTATION = 'ebb.dev/async';
export const ASYNC_RETRIES_ANNOTATION = 'ebb.dev/async-retries';
export const ASYNC_BACKOFF_ANNOTATION = 'ebb.dev/async-backoff';
export const ASYNC_TIMEOUT_ANNOTATION = 'ebb.dev/async-timeout';
export const ASYNC_MAX_AGE_ANNOTATION = 'ebb.dev/async-max-age';
export const ASYNC_PARALLELISM_ANNOTATION = 'ebb.dev/async-parallelism';
export const ASYNC_CALLBACKS_ANNOTATION = 'ebb.dev/async-callbacks';
/** On a revision template: the longest life of a request, beyond what `timeoutSeconds` may say. */
export const TIMEOUT_ANNOTATION = 'ebb.dev/timeout';
/** On a revision template: how many requests may wait, and what those beyond are told. */
export const MAX_QUEUE_ANNOTATION = 'ebb.dev/max-queue';
export const QUEUE_FULL_STATUS_ANNOTATION = 'ebb.dev/queue-full-status';
/** On a revision template: a number elsewhere, as the length of a queue, that counts as load. */
export const BACKLOG_ANNOTATION = 'ebb.dev/backlog';
/** On a revision template: further ports of its container. */
export const PORTS_ANNOTATION = 'ebb.dev/ports';

/** Names of containers and ports that Serving gives. */
export const USER_CONTAINER = 'user-container';
export const QUEUE_CONTAINER = 'queue-proxy';
export const USER_PORT_NAME = 'user-port';
/** The port a container is given where it names none. */
export const DEFAULT_USER_PORT = 8080;
