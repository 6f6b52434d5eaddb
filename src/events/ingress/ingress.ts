// Where events come in: who asks and for what, is it an event, may they, does it still have hops left; then onto the log.
// The order of the checks is that of Knative's ingress.

import type { CancelSignal, Clock } from '#base/mod.ts';
import { messageOf, rfc3339Milli } from '#base/mod.ts';
import type { StreamAddress } from '../control.ts';
import type { CloudEvent } from '../event.ts';
import { textOf, withAttributes } from '../event.ts';
import type { NewRecord } from '../log/log.ts';
import { LogClosedError, LogFullError } from '../log/log.ts';
import type { Codec } from '../message.ts';
import { passThrough } from '../pass-through.ts';
import type { Further } from '../codec/record.ts';
import { lendRecord } from '../codec/record.ts';
import { TTL_ATTRIBUTE, ttlOnArrival } from '../time-to-live.ts';
import type { Gatekeeper, Who } from './access.ts';
import type { Awaited, AwaitedReplies } from './awaited-replies.ts';
import type { IngressAnswer, Refusal } from './refusals.ts';
import { ACCEPTED, IS_WELL, MAY_SEND, refused } from './refusals.ts';
import type { Found, Place, Way } from './ways.ts';
import { Ways } from './ways.ts';

/** What the ingress needs of a stream. */
export interface Intake {
  readonly key: string;
  /** Whether fewer events wait than may. */
  readonly hasRoom: boolean;
  append(record: NewRecord): Promise<number>;
}

export interface RequestHead extends Place {
  readonly method: string;
  /** Names and values by turns. */
  readonly headers: readonly string[];
}

/** What is to be done with a request: answered at once, or its body taken. */
export type Opened =
  | { readonly kind: 'answer'; readonly answer: IngressAnswer }
  | {
      readonly kind: 'take';
      /** Whether its answer is waited for, for as long as `signal` lets it. */
      readonly waits: boolean;
      readonly take: (body: Uint8Array, signal?: CancelSignal) => Promise<IngressAnswer>;
    };

export interface IngressPorts {
  readonly clock: Clock;
  readonly codec: Codec;
  readonly gatekeeper: Gatekeeper;
  /** Hosts that answer as brokers do also where there is none. */
  readonly brokerHosts: readonly string[];
  /** Hosts that answer as RequestReplies do also where there is none. */
  readonly requestHosts?: readonly string[];
  readonly replies: AwaitedReplies;
  /** An event was kept. */
  readonly onKept?: (way: Way<Intake>, event: CloudEvent, sinceMs: number) => void;
  /** The log failed in a way that is none of the producer's concern. */
  readonly onFailed?: (way: Way<Intake>, error: unknown) => void;
}

/** Takes events for the streams that it was told of. */
export class Ingress {
  readonly ways: Ways<Intake>;
  readonly #ports: IngressPorts;
  #isTold = false;
  #isClosing = false;

  constructor(ports: IngressPorts) {
    this.#ports = ports;
    this.ways = new Ways(ports.brokerHosts, ports.requestHosts);
  }

  /** From here on, what is not known does not exist. Until then it is only not known yet. */
  told(): void {
    this.#isTold = true;
  }

  get isTold(): boolean {
    return this.#isTold;
  }

  /** Takes nothing more. */
  close(): void {
    this.#isClosing = true;
    this.#ports.replies.close();
  }

  /** What the head of a request leads to. Undefined where the host is none of events. */
  open(head: RequestHead): Opened | undefined {
    const found = this.ways.find(head);
    if (!found) return undefined;
    const answer = this.#atOnce(head, found);
    if (answer) return { kind: 'answer', answer };
    const waits = 'way' in found && found.way.address.replies !== undefined;
    return { kind: 'take', waits, take: (body, signal) => this.#take(head, found, body, signal) };
  }

  #atOnce({ method, headers }: RequestHead, found: Found<Intake>): IngressAnswer | undefined {
    if (isProbe(headers)) return this.#isClosing ? refused('closing') : IS_WELL;
    if (method === 'OPTIONS') return MAY_SEND;
    if (method !== 'POST') return refused('method-not-allowed', `not by ${method}`);
    if (this.#isClosing) return refused('closing');
    return 'refusal' in found && !found.isLate ? refused(found.refusal) : undefined;
  }

  #take(
    { headers, target }: RequestHead,
    found: Found<Intake>,
    body: Uint8Array,
    signal: CancelSignal | undefined,
  ): Promise<IngressAnswer> {
    const decoded = this.#ports.codec.decode(headers, body);
    if (decoded.kind !== 'event') return Promise.resolve(refused('no-event', decoded.why));
    if ('refusal' in found) return Promise.resolve(this.unknown(found.refusal, target));
    const { way } = found;
    const { access } = way.address;
    if (!access) return this.#through(way, decoded.event, passThrough(headers), signal);
    return this.#ports.gatekeeper
      .identify(headers, access)
      .then((who) => this.takeFrom(who, way, decoded.event, passThrough(headers), signal));
  }

