// Images that listen on their own port whatever $PORT says: found out by their sockets, and run as one Pod at a time.

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Clock } from '#base/mod.ts';
import { StartProblem } from './container.ts';
import type { ContainerStart, RunningContainer, Sandbox } from './launcher.ts';

const LOOK_MS = 100;
/** A program that listens nowhere for so long is asked no more. */
const LOOKS = 600;

/** Tells that a container port of a Pod is really reached elsewhere. */
export type Moved = (podUid: string, hostPorts: Sandbox['hostPorts']) => void;

export class FixedPorts {
  readonly #clock: Clock;
  readonly #moved: Moved;
  /** Programs that are known to insist, by what starts them. */
  readonly #known = new Map<string, number>();
  readonly #holders = new Map<number, { readonly podUid: string; readonly podName: string }>();

  constructor(clock: Clock, moved: Moved) {
    this.#clock = clock;
    this.#moved = moved;
  }

  /** Throws StartProblem where the program insists on a port that another Pod holds. */
  check(start: ContainerStart): void {
    const port = this.#known.get(keyOf(start));
    const holder = port === undefined ? undefined : this.#holders.get(port);
    if (holder === undefined || holder.podUid === start.podUid) return;
    throw new StartProblem(
      'PortFixed',
      `the program listens on port ${port} whatever $PORT says, and Pod ${holder.podName} holds that port; let it listen on $PORT to run more than one`,
    );
  }

  /** Looks where a program listens, until it does. */
  watch({ podUid, hostPorts }: Sandbox, start: ContainerStart, running: RunningContainer): void {
    const [own, ...others] = Object.entries(hostPorts);
    if (!own || others.length > 0 || process.platform !== 'linux') return;
    const [port, chosen] = [Number(own[0]), own[1]];
    let isOver = false;
    void running.exited.then(() => {
      isOver = true;
      if (this.#holders.get(port)?.podUid === podUid) this.#holders.delete(port);
    });
    const look = (looks: number) => {
      if (isOver || looks > LOOKS) return;
      const listening = listeningSockets();
      if (listening.has(chosen)) return;
      if (!holds(running.pid, listening.get(port))) return void this.#clock.after(LOOK_MS, () => look(looks + 1));
      this.#known.set(keyOf(start), port);
      this.#holders.set(port, { podUid, podName: start.podName });
      this.#moved(podUid, { [port]: port });
    };
    this.#clock.after(LOOK_MS, () => look(1));
  }
}

function keyOf({ rootfs, overlay = '', command }: ContainerStart): string {
  return JSON.stringify([rootfs, overlay, command]);
}

/** The inodes of sockets that listen, by port (proc_pid_net(5): state 0A). */
function listeningSockets(): Map<number, string> {
  const lines = ['tcp', 'tcp6'].flatMap((file) => read(`/proc/net/${file}`).split('\n').slice(1));
  const fields = lines.map((line) => line.trim().split(/\s+/)).filter(([, , , state]) => state === '0A');
  return new Map(
    fields.map(([, local = '', , , , , , , , inode = '']) => [
      Number.parseInt(local.slice(local.lastIndexOf(':') + 1), 16),
      inode,
    ]),
  );
}

/** Whether a socket belongs to a process or to one of its group. */
function holds(group: number, inode: string | undefined): boolean {
  if (inode === undefined) return false;
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && groupOf(name) === group);
  return pids.some((pid) => socketsOf(pid).includes(`socket:[${inode}]`));
}

function groupOf(pid: string): number {
  const stat = read(`/proc/${pid}/stat`);
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]);
}

function socketsOf(pid: string): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
  } catch {
    return [];
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
