// Label and annotation keys, class names and Services of Knative Eventing, spelled once.

export const BROKER_LABEL = 'eventing.knative.dev/broker';
export const TRIGGER_LABEL = 'eventing.knative.dev/trigger';
/** On the channel behind a Broker. */
export const BROKER_EVERYTHING_LABEL = 'eventing.knative.dev/brokerEverything';
/** On a Broker that was made because a namespace or Trigger asked for one. */
export const INJECTED_LABEL = 'eventing.knative.dev/injected';
/** On the EventTypes of a source: its name. */
export const SOURCE_NAME_LABEL = 'eventing.knative.dev/sourceName';
export const BROKER_CLASS_ANNOTATION = 'eventing.knative.dev/broker.class';
/** The class that this platform serves: a Broker that is a channel with a Subscription for each Trigger. */
export const CHANNEL_BROKER_CLASS = 'MTChannelBasedBroker';
export const INJECTION_ANNOTATION = 'eventing.knative.dev/injection';
/** On a Trigger: an object that must be ready first, as JSON. */
export const DEPENDENCY_ANNOTATION = 'knative.dev/dependency';
export const SCOPE_ANNOTATION = 'eventing.knative.dev/scope';
/** On ServiceAccounts as which the platform sends events. */
export const OIDC_LABEL = 'eventing.knative.dev/oidc';

/** On channels: the form in which they take subscribers. */
export const SUBSCRIBABLE_ANNOTATION = 'messaging.knative.dev/subscribable';
/** On an InMemoryChannel: whether it answers before it has delivered. Here every channel does, once the event is on disk. */
export const ASYNC_HANDLER_ANNOTATION = 'messaging.knative.dev/async-handler';
export const CHANNEL_ROLE_LABEL = 'messaging.knative.dev/role';
export const SUBSCRIPTION_FINALIZER = 'subscriptions.messaging.knative.dev';

/** Annotations in the status of a Broker: the channel behind it. */
export const CHANNEL_ADDRESS_ANNOTATION = 'knative.dev/channelAddress';
export const CHANNEL_CA_CERTS_ANNOTATION = 'knative.dev/channelCACerts';
export const CHANNEL_AUDIENCE_ANNOTATION = 'knative.dev/channelAudience';
export const CHANNEL_API_VERSION_ANNOTATION = 'knative.dev/channelAPIVersion';
export const CHANNEL_KIND_ANNOTATION = 'knative.dev/channelKind';
export const CHANNEL_NAME_ANNOTATION = 'knative.dev/channelName';
export const CHANNEL_NAMESPACE_ANNOTATION = 'knative.dev/channelNamespace';

/** Services of knative-eventing behind which this platform takes events. */
export const BROKER_INGRESS = 'broker-ingress';
export const BROKER_FILTER = 'broker-filter';
export const REQUEST_REPLY = 'request-reply';
export const CHANNEL_DISPATCHER = 'imc-dispatcher';

/** The user who alone may write the subscribers of a channel. */
export const EVENTING_CONTROLLER = 'system:serviceaccount:knative-eventing:eventing-controller';

// what Kafka's and RabbitMQ's Brokers have, and means the same here
export const KAFKA_ORDER_ANNOTATION = 'kafka.eventing.knative.dev/delivery.order';
// what this platform adds, on a Trigger or Subscription
/** `unordered`, `ordered`, or `key`: in order for each `partitionkey`. */
export const ORDER_ANNOTATION = 'ebb.dev/order';
/** How many deliveries are under way at once. */
export const PARALLELISM_KEYS = ['ebb.dev/parallelism', 'rabbitmq.eventing.knative.dev/parallelism'] as const;
/** Where it begins: `latest`, `earliest`, a time (RFC 3339), or `offset:N`. */
export const START_ANNOTATION = 'ebb.dev/start';
/** `true`: nothing is sent, and what comes in waits. */
export const PAUSED_ANNOTATION = 'ebb.dev/paused';
// and on a Broker or channel
/** How long events stay after they were delivered, to be sent again: a duration as `24h`. */
export const RETENTION_ANNOTATION = 'ebb.dev/retention';
/** And how many bytes of them. */
export const RETENTION_BYTES_ANNOTATION = 'ebb.dev/retention-bytes';
/** How many events may wait for delivery; beyond it producers get 429. */
export const MAX_BACKLOG_ANNOTATION = 'ebb.dev/max-backlog';
/** `true`: what happens to each event is noted. */
export const JOURNAL_ANNOTATION = 'ebb.dev/journal';
