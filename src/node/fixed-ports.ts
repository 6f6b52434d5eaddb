// Images that listen on their own port whatever $PORT says: found out by their sockets, and run as one Pod at a time.

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Clock, Timer } from '#base/mod.ts';
import { fnv32a } from '#base/mod.ts';
import { StartProblem } from './container.ts';
import type { ContainerStart, RunningContainer, Sandbox } from './launcher.ts';
import type { Listening } from './listening-sockets.ts';

const LOOK_MS = 100;
/** A program that listens nowhere for so long is asked no more. */
const WATCHED_MS = 60_000;
/** Programs of which it is remembered that they listen where they are told. */
const MOST_OBEDIENT = 10_000;

/** Tells that a container port of a Pod is really reached elsewhere. */
export type Moved = (podUid: string, hostPorts: Sandbox['hostPorts']) => void;

export class FixedPorts {
  readonly #clock: Clock;
  readonly #moved: Moved;
  /** Programs that are known to insist, by what starts them. */
  readonly #known = new Map<string, number>();
  /** Programs that were seen to listen on $PORT, by what starts them and all that they are told. */
  readonly #obedient = new Set<string>();
  readonly #holders = new Map<number, { readonly podUid: string; readonly podName: string }>();
  readonly #watched = new Set<Watched>();
  readonly #listening: Listening;
  #next: Timer | undefined;

  constructor(clock: Clock, listening: Listening, moved: Moved) {
    this.#clock = clock;
    this.#listening = listening;
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
    if (!own || others.length > 0 || process.platform !== 'linux' || this.#obedient.has(toldTo(start))) return;
    const since = this.#clock.monotonic();
    const watched: Watched = { podUid, port: Number(own[0]), chosen: own[1], start, pid: running.pid, since };
    this.#watched.add(watched);
    void running.exited.then(() => {
      this.#watched.delete(watched);
      if (this.#holders.get(watched.port)?.podUid === podUid) this.#holders.delete(watched.port);
    });
    this.#lookSoon();
  }

  #lookSoon(): void {
    if (this.#next || this.#watched.size === 0) return;
    this.#next = this.#clock.after(LOOK_MS, () => {
      this.#next = undefined;
      this.#look();
      this.#lookSoon();
    });
  }

  #look(): void {
    if (this.#watched.size === 0) return;
    const now = this.#clock.monotonic();
    const { sockets } = this.#listening;
    for (const watched of this.#watched) {
      const obeys = sockets?.has(watched.chosen) ?? false;
      const insists = !obeys && holds(watched.pid, sockets?.get(watched.port)?.inode);
      if (obeys) this.#trust(watched);
      if (insists) this.#settle(watched);
      if (insists || obeys || now - watched.since > WATCHED_MS) this.#watched.delete(watched);
    }
  }

  #trust({ start }: Watched): void {
    this.#obedient.add(toldTo(start));
    const [oldest] = this.#obedient;
    if (this.#obedient.size > MOST_OBEDIENT && oldest !== undefined) this.#obedient.delete(oldest);
  }

  #settle({ podUid, port, start }: Watched): void {
    this.#known.set(keyOf(start), port);
    this.#holders.set(port, { podUid, podName: start.podName });
    this.#moved(podUid, { [port]: port });
  }
}

/** A program of which it is not known yet where it listens. */
interface Watched {
  readonly podUid: string;
  /** What its container says, and what $PORT was. */
  readonly port: number;
  readonly chosen: number;
  readonly start: ContainerStart;
  readonly pid: number;
  readonly since: number;
}

function keyOf({ rootfs, overlay = '', command }: ContainerStart): string {
  return JSON.stringify([rootfs, overlay, command]);
}

/** The same for starts of one program that differ in nothing but their port and their Pod. */
function toldTo(start: ContainerStart): string {
  const env = start.env.filter(([, value]) => !value.includes(start.podName) && !value.includes(start.podUid));
  return String(fnv32a(keyOf(start))) + fnv32a(JSON.stringify(env));
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
