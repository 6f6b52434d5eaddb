// Everything that is measured, on one page: name, type, unit, bounds, attributes, and what it says. docs/metrics.md is
// made of it. Names are OpenTelemetry's and Knative's; Prometheus' own spelling of them follows by rule (names.ts).

export type MetricType = 'counter' | 'updown' | 'gauge' | 'histogram';

/** Whose settings of config-observability send it: `metrics-*` of the platform, or `request-metrics-*` of requests. */
export type MetricGroup = 'platform' | 'requests';

/** One thing that is measured. */
export interface Instrument {
  readonly type: MetricType;
  /** In UCUM, as OpenTelemetry has it; what is in braces is for people. */
  readonly unit: string;
  readonly help: string;
  /** The only attributes a series may have; it may lack some. */
  readonly attributes: readonly string[];
  /** Of a histogram, in rising order, without the infinite one. */
  readonly bounds?: readonly number[];
  readonly group: MetricGroup;
}

export type Instruments = Readonly<Record<string, Instrument>>;

/** The names of instruments of some types. */
export type NameOf<I extends Instruments, T extends MetricType> = {
  [N in keyof I & string]: I[N]['type'] extends T ? N : never;
}[keyof I & string];

/** Seconds, as Knative cuts all its durations. */
export const DURATION_BOUNDS: readonly number[] = [
  0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10,
];
/** Seconds from a first request to a Pod that takes it: a pre-started one is a matter of milliseconds, an image of seconds. */
export const WAKE_BOUNDS: readonly number[] = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
];

/** Seconds from an acceptance to an end: milliseconds where a function is warm, hours where it fails again and again. */
export const ASYNC_BOUNDS: readonly number[] = [0.01, 0.1, 0.5, 1, 5, 15, 60, 300, 1800, 7200, 21_600];

const SERVICE = ['k8s.namespace.name', 'kn.service.name'] as const;
const REVISION = ['k8s.namespace.name', 'kn.service.name', 'kn.configuration.name', 'kn.revision.name'] as const;
const INTAKE = ['k8s.namespace.name', 'kn.broker.name', 'kn.channel.name', 'kn.requestreply.name'] as const;
const CONSUMER = ['k8s.namespace.name', 'kn.trigger.name', 'kn.subscription.name'] as const;
const QUEUE = ['name'] as const;
const API_REQUEST = ['verb', 'group', 'version', 'resource', 'subresource', 'scope'] as const;
const PROCESS = ['service.name'] as const;

const of =
  <const T extends MetricType>(type: T) =>
  <const G extends MetricGroup>(group: G, unit: string, attributes: readonly string[], help: string) => ({
    type,
    group,
    unit,
    attributes,
    help,
  });
const counter = of('counter');
const updown = of('updown');
const gauge = of('gauge');
const histogram = (
  group: MetricGroup,
  attributes: readonly string[],
  help: string,
  bounds: readonly number[] = DURATION_BOUNDS,
) => ({ ...of('histogram')(group, 's', attributes, help), bounds });

