// The events' door: what the control plane may say to the data plane, in plain words. It knows no API objects.

import type { webcrypto } from 'node:crypto';
import type { JournalControl } from './journal/words.ts';
import type { Retention } from './log/log.ts';

/**
 * One element of a Trigger's `filters`, in its JSON form, with exactly one dialect; `legacy` is the old `filter.attributes`.
 * The elements of a list hold together (and); an empty list lets everything pass.
 */
export type Filter =
  | { readonly exact: Readonly<Record<string, string>> }
  | { readonly prefix: Readonly<Record<string, string>> }
  | { readonly suffix: Readonly<Record<string, string>> }
  | { readonly all: readonly Filter[] }
  | { readonly any: readonly Filter[] }
  | { readonly not: Filter }
  | { readonly cesql: string }
  | { readonly legacy: Readonly<Record<string, string>> };

/** One queue of events: where they come in, how long they stay, and who gets them. A Channel is one; a Broker is an address of one. */
export interface StreamRule {
  /**
   * How long events stay to be replayed once every consumer is done with them; without one, they go then. What a consumer
   * still waits for is never let go.
   */
  readonly retention?: Retention;
  /** What may wait for the slowest consumer; beyond it producers get 429 with Retry-After. Without one only the disk bounds it. */
  readonly maxBacklog?: { readonly records?: number; readonly bytes?: number };
  readonly addresses: readonly StreamAddress[];
  /** By an id that stays the same as long as the consumer is the same, as the uid of a Subscription. */
  readonly consumers: Readonly<Record<string, Consumer>>;
  /** Whether what happens to each event is noted; not, unless told. Events are then kept for a day where nothing else is said. */
  readonly journal?: boolean;
}

/** One way in. */
export interface StreamAddress {
  /** Lower case, without port. */
  readonly hosts: readonly string[];
  /** The exact raw path, without a slash at its end unless it is `/`. */
  readonly path: string;
  /**
   * A broker counts the hops of an event (`knativebrokerttl`) and stamps its arrival; a channel takes it as it comes; a
   * requestreply takes it as a broker does, and answers with the event that replies to it.
   */
  readonly kind: 'broker' | 'channel' | 'requestreply';
  /** Of the object that has this address. */
  readonly namespace: string;
  readonly name: string;
  /** `http` unless told; by another scheme the address is unknown (404). */
  readonly schemes?: readonly ('http' | 'https')[];
  /** Whom it lets in. Without one it asks nobody who they are. */
  readonly access?: AccessRule;
  /** Of a requestreply: how a reply is known. */
  readonly replies?: ReplyRule;
  /** Whether each type of event that comes in is told to `onTypeSeen`. */
  readonly tellsTypes?: boolean;
}

/** By what an event that comes through the same stream is the reply to a request. */
export interface ReplyRule {
  /** The attribute in which a request goes on with a word of its own. */
  readonly correlationAttribute: string;
  /** The attribute in which its reply brings that word back. */
  readonly replyAttribute: string;
  /** How long it is waited for, in milliseconds. */
  readonly timeoutMs: number;
}

/** OIDC: a bearer token for the audience, whose subject a policy lets in. */
export interface AccessRule {
  readonly audience: string;
  /** Where no policy applies. */
  readonly otherwise: 'allow-all' | 'deny-all' | 'allow-same-namespace';
  /** The first whose subjects match decides. */
  readonly policies: readonly AccessPolicy[];
}

export interface AccessPolicy {
  readonly name: string;
  /** A `*` at the end stands for any rest. */
  readonly subjects: readonly string[];
  readonly filters: readonly Filter[];
}

