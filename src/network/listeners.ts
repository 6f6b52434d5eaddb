// The port by which this room listens in the Pods' network: where ClusterIPs are local, which is not this machine's own network.

import type { Socket as UdpSocket } from 'node:dgram';
import type { Server } from 'node:net';

export interface ServiceListeners {
  /** An address that both this machine and Pods reach. */
  readonly address: string;
  /** A server that listens already. Rejects where the address is in use. */
  tcp(address: string, port: number): Promise<Server>;
  /** A socket that is bound already. */
  udp(address: string, port: number): Promise<UdpSocket>;
}