export const INSTRUMENTS = {
  // Requests, as a queue-proxy and OpenTelemetry's HTTP conventions (stable) have them.
  'kn.serving.invocation.duration': histogram(
    'requests',
    [...REVISION, 'http.response.status_code'],
    'Life of a request from its arrival to its last byte.',
  ),
  'kn.serving.queue.depth': gauge('requests', '{request}', REVISION, 'Requests that are inside: waiting or served.'),
  'http.server.request.duration': histogram(
    'requests',
    [
      ...REVISION,
      'kn.route.tag',
      'http.request.method',
      'http.response.status_code',
      'url.scheme',
      'network.protocol.version',
      'error.type',
    ],
    'Life of a request at the gateway; without a revision where none was found for it.',
  ),
  'http.client.request.duration': histogram(
    'requests',
    [...REVISION, 'http.request.method', 'http.response.status_code', 'error.type'],
    'A request at an instance, from its sending to the last byte of its answer: without the wait for capacity.',
  ),

  // The gateway, as an activator has them.
  'kn.revision.request.concurrency': gauge(
    'platform',
    '{request}',
    REVISION,
    'Requests at once during the last second, averaged over it; waiting ones included.',
  ),
  'kn.revision.request.queued': updown('platform', '{request}', REVISION, 'Requests that wait for capacity.'),
  'kn.revision.request.active': updown('platform', '{request}', REVISION, 'Requests that are with an instance.'),
  'kn.activator.stats.conn.reachable': gauge(
    'platform',
    '{reachable}',
    ['peer'],
    'Whether the gateway has a line to the autoscaler: 1 or 0.',
  ),
  'kn.activator.stats.conn.errors': counter(
    'platform',
    '{error}',
    ['peer'],
    'How often the line between gateway and autoscaler broke.',
  ),
  'ebb.gateway.refusals': counter(
    'platform',
    '{request}',
    ['target', 'reason'],
    'Requests the gateway answered itself, by reason.',
  ),
  'ebb.gateway.mirrored': counter(
    'platform',
    '{request}',
    ['outcome'],
    'Copies of requests for another target, by outcome: sent, too-many, too-large, broken-off.',
  ),

  // Events, as Knative's ingress and dispatchers have them.
  'kn.eventing.process.duration': histogram(
    'requests',
    INTAKE,
    'From the last byte of an event that came in until the log had it on disk.',
  ),
  'kn.eventing.dispatch.duration': histogram(
    'requests',
    [...CONSUMER, 'http.response.status_code'],
    'One attempt of a delivery, to a subscriber, with a reply or of a dead letter; without a status where there was no answer.',
  ),
  'ebb.eventing.undelivered': counter(
    'requests',
    '{event}',
    [...CONSUMER, 'outcome'],
    'Events that nobody has: failed without a dead letter sink, or lost because that would not take them.',
  ),

  // Requests whose clients do not wait.
  'ebb.async.accepted': counter(
    'requests',
    '{request}',
    SERVICE,
    'Requests that were accepted to be carried out later (`Prefer: respond-async`).',
  ),
  'ebb.async.open': gauge(
    'requests',
    '{request}',
    [],
    'Asynchronous requests that are not over, or whose result is still to be sent.',
  ),
  'ebb.async.duration': histogram(
    'requests',
    [...SERVICE, 'outcome'],
    'From the acceptance of an asynchronous request to its end, by outcome: succeeded, failed or cancelled.',
    ASYNC_BOUNDS,
  ),

  // The autoscaler.
  'kn.revision.pods.desired': gauge('platform', '{item}', REVISION, 'Pods the autoscaler wants.'),
  'kn.revision.pods.requested': gauge('platform', '{pod}', REVISION, 'Pods the autoscaler asked the Deployment for.'),
  'kn.revision.pods.count': gauge('platform', '{pod}', REVISION, 'Pods that are ready.'),
  'kn.revision.pods.not_ready.count': gauge('platform', '{pod}', REVISION, 'Pods that are not ready.'),
  'kn.revision.pods.pending.count': gauge('platform', '{pod}', REVISION, 'Pods that are pending.'),
  'kn.revision.pods.terminating.count': gauge('platform', '{pod}', REVISION, 'Pods that are terminating.'),
  'kn.revision.capacity.excess': gauge(
    'platform',
    '{concurrency}',
    REVISION,
    'Burst capacity beyond the target burst capacity, over the stable window.',
  ),
  'kn.revision.panic.mode': gauge('platform', '', REVISION, '1 while the autoscaler panics, else 0.'),
  'kn.revision.concurrency.stable': gauge(
    'platform',
    '{concurrency}',
    REVISION,
    'Requests at once for each Pod, over the stable window.',
  ),
  'kn.revision.concurrency.panic': gauge(
    'platform',
    '{concurrency}',
    REVISION,
    'Requests at once for each Pod, over the panic window.',
  ),
  'kn.revision.concurrency.target': gauge('platform', '{concurrency}', REVISION, 'Requests at once a Pod should have.'),
  'kn.revision.rps.stable': gauge(
    'platform',
    '{request}/s',
    REVISION,
    'Requests a second for each Pod, over the stable window.',
  ),
  'kn.revision.rps.panic': gauge(
    'platform',
    '{request}/s',
    REVISION,
    'Requests a second for each Pod, over the panic window.',
  ),
  'kn.revision.rps.target': gauge('platform', '{request}/s', REVISION, 'Requests a second a Pod should have.'),
  'ebb.revision.wake.duration': histogram(
    'platform',
    [...REVISION, 'stage'],
    'From a request that found no instance to one that takes it; by stage, and `all` for the whole.',
    WAKE_BOUNDS,
  ),

  // Certificates that the platform gets itself.
  'ebb.certificate.not_after': gauge(
    'platform',
    's',
    ['k8s.namespace.name', 'name'],
    'When a certificate ends, in seconds since 1970; it should be made anew when a third of its life is left.',
  ),
  'ebb.certificate.orders': counter(
    'platform',
    '{order}',
    ['outcome'],
    'Orders of certificates with ACME servers that ended, by outcome: issued or failed.',
  ),

  // Controllers and their queues; `name` is the controller's.
  'kn.workqueue.depth': updown('platform', '{item}', QUEUE, 'Keys that wait for a turn.'),
  'kn.workqueue.adds': counter('platform', '{item}', QUEUE, 'Keys that were added to the queue.'),
  'kn.workqueue.queue.duration': histogram('platform', QUEUE, 'How long a key waits for its turn.'),
  'kn.workqueue.process.duration': histogram('platform', QUEUE, 'How long a turn takes.'),
  'kn.workqueue.unfinished_work': gauge('platform', 's', QUEUE, 'Seconds of all turns that are not over yet.'),
  'kn.workqueue.longest_running_processor': gauge('platform', 's', QUEUE, 'Seconds of the longest turn of now.'),
  'kn.workqueue.retries': counter('platform', '{item}', QUEUE, 'Keys that were added again after a failure.'),
  'ebb.reconcile.duration': histogram(
    'platform',
    ['controller', 'outcome'],
    'How long turns of controllers took, by how they ended: settled, again, lingers (while a crowd of programs starts) or failed.',
  ),

  // The API server, under the names of Kubernetes'.
  'apiserver.request': counter('platform', '{request}', [...API_REQUEST, 'code'], 'Requests of the API, by status.'),
  'apiserver.request.duration': histogram('platform', API_REQUEST, 'How long requests of the API took; no watches.'),

  // The processes themselves: `service.name` is `ebb-control` or `ebb-gateway`.
  'process.cpu.time': counter('platform', 's', [...PROCESS, 'cpu.mode'], 'CPU time, by mode: user or system.'),
  'process.memory.usage': gauge('platform', 'By', PROCESS, 'Resident memory.'),
  'process.uptime': gauge('platform', 's', PROCESS, 'Time since the start.'),
  'process.unix.file_descriptor.count': gauge('platform', '{file_descriptor}', PROCESS, 'Open file descriptors.'),
  'nodejs.eventloop.utilization': gauge(
    'platform',
    '1',
    PROCESS,
    'Share of its time that the event loop was busy since the reading before.',
  ),
  'v8js.memory.heap.used': gauge('platform', 'By', PROCESS, 'Memory of JavaScript objects.'),
  'v8js.memory.heap.limit': gauge('platform', 'By', PROCESS, 'Most that JavaScript objects may take.'),
  'ebb.telemetry.lost': counter(
    'platform',
    '{item}',
    ['signal'],
    'Spans, and readings of metrics, that could not be delivered, by signal: traces or metrics.',
  ),
} as const satisfies Instruments;

export type AllInstruments = typeof INSTRUMENTS;
