// Runs containers as plain child processes of this machine, each with a port of its own. It isolates nothing, and says so.

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import type { Clock } from '#base/mod.ts';
import { StartProblem } from './container.ts';
import type { Asked } from './conversation.ts';
import { converse } from './conversation.ts';
import { FixedPorts } from './fixed-ports.ts';
import type { Moved } from './fixed-ports.ts';
import { Listening } from './listening-sockets.ts';
import type {
  ContainerRecord,
  ContainerStart,
  Conversation,
  Launcher,
  RunningContainer,
  Sandbox,
  SandboxRequest,
} from './launcher.ts';
import { endOf, exitOf, signalGroup, startOf } from './processes.ts';
import { ProcessUsage } from './usage-of-processes.ts';

const NOTICES = [
  'functions run as plain processes: they share this machine’s files, network and users; a program should listen on the port in $PORT (one that insists on its own runs as one Pod at a time), and a Pod with volumes is not started',
];

/** `findPort` gives a port of this machine that is free. */
export function processLauncher(clock: Clock, findPort: () => Promise<number> = freePort): Launcher {
  const listeners: Moved[] = [];
  const usage = new ProcessUsage(clock);
  const promised: PromisedPorts = new Map();
  const listening = new Listening(clock);
  const lookedAfter = (running: RunningContainer): RunningContainer => {
    void running.exited.then(() => listening.forget());
    return { ...running, usage: () => usage.of(running.pid) };
  };
  const fixed = new FixedPorts(clock, listening, (podUid, hostPorts) => {
    for (const listen of listeners) listen(podUid, hostPorts);
  });
  return {
    name: 'process',
    isIsolated: false,
    notices: NOTICES,
    isSeen,
    hasNoMessageFiles: true,
    prepare: (request) => prepare(request, promised, findPort),
    async start(sandbox, container) {
      checkMounts(container);
      fixed.check(container);
      const running = lookedAfter(await start(sandbox, container));
      fixed.watch(sandbox, container, running);
      return running;
    },
    onMoved: (listen) => void listeners.push(listen),
    ...(process.platform === 'linux' ? { isListening: ({ port }) => listening.isReached(port) } : {}),
    adopt: async (_, record) =>
      startOf(record.pid) === record.started ? lookedAfter(adopted(record, clock)) : undefined,
    discard: async ({ podUid }) => void promised.delete(podUid),
  };
}

/** Where every Pod gets a token; a program that needs none does without. */
const TOKENS = '/var/run/secrets/kubernetes.io/';

function isSeen(target: string): boolean {
  return !target.startsWith(TOKENS);
}

/** A program that was promised a volume is not started without it. Throws StartProblem. */
function checkMounts({ mounts }: ContainerStart): void {
  const missing = mounts.map(({ target }) => target).filter(isSeen);
  if (missing.length === 0) return;
  throw new StartProblem(
    'CreateContainerError',
    `volumes cannot be mounted where functions run as plain processes, and the container has some at ${missing.join(', ')}: it needs the sandbox launcher ('ebb doctor' says what that lacks here), or its values as environment variables`,
  );
}

/** Ports that Pods were told, by their uid: until a program listens there, the system would give them out again. */
type PromisedPorts = Map<string, number[]>;

/** A free port of this machine for each port of the Pod. Where one cannot be had, none is promised: no place, nothing to discard. */
async function prepare(
  { podUid, containerPorts }: SandboxRequest,
  promised: PromisedPorts,
  findPort: () => Promise<number>,
): Promise<Sandbox> {
  const own: number[] = [];
  promised.set(podUid, own);
  try {
    const pairs = await Promise.all(
      containerPorts.map(async (port) => [port, await promisedPort(own, promised, findPort)] as const),
    );
    return { podUid, address: '127.0.0.1', hostPorts: Object.fromEntries(pairs) };
  } catch (error) {
    promised.delete(podUid);
    throw error;
  }
}

