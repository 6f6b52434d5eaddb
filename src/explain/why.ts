// Why a service is as it is: from its objects and what the gateway refused, to words. Pure.

import type { Configuration, Pod, Revision, Route, Service } from '#kinds/mod.ts';
import type { Condition, Conditioned } from '#machinery/mod.ts';
import { ageOf } from '#machinery/mod.ts';

/** A request that the gateway turned away. */
export interface Refusal {
  readonly target: string;
  readonly reason: string;
  readonly count: number;
  /** Milliseconds since 1970. */
  readonly lastAt: number;
}

/** A core/v1 Event, as far as it is told here. */
export interface Happening {
  readonly about: string;
  readonly reason: string;
  readonly message: string;
  readonly type: string;
  readonly lastTimestamp?: string | undefined;
}

export interface Facts {
  readonly service: Service;
  readonly configuration?: Configuration | undefined;
  readonly route?: Route | undefined;
  readonly revisions: readonly Revision[];
  readonly pods: readonly Pod[];
  readonly events: readonly Happening[];
  readonly refusals: readonly Refusal[];
  readonly now: number;
}

/** The chain from the Service down to its Pods, one thought a line, outermost first; what was said once is not said again. */
export function why(facts: Facts): string[] {
  return once(chain(facts).map(readable), [...lastWords(facts), ...longReasons(facts)].map(readable));
}

/** What is known of any object with conditions. */
export interface Living {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly generation?: number | undefined };
  readonly status?: (Conditioned & { observedGeneration?: number | undefined }) | undefined;
}

/** The same of another object: whether it is ready, and what its conditions say. */
export function whyObject(object: Living): string[] {
  const what = `${object.kind} ${object.metadata.name}`;
  return [readiness(what, object.status), ...unfinished(what, object, object.status)].map(readable);
}

function readiness(what: string, status: Conditioned | undefined): string {
  const ready = causeOf(status);
  if (ready?.status === 'True') return `${what} is ready.`;
  if (ready?.status === 'False') return `${what} is not ready: ${phrase(ready)}`;
  return `${what} is not ready yet: ${ready ? phrase(ready) : 'no controller has looked at it so far.'}`;
}

function chain(facts: Facts): string[] {
  const { service } = facts;
  return [
    headline(service, causeOf(service.status), withoutImage(facts.pods)),
    ...unfinished(`Service ${service.metadata.name}`, service, service.status),
    ...unfinished('  Configuration', facts.configuration, facts.configuration?.status),
    ...facts.revisions.flatMap((revision) => aboutRevision(revision, facts)),
    ...unfinished('  Route', facts.route, facts.route?.status),
    ...traffic(service),
    ...facts.refusals.map(
      (refusal) =>
        `Refused ${refusal.count} requests to ${refusal.target}: ${refusal.reason}, last ${since(refusal.lastAt, facts.now)} ago.`,
    ),
    ...facts.events
      .filter(({ type }) => type === 'Warning')
      .map((event) => `Warning on ${event.about}: ${event.reason}: ${event.message}`),
  ];
}

function headline(service: Service, ready: Condition | undefined, pod: Pod | undefined): string {
  const { name } = service.metadata;
  // A revision that was ready once stays so while it has none of its instances, and none can come.
  if (ready?.status === 'True' && pod)
    return `${name} was ready and cannot start now: the image of Pod ${pod.metadata.name} is missing.`;
  if (ready?.status === 'True') return `${name} is ready at ${service.status?.url ?? 'no URL'}.`;
  return readiness(name, service.status);
}

/** A Pod that waits for an image which cannot be had, unless another one serves. */
function withoutImage(pods: readonly Pod[]): Pod | undefined {
  if (pods.some(({ status }) => conditionOf(status, 'Ready')?.status === 'True')) return undefined;
  return pods.find(({ status }) =>
    status?.containerStatuses?.some(({ state }) =>
      /^(ImagePullBackOff|ErrImagePull)$/.test(state?.waiting?.reason ?? ''),
    ),
  );
}