/** Who gets the events of a stream: a Trigger, or another Subscription. */
export interface Consumer {
  readonly namespace: string;
  readonly name: string;
  /** Triggers see no `knativebrokerttl`, give it back to their replies, and take an answer that is no event for a failure (502). */
  readonly kind: 'trigger' | 'subscription';
  readonly filters: readonly Filter[];
  /** Without one, the event goes on to `reply` as it is. */
  readonly subscriber?: Destination;
  /** Where replies go: of a Trigger its Broker's address. One that leads to a stream of this process is taken there in memory. */
  readonly reply?: Destination;
  readonly deadLetter?: Destination;
  readonly delivery: Delivery;
  /** `unordered` unless told; `key`: in order for each `partitionkey`. A failing event holds up those behind it through all its retries. */
  readonly order?: 'unordered' | 'ordered' | 'key';
  /** Deliveries under way at once; 100 unless told. Where order is kept: one, or one a key. */
  readonly parallelism?: number;
  /** Where a new consumer begins; `latest` unless told. Of no weight once it has begun. */
  readonly start?: 'latest' | 'earliest' | { readonly time: number } | { readonly offset: number };
  /** Nothing is sent while set; what comes in waits. */
  readonly paused?: boolean;
}

/** Where a request goes. */
export interface Destination {
  /** Absolute; http or https. */
  readonly url: string;
  /** PEM, beside the authorities that are trusted anyway. */
  readonly caCerts?: string;
  /** With it the request carries a token of `identity` for it. */
  readonly audience?: string;
  /** The ServiceAccount in whose name it is sent, as "namespace/name". */
  readonly identity?: string;
}

/** Times in milliseconds. */
export interface Delivery {
  /** Attempts after the first. */
  readonly retry: number;
  readonly backoffPolicy?: 'linear' | 'exponential';
  readonly backoffDelayMs?: number;
  /** Of one attempt. */
  readonly timeoutMs?: number;
  /** How long a subscriber may ask to be left alone by `Retry-After`; without it, and with 0, it is not heard. */
  readonly retryAfterMaxMs?: number;
  /** How the event is written; `binary` unless told. */
  readonly format?: 'json' | 'binary';
}

/** A type of event that came in at an address for the first time since the process began. */
export interface TypeSeen {
  readonly stream: string;
  readonly address: Pick<StreamAddress, 'kind' | 'namespace' | 'name'>;
  readonly type: string;
  readonly source: string;
  readonly schema?: string;
}

/** How a stream stands. */
export interface StreamStatus {
  readonly key: string;
  /** The oldest offset kept, and the one that the next event gets. */
  readonly first: number;
  readonly next: number;
  readonly consumers: Readonly<Record<string, ConsumerStatus>>;
}

export interface ConsumerStatus {
  /** It has looked at everything before this offset. */
  readonly position: number;
  /** Events before `position` that it is not done with. */
  readonly unfinished: number;
}

/** Who may sign tokens: what the issuer is called, and its public keys as a JWK set. */
export interface TokenIssuer {
  readonly issuer: string;
  readonly keys: readonly webcrypto.JsonWebKey[];
}

/** A Service that a URL names, as far as one can tell from the name. */
export interface WantedService {
  readonly namespace: string;
  readonly name: string;
  readonly port: number;
  /** False: it might be a name of the world instead. */
  readonly isSure: boolean;
}

/** Where a Service is: at its ready endpoints, or under another name; or there is none, or none with this port. */
export type ServicePlaces =
  | { readonly kind: 'endpoints'; readonly places: readonly { readonly host: string; readonly port: number }[] }
  | { readonly kind: 'alias'; readonly host: string }
  | { readonly kind: 'unknown' };

/** What the control plane says. A change holds once it resolves: from then on events at the new addresses are taken. */
export interface EventsControl extends JournalControl {
  /** Undefined: forgets the stream with its events. */
  setStream(key: string, rule: StreamRule | undefined): Promise<void>;
  /** By whose signature tokens of producers hold. */
  setIssuers(issuers: readonly TokenIssuer[]): Promise<void>;
  /** Whom destinations by TLS are trusted by, beside the usual authorities: certificates in PEM. */
  setTrust(certificates: readonly string[]): Promise<void>;
  /** How to get a token of a ServiceAccount ("namespace/name") for an audience. */
  onTokenWanted(give: (identity: string, audience: string) => Promise<string>): () => void;
  /** How to find the endpoints of a Service. */
  onPlacesWanted(give: (service: WantedService) => Promise<ServicePlaces>): () => void;
  onTypeSeen(listen: (seen: TypeSeen) => void): () => void;
  status(): Promise<readonly StreamStatus[]>;
}
