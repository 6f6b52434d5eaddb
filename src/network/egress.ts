// The way from Pods out into the world, without a rule in anybody's firewall: where Pods send what is for no address here,
// every address is local. Whoever listens there sees for whom a connection was meant, and makes it from this machine.

import type { Forwarder } from './forward/forwarder.ts';
import type { Target } from './forward/targets.ts';

/** Ports that are open to the outside unless told: shells and mail, the web, telemetry, databases, brokers. */
export const USUAL_EGRESS_PORTS: readonly number[] = [
  22, 25, 80, 443, 465, 587, 993, 1433, 3306, 4222, 4317, 4318, 5432, 5671, 5672, 6379, 8080, 8443, 8883, 9092, 9200,
  27017,
];

/** Addresses that lead nowhere outside, or to what is not meant for programs in containers: a cloud's own data of its machine. */
const CLOSED: readonly (readonly [network: string, bits: number])[] = [
  ['0.0.0.0', 8],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['224.0.0.0', 3],
];

/** Opens the ports; `services` is the network of ClusterIPs, of which none is outside. */
export function openEgress(forwarder: Forwarder, ports: readonly number[], services: string): void {
  const [network = '', bits] = services.split('/');
  const closed = [...CLOSED, [network, Number(bits)] as const];
  for (const port of ports)
    forwarder.open({ address: '0.0.0.0', port, portName: '' }, (meant) => targetOutside(meant, port, closed));
}

/** Where a connection goes on to; nowhere for an address that is closed. Pure. */
export function targetOutside(
  address: string | undefined,
  port: number,
  closed: readonly (readonly [string, number])[] = CLOSED,
): readonly Target[] {
  const number = numberOf(address ?? '');
  if (number === undefined) return [];
  const isClosed = closed.some(([network, bits]) => shifted(number, bits) === shifted(numberOf(network) ?? 0, bits));
  return isClosed ? [] : [{ host: address ?? '', port }];
}

function shifted(number: number, bits: number): number {
  return Math.floor(number / 2 ** (32 - bits));
}

/** An IPv4 address, also one in IPv6's clothes; undefined for what is none. */
function numberOf(address: string): number | undefined {
  const parts = address.replace(/^::ffff:/, '').split('.');
  const isAddress = parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256);
  return isAddress ? parts.reduce((sum, part) => sum * 256 + Number(part), 0) : undefined;
}