  /** No stream has this address, or none yet. */
  unknown(refusal: Refusal, detail?: string): IngressAnswer {
    return MAY_COME.has(refusal) && !this.#isTold ? refused('not-told') : refused(refusal, detail);
  }

  /** Takes an event whose sender is known, if they may. */
  async takeFrom(
    who: Who,
    way: Way<Intake>,
    event: CloudEvent,
    headers: readonly string[],
    signal?: CancelSignal,
  ): Promise<IngressAnswer> {
    const { address } = way;
    const refusal = address.access && this.#ports.gatekeeper.refusal(who, address.access, address.namespace, event);
    return refusal ?? this.#through(way, event, headers, signal);
  }

  /** Not `async`: what waits for a reply does not hold the event that asked for it. */
  #through(
    way: Way<Intake>,
    event: CloudEvent,
    headers: readonly string[],
    signal: CancelSignal | undefined,
  ): Promise<IngressAnswer> {
    const { replies } = way.address;
    if (!replies) return this.#keep(way, event, headers);
    const waiting = this.#ports.replies.open(way.stream, event, replies, signal);
    if (!waiting) return Promise.resolve(refused(this.#isClosing ? 'closing' : 'too-many-wait'));
    const { reply, cancel } = waiting;
    return this.#keep(way, waiting.event, headers).then(
      (answer) => {
        if (answer === ACCEPTED) return reply.then((awaited) => this.#answerOf(awaited, replies.timeoutMs));
        cancel();
        return answer;
      },
      (error: unknown) => {
        cancel();
        throw error;
      },
    );
  }

  #answerOf(awaited: Awaited, timeoutMs: number): IngressAnswer {
    switch (awaited.outcome) {
      case 'reply': {
        const { headers, body } = this.#ports.codec.encode(
          withAttributes(awaited.event, { [TTL_ATTRIBUTE]: undefined }),
          'binary',
        );
        return { status: 200, headers, text: '', body };
      }
      case 'closing':
        return refused('closing');
      default:
        return refused('no-reply', `within ${timeoutMs} ms`);
    }
  }

  /** Puts the event onto the log. */
  async #keep(way: Way<Intake>, event: CloudEvent, headers: readonly string[]): Promise<IngressAnswer> {
    const { clock } = this.#ports;
    const since = clock.monotonic();
    const stamps = arrival(event, way.address, clock.now());
    if (!stamps) return refused('ttl-used-up');
    if (!way.stream.hasRoom) return refused('backlog-full');
    try {
      await way.stream.append(recordOf(event, headers, stamps));
    } catch (error) {
      return this.#refusedBy(error, way);
    }
    this.#ports.onKept?.(way, event, clock.monotonic() - since);
    this.#ports.replies.offer(way.stream, event);
    return ACCEPTED;
  }

  #refusedBy(error: unknown, way: Way<Intake>): IngressAnswer {
    if (error instanceof LogClosedError) return refused('closing');
    if (error instanceof LogFullError) return refused(BY_BOUND[error.bound]);
    this.#ports.onFailed?.(way, error);
    return refused('failed', messageOf(error));
  }
}

/** What is not there, or is not known of yet. */
const MAY_COME: ReadonlySet<Refusal> = new Set(['no-broker', 'no-request-reply']);

/** Which refusal a bound of the log is. */
const BY_BOUND = { disk: 'disk-full', stream: 'backlog-full', waiting: 'busy' } as const;

/** Its bytes are lent: a log copies them before the call returns. */
function recordOf(event: CloudEvent, headers: readonly string[], stamps: Further): NewRecord {
  const hasSome = stamps.some(([name]) => event.attributes.has(name));
  const payload = hasSome
    ? lendRecord({ event: withAttributes(event, Object.fromEntries(stamps)), headers })
    : lendRecord({ event, headers }, stamps);
  return { payload, key: textOf(event, 'partitionkey') };
}

const NO_STAMPS: Further = [];

/** What is set on arrival; undefined where the event has no hops left. A channel keeps it as it came. */
function arrival(event: CloudEvent, { kind }: StreamAddress, now: number): Further | undefined {
  if (kind === 'channel') return NO_STAMPS;
  const left = ttlOnArrival(event);
  if (left <= 0) return undefined;
  return [
    ['knativearrivaltime', rfc3339Milli(now)],
    [TTL_ATTRIBUTE, left],
  ];
}

/** Kubernetes and Knative ask whether the ingress is well, at whatever path. */
function isProbe(headers: readonly string[]): boolean {
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] ?? '';
    // By the length alone nearly all are told.
    if (name.length !== 10 && name.length !== 15 && name.length !== 17) continue;
    const lower = name.toLowerCase();
    if (lower === 'k-network-probe' || lower === 'k-kubelet-probe') return true;
    if (lower === 'user-agent' && (headers[i + 1] ?? '').startsWith('kube-probe/')) return true;
  }
  return false;
}
