// The gateway's control over a line to another process: what is said on it. Its ends are link-client.ts and link-server.ts.

import type { GatewayControl, TargetReport } from './control.ts';
import type { GatewayAddress } from './server.ts';

/** The kinds of what is wanted; the keys are those of the control. */
export const INGRESS = 'ingress';
export const TARGET = 'target';

/** What the data process tells without being asked. */
export interface GatewayNews {
  /** First of all: where it listens. */
  readonly hello: GatewayAddress;
  readonly reports: readonly TargetReport[];
  readonly wake: { readonly target: string; readonly traceparent?: string | undefined };
}

/** What it is asked to let run dry, and how long that may take. */
export interface DrainOrder {
  readonly endpoint: string;
  readonly deadlineMs: number;
}

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