async function promisedPort(own: number[], promised: PromisedPorts, findPort: () => Promise<number>): Promise<number> {
  for (;;) {
    const port = await findPort();
    if ([...promised.values()].some((ports) => ports.includes(port))) continue;
    own.push(port);
    return port;
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

async function start({ hostPorts }: Sandbox, container: ContainerStart): Promise<RunningContainer> {
  const root = container.overlay ?? (container.rootfs === 'host' ? undefined : container.rootfs);
  const place: Place = {
    root,
    cwd: onThisMachine(container.workingDir, root),
    env: Object.fromEntries(environment(container, hostPorts)),
  };
  const [command = '', ...args] = container.command.map((word) => onThisMachine(word, root));
  const child = begin(command, args, place, container.logFile);
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
  const pid = child.pid ?? 0;
  const exited = new Promise<ReturnType<typeof exitOf>>((resolve) =>
    child.once('exit', (code, signal) => resolve(exitOf(code, signal, false))),
  );
  return {
    pid,
    record: { id: container.id, pid, started: startOf(pid) ?? '', ...(root ? { root } : {}) },
    exited,
    signal: (name) => signalGroup(pid, name),
    exec: (words, timeoutMs) => exec(words, place, timeoutMs),
    converse: async (words, asked) => talk(words, place, asked),
  };
}

function begin(command: string, args: readonly string[], { cwd, env }: Place, logFile: string): ChildProcess {
  const log = openSync(logFile, 'a', 0o640);
  try {
    return spawn(command, args, { cwd, env, stdio: ['ignore', log, log], detached: true });
  } finally {
    closeSync(log);
  }
}

/** Where a container's processes run. */
interface Place {
  readonly root: string | undefined;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** PORT, and PORT_… of further ports, are the ports that were chosen; programs of the platform's own Node come first on PATH. */
function environment({ env }: ContainerStart, hostPorts: Sandbox['hostPorts']): [string, string][] {
  const usual: [string, string][] = [
    ['PATH', `${dirname(process.execPath)}:${process.env.PATH ?? '/usr/bin:/bin'}`],
    ['HOME', '/tmp'],
  ];
  const own = env.map(([name, value]): [string, string] => [
    name,
    /^PORT(?:_|$)/.test(name) ? String(hostPorts[Number(value)] ?? value) : value,
  ]);
  return [...usual, ...own];
}

/** A path of the container as it is found on this machine: in its overlay, in its root, or as it is. */
function onThisMachine(path: string, root: string | undefined): string {
  if (!path.startsWith('/') || root === undefined) return path;
  const inside = join(root, path);
  return existsSync(inside) ? inside : path;
}

function exec(words: readonly string[], { root, cwd, env }: Place, timeoutMs: number): Promise<number> {
  const [command = '', ...args] = words.map((word) => onThisMachine(word, root));
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, stdio: 'ignore', timeout: timeoutMs, killSignal: 'SIGKILL' });
    child.once('error', reject);
    child.once('exit', (code, signal) =>
      signal === 'SIGKILL' ? reject(new Error('context deadline exceeded')) : resolve(code ?? 1),
    );
  });
}

/** Without a terminal, whoever asks for one: not every system has a tool to make them. */
function talk(words: readonly string[], { root, cwd, env }: Place, asked: Asked): Conversation {
  return converse(
    words.map((word) => onThisMachine(word, root)),
    { cwd, env },
    asked,
    false,
  );
}

function adopted(record: ContainerRecord, clock: Clock): RunningContainer {
  return {
    pid: record.pid,
    record,
    exited: endOf(record.pid, record.started, clock),
    signal: (name) => signalGroup(record.pid, name),
    exec: async (words, timeoutMs) => exec(words, placeOf(record), timeoutMs),
    converse: async (words, asked) => talk(words, placeOf(record), asked),
  };
}

/** Where a process of an earlier platform runs, as the system tells. Throws where the system does not, or it has ended. */
function placeOf({ pid, root }: ContainerRecord): Place {
  if (process.platform !== 'linux')
    throw new Error('this system does not tell where a container runs that was taken over');
  const pairs = readFileSync(`/proc/${pid}/environ`, 'utf8')
    .split('\0')
    .filter((pair) => pair.includes('='));
  const env = Object.fromEntries(
    pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  );
  return { root, cwd: readlinkSync(`/proc/${pid}/cwd`), env };
}
