// The gateway's control over a unix socket: what is said on it, and its two ends.

import type { GatewayControl, IngressRules, RefusalCount, Target, TargetReport } from './control.ts';
import type { GatewayAddress } from './server.ts';

/** The control process speaks; every request is answered under its number, in any order. */
export type Request = { readonly id: number } & (
  | {
      /** The whole wanted state: what is not in it goes, unless the rest is yet to be told. */
      readonly op: 'reset';
      readonly unfinished?: boolean;
      readonly ingresses: Readonly<Record<string, IngressRules>>;
      readonly targets: Readonly<Record<string, Target>>;
    }
  | { readonly op: 'ingress'; readonly key: string; readonly rules?: IngressRules }
  | { readonly op: 'target'; readonly key: string; readonly target?: Target }
  | { readonly op: 'drain'; readonly endpoint: string; readonly deadlineMs: number }
  | { readonly op: 'refusals' }
  /** The platform stops: nothing is to begin by itself until everything is told anew. */
  | { readonly op: 'rest' }
);

/** What a reset could not apply, by the key of the ingress or target. */
export interface ResetResult {
  readonly failed: Readonly<Record<string, string>>;
}

/** What a request brings back. */
export type Result = ResetResult | { readonly left: number } | readonly RefusalCount[] | null;

/** The answer to one request. */
export type Reply = { readonly id: number } & ({ readonly result: Result } | { readonly error: string });

/** The data process answers, and tells what it sees. */
export type Message =
  | { readonly hello: GatewayAddress }
  | Reply
  | { readonly reports: readonly TargetReport[] }
  | { readonly wake: string; readonly traceparent?: string | undefined };

/** A control over a link, with what the link itself has to say. */
export interface LinkedControl extends GatewayControl {
  /** Where the data process listens, once a first connection stands. */
  address(): Promise<GatewayAddress>;
  /** Whether the data process can be reached now. */
  readonly connected: boolean;
  onConnection(listen: (connected: boolean) => void): () => void;
  /**
   * The platform stops: from here on the data process begins nothing by itself. A control process that tells everything anew lets
   * it go on. Resolves once it knows, or is away.
   */
  rest(): Promise<void>;
  /** Ends the link. The data process goes on with what it was told. */
  close(): Promise<void>;
}

export { connectControl } from './link-client.ts';
export type { Connecting } from './link-client.ts';
export { controlAttendant, serveControl } from './link-server.ts';
