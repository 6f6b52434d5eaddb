// Which port to listen on: the one asked for, the next free one where that is allowed, else an error that names the holder.

import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Asked for a port that is taken. The message names who holds it and which flag chooses another. */
export class PortTaken extends Error {
  override readonly name = 'PortTaken';
}

export interface Wanted {
  /** For messages: `gateway`. */
  readonly what: string;
  /** The flag that chooses it: `--port-gateway`. */
  readonly flag: string;
  /** 0 for any free one. */
  readonly port: number;
}

export interface Picked {
  readonly port: number;
  /** A sentence where it is not the one asked for. */
  readonly notice?: string;
}

const TRIES = 100;

/** Ports that a kernel gives to no connection going out, by default: nobody takes one between the look and the listening. */
const QUIET_PORTS = { from: 10_240, to: 32_767 };

/** A port that could be listened on just now. Ports in `taken` are left alone. */
export async function pickPort(
  wanted: Wanted,
  host: string,
  nextFree: boolean,
  taken: ReadonlySet<number>,
): Promise<Picked> {
  if (wanted.port === 0) return { port: await anyPort(host, taken) };
  if (!taken.has(wanted.port) && (await isFree(wanted.port, host))) return { port: wanted.port };
  if (!nextFree)
    throw new PortTaken(
      `port ${wanted.port} for the ${wanted.what} is taken${holderText(wanted.port)}. Choose another with ${wanted.flag} PORT (0 takes any free one).`,
    );
  for (let port = wanted.port + 1; port < wanted.port + TRIES && port < 65_536; port++) {
    if (!taken.has(port) && (await isFree(port, host))) {
      return {
        port,
        notice: `port ${wanted.port} is taken${holderText(wanted.port)}; the ${wanted.what} listens on ${port} instead`,
      };
    }
  }
  throw new PortTaken(
    `no free port for the ${wanted.what} from ${wanted.port} to ${wanted.port + TRIES}. Choose one with ${wanted.flag} PORT.`,
  );
}

async function anyPort(host: string, taken: ReadonlySet<number>): Promise<number> {
  for (let tries = 0; tries < TRIES; tries++) {
    const port = randomInt(QUIET_PORTS.from, QUIET_PORTS.to + 1);
    if (!taken.has(port) && (await isFree(port, host))) return port;
  }
  return tryPort(0, host);
}

/** Whether a port can be listened on just now. */
export async function isFree(port: number, host: string): Promise<boolean> {
  try {
    await tryPort(port, host);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') return false;
    throw error;
  }
}

function tryPort(port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, host, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : port));
    });
  });
}

function holderText(port: number): string {
  const holder = holderOfPort(port);
  if (!holder) return '';
  const dataDir = dataDirOf(holder.pid);
  return ` by ${dataDir === undefined ? holder.name : `the Ebb of ${dataDir}`} (process ${holder.pid})`;
}

/** The data folder of a platform's process: the gateway's is started with it, the other one holds its lock. */
function dataDirOf(pid: number): string | undefined {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
    if (words.at(-3) === 'data') return words.at(-2);
    const open = new Set(readdirSync(`/proc/${pid}/fd`).map((fd) => linkOf(`/proc/${pid}/fd/${fd}`)));
    const lock = [...open].find((file) => file.endsWith('/lock.db') && open.has(join(dirname(file), 'objects.db')));
    return lock && dirname(lock);
  } catch {
    return undefined;
  }
}

/** Who listens on a port, by Linux' own tables; undefined where that cannot be told. */
export function holderOfPort(port: number): { pid: number; name: string } | undefined {
  try {
    const inodes = new Set([...listeners('/proc/net/tcp', port), ...listeners('/proc/net/tcp6', port)]);
    if (inodes.size === 0) return undefined;
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      if (holdsOneOf(pid, inodes)) return { pid: Number(pid), name: readFileSync(`/proc/${pid}/comm`, 'utf8').trim() };
    }
  } catch {
    return undefined;
  }
  return undefined;
}

function listeners(table: string, port: number): string[] {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  return readFileSync(table, 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local = '', , state]) => local.endsWith(`:${hex}`) && state === '0A')
    .map((fields) => fields[9] ?? '');
}

function holdsOneOf(pid: string, inodes: ReadonlySet<string>): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => {
      const match = /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${fd}`));
      return match !== null && inodes.has(match[1] ?? '');
    });
  } catch {
    return false;
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}