/** Why a Service, Configuration or Revision is not ready: what it depends on tells more than its own Ready. */
export function causeOf(status: Conditioned | undefined): Condition | undefined {
  const ready = conditionOf(status, 'Ready');
  if (!ready || ready.status === 'True') return ready;
  const others = (status?.conditions ?? []).filter(
    ({ type, status: value }) => type !== 'Ready' && value === ready.status,
  );
  return others.find(({ reason, message }) => reason || message) ?? ready;
}

/** Text of programs as a person wants it: files by their place in the image, not in the image store. */
export function readable(text: string): string {
  return text.replaceAll(/(?:\/[^\s/:]+)+\/images\/roots\/[0-9a-f]{64}(?=\/)/g, '');
}

/** What containers wrote before they ended, the longest first. */
function lastWords({ pods, revisions }: Facts): string[] {
  const ofPods = pods.flatMap(({ status }) =>
    (status?.containerStatuses ?? []).map(
      ({ lastState, state }) => (state?.terminated ?? lastState?.terminated)?.message,
    ),
  );
  const ofRevisions = revisions.map(({ status }) => conditionOf(status, 'ContainerHealthy')?.message);
  const words = [...ofRevisions, ...ofPods].map((text) => text?.trim() ?? '');
  return longestFirst(words.filter((text) => text.includes('\n')));
}

/** What is shorter is read again sooner than looked up. */
const LONG = 60;

/** What conditions and events say at length, the longest first: objects above repeat what those below them say. */
function longReasons({ service, configuration, route, revisions, pods, events }: Facts): string[] {
  const living = [service, configuration, route, ...revisions, ...pods];
  const messages = [
    ...living.flatMap((one) => (one?.status?.conditions ?? []).map(({ message }) => message)),
    ...events.map(({ message }) => message),
  ];
  const texts = messages.map((text) => text?.trim().replace(/[.!?]+$/, '') ?? '');
  return longestFirst(texts.filter(({ length }) => length >= LONG));
}

/** Each text once: what holds another within is looked for before it. */
function longestFirst(texts: readonly string[]): string[] {
  return [...new Set(texts)].sort((a, b) => b.length - a.length);
}

/** The lines, with each of `texts` said only where it comes first. */
function once(lines: readonly string[], texts: readonly string[]): string[] {
  const said = new Set<string>();
  return lines.map((line) => {
    const text = texts.find((one) => line.includes(one));
    if (text === undefined) return line;
    if (said.has(text)) return line.replace(text, '(as above)');
    for (const one of texts) if (text.includes(one)) said.add(one);
    return line;
  });
}

interface Observed {
  readonly metadata: { readonly generation?: number | undefined };
}

function unfinished(
  what: string,
  object: Observed | undefined,
  status: (Conditioned & { observedGeneration?: number | undefined }) | undefined,
): string[] {
  if (!object) return [`${what}: does not exist.`];
  const lag =
    status?.observedGeneration !== object.metadata.generation
      ? [
          `${what}: generation ${object.metadata.generation} has not been looked at yet (last was ${status?.observedGeneration ?? 'none'}).`,
        ]
      : [];
  const open = (status?.conditions ?? []).filter(({ status: value, severity }) => value !== 'True' && !severity);
  const causes = open.filter(({ type, reason, message }) => type !== 'Ready' && (reason || message));
  return [
    ...lag,
    ...(causes.length > 0 ? causes : open).map(
      (condition) => `${what}: ${condition.type} is ${condition.status}: ${phrase(condition)}`,
    ),
  ];
}

