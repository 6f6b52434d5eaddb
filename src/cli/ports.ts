// What a command may touch of the world. main fills it; tests fill it with their own.

import type { MachineFacts, PortFact } from '#explain/mod.ts';
import type { Client, EventJournal, PodStreams } from '#objects/mod.ts';

/** Flags of `ebb up`; ports: undefined = the usual one, 0 = any free one. */
export interface UpOptions {
  readonly dataDir: string;
  readonly host: string;
  /** Whether the gateway's plain http may be open to other machines. */
  readonly plainHttp: boolean;
  readonly ports: {
    readonly api: number;
    readonly gateway: number;
    readonly gatewayTls: number;
    readonly console: number;
    readonly registry: number;
  };
  /** Take the next free port where one is busy, instead of failing. */
  readonly nextFreePort: boolean;
  readonly launcher: 'auto' | 'sandbox' | 'process';
  /** Ports by which functions in sandboxes reach the world outside this machine. */
  readonly egress: 'usual' | 'none' | readonly number[];
  /** `file`: only into DIR/logs. */
  readonly logFormat: 'text' | 'json' | 'file';
  /** Who speaks HTTP/1.1 in the gateway: its own engine, or Node's. */
  readonly gatewayEngine: 'own' | 'node';
  /** Holds the keys that secrets are sealed with; undefined: one in the data folder. */
  readonly encryptionKeyFile: string | undefined;
  /** Bytes of the disk that stay free, and bytes that the data folder may take. */
  readonly disk: { readonly floor: number; readonly budget: number | undefined };
}

/** As DIR/endpoints.json has it. */
export interface Endpoints {
  readonly api: string;
  readonly gateway: string;
  readonly gatewayTls: string;
  readonly console: string;
  readonly registry: string;
  readonly example?: string;
}

/** A platform that this process runs. */
export interface RunningPlatform {
  readonly endpoints: Endpoints;
  readonly kubeconfig: string;
  /** Things a person should know: a port that was busy, a launcher that this machine cannot have. */
  readonly notices: readonly string[];
  /** Tells everyone that the platform is ready: writes DIR/endpoints.json. */
  announce(example?: string): Promise<void>;
  /** Drains and stops. */
  stop(): Promise<void>;
  /** Settles when the platform ends by itself. */
  readonly ended: Promise<void>;
}

export type ImageSource =
  | { readonly layout: string }
  | { readonly tar: string }
  | { readonly folder: string }
  | { readonly executable: string }
  | { readonly host: true };

/** How an image starts; what its source does not say. */
export interface ImageStart {
  readonly entrypoint?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly workingDir?: string;
}

/** The image store of a data folder. */
export interface Images {
  /** Where it is made over the machine's own root it runs in `namespace` only; in every one where none is named. */
  add(name: string, source: ImageSource, start?: ImageStart, namespace?: string): Promise<{ digest: string }>;
  list(): Promise<readonly { readonly name: string; readonly digest: string }[]>;
  /** What a name leads to; undefined where there is no such image. */
  digestOf(name: string): Promise<string | undefined>;
  remove(name: string): Promise<boolean>;
}

/** A platform that runs somewhere and answers. */
export interface Connection {
  readonly client: Client;
  readonly streams: PodStreams;
  readonly journal: EventJournal;
  readonly server: string;
}

/** A command line that runs by itself. */
export interface Detached {
  readonly pid: number;
  readonly output: string;
  /** Whether it has ended. */
  hasEnded(): boolean;
}

export interface PlatformStatus {
  readonly dataDir: string;
  readonly version: string;
  readonly node: string;
  /** RFC 3339. */
  readonly since: string;
  readonly launcher: string;
  readonly endpoints: Endpoints;
  readonly disk: {
    readonly free: number;
    readonly floor: number;
    readonly used?: number | undefined;
    readonly budget?: number | undefined;
  };
  readonly processes: readonly {
    readonly name: string;
    readonly pid: number;
    readonly memoryBytes?: number | undefined;
  }[];
}

export interface CliPorts {
  out(text: string): void;
  err(text: string): void;
  /** Whether a person watches standard output: colour and progress only then. */
  readonly isTerminal: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Ctrl-C or a request to end. */
  readonly signal: AbortSignal;
  /** Milliseconds since 1970. */
  now(): number;
  /** Settles after so many milliseconds, or when the signal is given. */
  pause(ms: number): Promise<void>;
  start(options: UpOptions): Promise<RunningPlatform>;
  connect(dataDir: string): Promise<Connection>;
  images(dataDir: string): Promise<Images>;
  /** A consistent copy of a running platform's objects. */
  backup(dataDir: string, file: string): Promise<void>;
  /** `keyFile` holds the keys that the backup's secrets are sealed with, where they are not in the data folder. */
  restore(dataDir: string, file: string, keyFile: string | undefined): Promise<void>;
  /** Seals a stopped platform's secrets with a new key; tells where the key is, and its name. */
  rotateKey(
    dataDir: string,
    keyFile: string | undefined,
    forgetOld: boolean,
  ): Promise<{ readonly file: string; readonly id: string }>;
  /** What there is to know of this machine, a data folder, and ports on an address. */
  machine(dataDir: string, host: string, wanted: readonly Omit<PortFact, 'taken'>[]): Promise<MachineFacts>;
  /** Runs this very command line without --detach in a session of its own; what it prints goes to a file, its log to DIR/logs. */
  detach(dataDir: string): Detached;
  /** What a running platform says of itself; undefined where it does not answer. */
  status(dataDir: string): Promise<PlatformStatus | undefined>;
  /** Which Pods (`NAMESPACE/NAME`) a platform that stops waits for, and until when; undefined while it does not stop. */
  stopping(dataDir: string, holder: number): { readonly pods: readonly string[]; readonly until: number } | undefined;
  /** Has a running platform remove what nothing refers to, or only say what that would be. `all`: also named images. */
  prune(
    dataDir: string,
    options: { readonly all: boolean; readonly dryRun: boolean },
  ): Promise<readonly { readonly what: string; readonly name: string; readonly bytes: number }[]>;
  /** A kubeconfig by which a user comes in with a token. */
  userKubeconfig(
    dataDir: string,
    user: { readonly user: string; readonly token: string; readonly namespace: string },
    server: string | undefined,
  ): string;
  /** The words by which this program is run. */
  readonly program: readonly string[];
  readonly isRoot: boolean;
  /** Runs a program of the system to its end; gives its exit code and all it said. Code 127 where it is not there. */
  execute(program: string, args: readonly string[]): Promise<{ readonly code: number; readonly said: string }>;
  /** Lets a person change a text in their editor; `name` is that of the file which they see. Rejects where there is no terminal. */
  edit(text: string, name: string): Promise<string>;
  /** The process of the platform that holds a data folder; undefined where none does. */
  holder(dataDir: string): number | undefined;
  /** Asks a process to end in order. */
  end(pid: number): void;
}
