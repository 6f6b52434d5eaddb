// The gateway's door: what the control plane may say to a data plane, in plain words. It knows no API objects.

/** One share of a path's traffic. */
export interface Split {
  /** Key of a target, as given to `setTarget`. */
  readonly target: string;
  /** Weight of this share; the weights of one path are taken relative to their sum. */
  readonly percent: number;
  /** Headers set (not appended) on the request to this target, after the path's own. */
  readonly setHeaders?: Readonly<Record<string, string>>;
  /** A further port of the target's endpoints, by its name; the one that every endpoint has unless told. */
  readonly port?: string;
}

/** Keeps a client with the endpoint that answered it first, for as long as that takes requests. */
export interface Affinity {
  /** Name of the cookie by which the client is known again. */
  readonly cookie: string;
  readonly maxAgeSeconds: number;
}

/** Sends a copy of some requests to another target, whose answers nobody sees. */
export interface Mirror {
  readonly split: Split;
  /** How many of a hundred requests are copied. */
  readonly percent: number;
}

/**
 * How requests are carried out whose clients do not wait (`Prefer: respond-async`). Times in milliseconds; what is not set is
 * decided by whoever carries them out.
 */
export interface AsyncRule {
  /** Attempts after the first. */
  readonly retries?: number;
  /** Before the second attempt; each later one waits twice as long. */
  readonly backoffMs?: number;
  /** Of one attempt. */
  readonly timeoutMs?: number;
  /** After its acceptance no attempt begins any more. */
  readonly maxAgeMs?: number;
  /** How many are under way at once. */
  readonly parallelism?: number;
  /** Where results may be sent. */
  readonly callbacks?: 'public' | 'any' | 'none';
}

/** What happens to requests whose path begins with `prefix` and that carry every header and cookie of the rule exactly. */
export interface PathRule {
  readonly prefix: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cookies?: Readonly<Record<string, string>>;
  readonly affinity?: Affinity;
  readonly mirror?: Mirror;
  /** `disabled`: `Prefer: respond-async` is the application's own affair. */
  readonly async?: AsyncRule | 'disabled';
  readonly setHeaders?: Readonly<Record<string, string>>;
  /**
   * With splits: Host becomes this, and `K-Original-Host` carries the one the client sent.
   * Without splits: the request is looked up again under this host among all rules, the
   * internal ones included, and the application still sees the Host the client sent.
   */
  readonly rewriteHost?: string;
  /** Answered over plain HTTP also where the host redirects: what proves that a name is ours before it has a certificate. */
  readonly plain?: boolean;
  readonly splits: readonly Split[];
}

/** The paths of some hosts. Internal hosts are reachable by the internal listener only, external ones by both. */
export interface HostRule {
  readonly hosts: readonly string[];
  readonly visibility: 'external' | 'internal';
  readonly paths: readonly PathRule[];
  /** Plain requests to the external listener are answered 301 to https. */
  readonly redirectToHttps?: boolean;
}

/** One ingress: a set of host rules (and certificates), set and removed as a whole under a key like "ns/name". */
export interface IngressRules {
  readonly rules: readonly HostRule[];
  /** The name of this state: what probers are told that ask which one is in force. */
  readonly hash?: string;
  readonly tls?: readonly IngressCertificate[];
}

/** A certificate chain and its key in PEM, chosen by SNI; a host may be a wildcard `*.rest`. */
export interface IngressCertificate {
  readonly hosts: readonly string[];
  readonly certPem: string;
  readonly keyPem: string;
}

/** One running copy that can take requests. `id` is unique over all targets. */
export interface Endpoint {
  readonly id: string;
  readonly host: string;
  readonly port: number;
  readonly state: 'ready' | 'draining';
  /** What people call it, for logs. */
  readonly name?: string;
  /** Further ports by their names. */
  readonly ports?: Readonly<Record<string, number>>;
}

/** What is spoken to an endpoint. */
export type Protocol = 'http1' | 'h2c';

/** How requests to a revision are logged. */
export interface RequestLogSettings {
  /** A Go template over Request, Response, Revision and TraceID. */
  readonly template: string;
  /** Probes of the network are logged, too. */
  readonly probes: boolean;
}

/** A revision as the data plane sees it. */
export interface Target {
  readonly namespace: string;
  readonly name: string;
  readonly service?: string;
  readonly configuration?: string;
  /** Requests one endpoint may hold at once; 0 = unlimited. */
  readonly concurrency: number;
  /** Longest life of a request from its arrival, waiting included; 0 = unlimited. */
  readonly timeoutMs: number;
  /** Longest wait for the first byte of a response. */
  readonly responseStartTimeoutMs?: number;
  /** Longest pause between two writes of a response; before the first, counted from arrival. */
  readonly idleTimeoutMs?: number;
  /** What is spoken to the endpoints. */
  readonly protocol: Protocol;
  /** Whether endpoints may speak HTTP/2 though `protocol` does not say so: the first that is ready is asked. */
  readonly detectsHttp2?: boolean;
  /** The same for further ports, by their names. */
  readonly protocols?: Readonly<Record<string, Protocol>>;
  /** How many requests may wait; as many as the gateway's own bound allows unless told. */
  readonly maxWaiting?: number;
  /** What those beyond are told: 503 as everybody unless told, or 429 with a time to try again. */
  readonly fullStatus?: 429 | 503;
  /** Undefined: no request is logged. */
  readonly requestLog?: RequestLogSettings;
  readonly endpoints: readonly Endpoint[];
}

/** What one target saw during the last second. */
export interface TargetReport {
  readonly target: string;
  /** Time-weighted average over the second, waiting requests included. */
  readonly concurrency: number;
  /** Requests that arrived. */
  readonly requests: number;
  /** Requests that wait for a slot at this moment. */
  readonly waiting: number;
  /** Requests that are with an endpoint at this moment. */
  readonly inFlight: number;
}

/** How often a target refused requests for one reason. `target` is empty where no target was found. */
export interface RefusalCount {
  readonly target: string;
  readonly reason: string;
  readonly count: number;
  /** Wall time of the last one, in milliseconds. */
  readonly lastAt: number;
}

/** `traceparent` is that of a request that waits, where its trace is recorded: the wake is a part of it. */
export type WakeListener = (target: string, traceparent?: string) => void;

/** What the control plane may say to a gateway, in one process or over a socket. */
export interface GatewayControl {
  /** Sets or removes an ingress; resolves when requests already see it. */
  setIngress(key: string, rules: IngressRules | undefined): Promise<void>;
  /** Sets or removes a target; resolves when requests already see it. */
  setTarget(key: string, target: Target | undefined): Promise<void>;
  /**
   * Resolves once nothing is in flight to this endpoint any more (it takes no new request from
   * the call on), or after `deadlineMs`; upgraded connections alone keep it open for half a minute
   * only, for the application itself must end them. The endpoint stays closed until its target has been set
   * without it, or with it as draining; after that it may come back as ready.
   */
  drain(endpointId: string, deadlineMs: number): Promise<{ left: number }>;
  /** Every second, targets with traffic or that just fell silent. Returns what stops it. */
  onReport(listen: (reports: readonly TargetReport[]) => void): () => void;
  /** A request waits and no endpoint is there: at once, and again every second while it waits. */
  onWake(listen: WakeListener): () => void;
  refusals(): Promise<readonly RefusalCount[]>;
}