function aboutRevision(revision: Revision, { pods, now }: Facts): string[] {
  const { name, uid } = revision.metadata;
  const own = pods.filter(
    (pod) => pod.metadata.ownerReferences && pod.metadata.labels?.['serving.knative.dev/revisionUID'] === uid,
  );
  const active = conditionOf(revision.status, 'Active');
  const asleep =
    active?.status === 'False'
      ? [`  Revision ${name} is at zero: ${phrase(active)} It wakes at the next request.`]
      : [];
  return [
    ...unfinished(`  Revision ${name}`, revision, revision.status),
    ...asleep,
    ...own.flatMap((pod) => aboutPod(pod, now)),
  ];
}

function aboutPod(pod: Pod, now: number): string[] {
  const { name, creationTimestamp, deletionTimestamp } = pod.metadata;
  const what = `    Pod ${name} (${ageOf(creationTimestamp, now)})`;
  if (deletionTimestamp) return [`${what}: is stopping.`];
  if (pod.status?.phase === 'Failed' && pod.status.reason) return [`${what}: failed: ${phrase(pod.status)}`];
  const scheduled = conditionOf(pod.status, 'PodScheduled');
  if (scheduled?.status === 'False') return [`${what}: has no place: ${phrase(scheduled)}`];
  const containers = (pod.status?.containerStatuses ?? []).map((container) => {
    const { state, lastState, restartCount } = container;
    const restarts = restartCount > 0 ? `, restarted ${restartCount} times` : '';
    const last = lastState?.terminated
      ? `; before that it ended with code ${lastState.terminated.exitCode}${lastState.terminated.message ? `: ${lastState.terminated.message.trim()}` : ''}`
      : '';
    if (state?.waiting)
      return `${what}: ${container.name} waits: ${state.waiting.reason ?? 'no reason given'}${state.waiting.message ? `: ${state.waiting.message}` : ''}${restarts}${last}`;
    if (state?.terminated)
      return `${what}: ${container.name} ended with code ${state.terminated.exitCode} (${state.terminated.reason ?? 'no reason given'})${restarts}`;
    const silent = `not ready: ${silence(pod, container.name)} so far`;
    return `${what}: ${container.name} runs and is ${container.ready ? 'ready' : silent}${restarts}${last}`;
  });
  return containers.length > 0 ? containers : [`${what}: has not been started yet.`];
}

/** What its readiness probe waits for. A program finds the port that it has to listen on in `$PORT`. */
function silence({ spec }: Pod, container: string): string {
  const { ports, readinessProbe } = spec.containers.find(({ name }) => name === container) ?? {};
  const port = ports?.[0]?.containerPort;
  if (readinessProbe?.exec) return 'the command of its readiness probe has not succeeded';
  const probed = (readinessProbe?.httpGet ?? readinessProbe?.tcpSocket ?? readinessProbe?.grpc)?.port;
  if (typeof probed === 'number' && probed > 0 && probed !== port)
    return `it has not answered on port ${probed}, which its readiness probe asks`;
  return `it has not answered on its port ($PORT${port ? `, ${port} in the image` : ''})`;
}

function traffic(service: Service): string[] {
  return (service.status?.traffic ?? []).map((target) => {
    const tag = target.tag ? ` (tag ${target.tag}${target.url ? `: ${target.url}` : ''})` : '';
    return `Traffic: ${target.percent ?? 0} % to ${target.revisionName ?? 'no revision'}${tag}`;
  });
}

function conditionOf(status: Conditioned | undefined, type: string): Condition | undefined {
  return status?.conditions?.find((condition) => condition.type === type);
}

function phrase({ reason, message }: Pick<Condition, 'reason' | 'message'>): string {
  // Knative ends a sentence that it has from elsewhere with a further full stop.
  const words = [reason, message?.trimEnd().replace(/\.\.$/, '.')].filter(Boolean).join(': ');
  return words ? `${words}${/[.!?]$/.test(words) ? '' : '.'}` : 'no reason given.';
}

function since(at: number, now: number): string {
  return ageOf(new Date(at).toISOString(), now);
}
