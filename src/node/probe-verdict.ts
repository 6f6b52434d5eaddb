// What a try of a probe says.

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface ProbeVerdict {
  readonly ok: boolean;
  readonly message: string;
}

export const OK: ProbeVerdict = { ok: true, message: '' };
export const failed = (message: string): ProbeVerdict => ({ ok: false, message });

/** Nobody listens there, as a refused connection is told. */
export const REFUSED = 'connection refused';
/** A TCP connection that did not come about. */
export const notConnected = ({ host, port }: Address, why: string): ProbeVerdict =>
  failed(`dial tcp ${host}:${port}: connect: ${why}`);

/** A refused connection in the words that users of Kubernetes know; others as the system has them. */
export function plain(error: Error): string {
  return (error as NodeJS.ErrnoException).code === 'ECONNREFUSED' ? REFUSED : error.message;
}
