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

/** What a TCP connection says where nobody listens. */
export const refused = ({ host, port }: Address): ProbeVerdict =>
  failed(`dial tcp ${host}:${port}: connect: connection refused`);

/** A refused connection in the words that users of Kubernetes know; others as the system has them. */
export function plain(error: Error): string {
  return (error as NodeJS.ErrnoException).code === 'ECONNREFUSED' ? 'connection refused' : error.message;
}
