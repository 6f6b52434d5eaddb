// The port by which containers are run. Homes: a plain child process (launcher-process.ts), Linux namespaces.

import type { Readable, Writable } from 'node:stream';
import type { PodSpec } from '#kinds/mod.ts';
import type { Address } from './probe-verdict.ts';

/** One thing to mount into a container. */
export interface Mount {
  /** On this machine. */
  readonly source: string;
  /** In the container, absolute. */
  readonly target: string;
  readonly readOnly: boolean;
}

export interface ContainerUser {
  readonly uid: number;
  readonly gid: number;
  /** Supplementary groups. */
  readonly groups?: readonly number[];
}

/** What a container may do beyond what any program may. */
export interface ContainerRights {
  /** Of root, by their names without `CAP_`, in lower case. */
  readonly capabilities: readonly string[];
  /** Programs that would change the user, or have capabilities of their own, give none. */
  readonly noNewPrivileges: boolean;
  /** Which system calls are refused: those that container engines refuse, or none. */
  readonly seccomp: 'RuntimeDefault' | 'Unconfined';
}

/** Everything that is needed to run one container. */
export interface ContainerStart {
  /** Unique among containers that run: `POD-UID/NAME/RESTARTS`. */
  readonly id: string;
  readonly podUid: string;
  readonly podName: string;
  readonly command: readonly string[];
  /** In order; a later name replaces an earlier one. */
  readonly env: readonly (readonly [string, string])[];
  /** In the container, absolute. */
  readonly workingDir: string;
  /** The image's unpacked root, or `host`. */
  readonly rootfs: string | 'host';
  /** For `host` roots: a folder whose content lies over it. */
  readonly overlay?: string | undefined;
  readonly mounts: readonly Mount[];
  readonly user?: ContainerUser | undefined;
  /** The usual ones where absent; only a launcher that isolates can keep to them. */
  readonly rights?: ContainerRights | undefined;
  readonly readOnlyRoot: boolean;
  /** Bytes; undefined for no limit. */
  readonly memoryLimit?: number | undefined;
  /** Cores; undefined for no limit. */
  readonly cpuLimit?: number | undefined;
  readonly cpuRequest?: number | undefined;
  /** Where the container writes its last words; a file of this machine, which is there unless the launcher has none. */
  readonly terminationMessageFile: string;
  /** Where that file is seen in the container. */
  readonly terminationMessagePath: string;
  /** The file that its output is appended to, in the form of the container runtime interface. */
  readonly logFile: string;
}

export interface Exit {
  /** 128 and the signal's number where a signal ended it. */
  readonly code: number;
  readonly signal?: string;
  readonly oomKilled: boolean;
  /** Nobody saw how it ended: it was taken over from an earlier platform. */
  readonly isUnknown?: boolean;
}

/** A container that runs. */
export interface RunningContainer {
  readonly pid: number;
  /** For taking it over after a restart of the platform. */
  readonly record: ContainerRecord;
  readonly exited: Promise<Exit>;
  signal(name: 'SIGTERM' | 'SIGKILL'): void;
  /** Runs a command beside it; resolves with its exit code. Rejects where it takes longer than `timeoutMs`. */
  exec(command: readonly string[], timeoutMs: number): Promise<number>;
  /** Starts a command beside it and hands over its streams. Absent where the launcher cannot. */
  converse?(
    command: readonly string[],
    asked: { readonly stdin: boolean; readonly tty: boolean },
  ): Promise<Conversation>;
  /** What it and all it started have used; undefined where that cannot be told. */
  usage?(): ContainerUsage | undefined;
  /** The folder of this machine with what it writes into its root; absent where that is in memory. */
  readonly writes?: string;
}

export interface ContainerUsage {
  /** Time of processors since it began. */
  readonly cpuSeconds: number;
  /** Memory that it holds now, without what the system could take back at once. */
  readonly memoryBytes: number;
}

/** A command beside a container, spoken to while it runs. */
export interface Conversation {
  /** Where it was asked for. */
  readonly stdin?: Writable | undefined;
  readonly stdout: Readable;
  /** A terminal has one output. */
  readonly stderr?: Readable | undefined;
  /** Its exit code; a signal counts as 128 and its number. */
  readonly exited: Promise<number>;
  /** Of its terminal, where it has one. */
  resize(columns: number, rows: number): void;
  /** Ends it, whatever it is doing. */
  kill(): unknown;
}

/** What is noted on disk of a container that runs. */
export interface ContainerRecord {
  readonly id: string;
  readonly pid: number;
  /** The process's start as the system counts it. */
  readonly started: string;
  /** Where a plain process's absolute paths are looked up first, if anywhere. */
  readonly root?: string | undefined;
}

/** A Pod's place in the network, made before its first container. */
export interface Sandbox {
  readonly podUid: string;
  readonly address: string;
  /** Where container ports are really reached on this machine, if not at `address` under their own number. */
  readonly hostPorts: Readonly<Record<number, number>>;
}

export interface SandboxRequest {
  readonly podUid: string;
  readonly podName: string;
  /** Whose names it finds without their ending. */
  readonly namespace: string;
  readonly containerPorts: readonly number[];
  /** For /etc/hostname and /etc/hosts. */
  readonly hostname: string;
  readonly subdomain?: string | undefined;
  readonly hostAliases?: PodSpec['hostAliases'];
  /** For /etc/resolv.conf. */
  readonly dnsPolicy?: string | undefined;
  readonly dnsConfig?: PodSpec['dnsConfig'];
}

/** What this machine gives or lacks, in words. */
export interface Launcher {
  readonly name: 'process' | 'sandbox';
  /** Whether containers are kept to files and a network of their own; else they are plain processes of this machine. */
  readonly isIsolated: boolean;
  /** What is not isolated, or not to be had here; told once at start. */
  readonly notices: readonly string[];
  /** Whether programs see what is mounted at a path of theirs; everything is seen unless told. */
  isSeen?(target: string): boolean;
  /** Programs find no file for their last words, so that none need be made for them. */
  readonly hasNoMessageFiles?: boolean;
  /** Makes a Pod's place. */
  prepare(request: SandboxRequest): Promise<Sandbox>;
  start(sandbox: Sandbox, container: ContainerStart): Promise<RunningContainer>;
  /** A container of an earlier run that still runs; undefined where it has ended. */
  adopt(sandbox: Sandbox, record: ContainerRecord): Promise<RunningContainer | undefined>;
  /**
   * Whether a program listens at an address of a Pod, as the system said a moment ago at most. The program hears nothing of
   * that. Undefined, or absent, where only a connection tells.
   */
  isListening?(address: Address): boolean | undefined;
  /** Tells from now on where container ports are reached after all, where that is found out only later. */
  onMoved?(listen: (podUid: string, hostPorts: Sandbox['hostPorts']) => void): void;
  /**
   * A folder in memory for a Pod's volume, the same when it is asked for again; it goes with the Pod's place. Absent where
   * the launcher has none to give: then such volumes lie on disk.
   */
  folderInMemory?(podUid: string, name: string, bytes: number | undefined): Promise<string>;
  /** Takes a Pod's place away again; its containers have ended. */
  discard(sandbox: Sandbox): Promise<void>;
}
