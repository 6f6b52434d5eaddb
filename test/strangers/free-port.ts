// Ports for programs that listen only later and cannot be told to take any free one.

import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Ports that a kernel gives to no connection going out, by default: nobody takes one between the look and the listening. */
const QUIET_PORTS = { from: 10_240, to: 32_767 };
const TRIES = 100;

/** A port of 127.0.0.1 that could be listened on just now, for TCP and for UDP. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < TRIES; tries++) {
    const port = randomInt(QUIET_PORTS.from, QUIET_PORTS.to + 1);
    if (await isFree(port)) return port;
  }
  throw new Error(`of ${TRIES} ports between ${QUIET_PORTS.from} and ${QUIET_PORTS.to} none was free`);
}

/** Whether a port of 127.0.0.1 can be listened on just now, for TCP and for UDP: a name server listens for both. */
export async function isFree(port: number): Promise<boolean> {
  const tcp = createServer();
  const udp = createSocket('udp4');
  try {
    tcp.listen(port, '127.0.0.1');
    await once(tcp, 'listening');
    udp.bind(port, '127.0.0.1');
    await once(udp, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    udp.close();
    if (tcp.listening) await new Promise((resolve) => tcp.close(resolve));
  }
}
