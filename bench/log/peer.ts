/** A server that the log is measured beside. */
export interface Peer {
  readonly pids: readonly number[];
  readonly port: number;
  /** Resolves when the server says that it has the event. */
  append(payload: Buffer): Promise<void>;
  stop(): Promise<void>;
}
