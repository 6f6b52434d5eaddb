// For tests: a world in which commands run, without processes, network or platforms.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MachineFacts, PortFact } from '#explain/mod.ts';
import { Namespace } from '#kinds/mod.ts';
import type { Pod } from '#kinds/mod.ts';
import type { Kind, KubeObject } from '#machinery/mod.ts';
import { notFound } from '#machinery/mod.ts';
import type { Client, ListOptions, LogOptions, WatchEvent } from '#objects/mod.ts';
import { FakeJournal } from './events/journal.fixture.ts';
import type { CliPorts, Endpoints, ImageSource, ImageStart, PlatformStatus, UpOptions } from './ports.ts';
import { runCommandLine } from './program.ts';

/** 2030-01-01T00:00:00Z */
export const NOW = Date.UTC(2030, 0, 1);

export const ENDPOINTS: Endpoints = {
  api: 'https://127.0.0.1:6443',
  gateway: 'http://127.0.0.1:8080',
  gatewayTls: 'https://127.0.0.1:8443',
  console: 'http://127.0.0.1:9090',
  registry: 'http://127.0.0.1:5050',
};

const GIB = 2 ** 30;

/** A machine that lacks nothing. */
const MACHINE: MachineFacts = {
  system: { platform: 'linux', release: '6.8', arch: 'x64', root: true },
  cgroups: { version: 2 },
  memory: { totalBytes: 8 * GIB, availableBytes: 6 * GIB },
  openFiles: 65_536,
  inotify: { watches: 65_536, instances: 1024 },
  folder: { path: '/data', freeBytes: 50 * GIB, totalBytes: 100 * GIB, fileSystem: 'ext4', holders: [] },
  ports: [],
  clock: { now: NOW, notBefore: 0 },
  resolvesLocalhost: true,
  languages: { python3: true },
};

/** Objects in memory. A watch tells what `react` makes of each write, then waits for its signal. */
export class FakeClient implements Client {
  readonly objects: KubeObject[] = [];
  readonly writes: { readonly verb: 'create' | 'update'; readonly object: KubeObject }[] = [];
  readonly deleted: string[] = [];
  /** What becomes of an object that is written, step by step. */
  react: (written: KubeObject) => readonly KubeObject[] = () => [];
  #pending: KubeObject[] = [];

  async get<O extends KubeObject>(kind: Kind<O>, namespace: string, name: string): Promise<O | undefined> {
    return this.#of(kind, { namespace }).find(({ metadata }) => metadata.name === name);
  }

  async list<O extends KubeObject>(kind: Kind<O>, options: ListOptions = {}) {
    return { items: this.#of(kind, options), resourceVersion: '1' };
  }

  async create<O extends KubeObject>(_: Kind<O>, object: O): Promise<O> {
    return this.#write('create', object);
  }

  async update<O extends KubeObject>(_: Kind<O>, object: O): Promise<O> {
    return this.#write('update', object);
  }

  async updateStatus<O extends KubeObject>(_: Kind<O>, object: O): Promise<O> {
    return object;
  }

  async patch<O extends KubeObject>(kind: Kind<O>, namespace: string, name: string): Promise<O> {
    const found = await this.get(kind, namespace, name);
    if (!found) throw notFound({ group: kind.group, plural: kind.names.plural }, name);
    return found;
  }

  async delete<O extends KubeObject>(kind: Kind<O>, namespace: string, name: string): Promise<void> {
    this.deleted.push(`${kind.kind} ${namespace}/${name}`);
  }

  async *watch<O extends KubeObject>(
    _kind: Kind<O>,
    _resourceVersion: string,
    _options: ListOptions,
    signal: AbortSignal,
  ): AsyncGenerator<WatchEvent<O>> {
    for (const object of this.#pending.splice(0)) yield { type: 'MODIFIED', object: object as O };
    await new Promise<never>((_, reject) => {
      const end = () => reject(signal.reason as Error);
      if (signal.aborted) end();
      else signal.addEventListener('abort', end, { once: true });
    });
  }

  #of<O extends KubeObject>({ kind, apiVersion }: Kind<O>, { namespace = '', labelSelector }: ListOptions): O[] {
    const [label = '', value] = (labelSelector ?? '').split('=');
    return this.objects.filter(
      (one) =>
        one.kind === kind &&
        one.apiVersion === apiVersion &&
        (namespace === '' || one.metadata.namespace === namespace) &&
        (label === '' || one.metadata.labels?.[label] === value),
    ) as O[];
  }

  #write<O extends KubeObject>(verb: 'create' | 'update', object: O): O {
    this.writes.push({ verb, object });
    const written = { ...object, metadata: { ...object.metadata, generation: 1, resourceVersion: '2' } };
    this.#pending = [...this.react(written)];
    return written;
  }
}

/** A folder of its own, what was printed, and what the platform was asked. */
export class World {
  readonly folder = mkdtempSync(join(tmpdir(), 'ebb-cli-'));
  readonly client = new FakeClient();
  /** In place of the fake one. */
  realClient: Client | undefined;
  readonly images: {
    name: string;
    digest: string;
    source?: ImageSource;
    start?: ImageStart | undefined;
    namespace?: string | undefined;
  }[] = [];
  readonly asked: string[] = [];
  readonly interrupted = new AbortController();
  env: Record<string, string | undefined> = {};
  /** Lines of each Pod. */
  logs: Record<string, string> = {};
  /** Pods that are gone; their lines are those of `NAME gone`. */
  ended: Pod[] = [];
  started: UpOptions | undefined;
  /** Whether what was detached ends at once. */
  detachedEnds = false;
  status: PlatformStatus | undefined;
  /** What a platform that stops waits for. */
  stopping: { pods: string[]; until: number } | undefined;
  prunable: { what: string; name: string; bytes: number }[] = [];
  isRoot = true;
  isTerminal = false;
  /** What every program of the system comes to. */
  executed = { code: 0, said: '' };
  machine = MACHINE;
  /** Ports that somebody else listens on. */
  readonly taken = new Map<number, PortFact['taken']>();
  /** What a person makes of a text. */
  edited: (text: string) => string = (text) => text;
  readonly journal = new FakeJournal();
  /** The process that holds the folder, look by look; the last stays. */
  holders: (number | undefined)[] = [undefined];
  out = '';
  err = '';
  #now = NOW;

  constructor() {
    this.env = { EBB_HOME: this.folder };
    this.client.objects.push(objectOf(Namespace, 'default', { namespace: '' }));
  }

  /** As if a platform ran here. */
  running(endpoints: Partial<Endpoints> = {}): this {
    writeFileSync(join(this.folder, 'endpoints.json'), JSON.stringify({ ...ENDPOINTS, ...endpoints }));
    return this;
  }

  /** Runs one command line; the words are split at spaces. */
  async run(line: string | readonly string[]): Promise<number> {
    const words = typeof line === 'string' ? line.split(' ').filter(Boolean) : line;
    this.out = '';
    this.err = '';
    return runCommandLine(words, '1.2.3', this.#ports());
  }

  discard(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #ports(): CliPorts {
    return {
      out: (text) => (this.out += text),
      err: (text) => (this.err += text),
      isTerminal: this.isTerminal,
      env: this.env,
      signal: this.interrupted.signal,
      now: () => this.#now,
      pause: async (ms) => void (this.#now += ms),
      start: async (options) => this.#start(options),
      connect: async () => ({
        client: this.realClient ?? this.client,
        streams: {
          logs: ({ metadata }, options) => this.#log(metadata.name, options),
          ended: async () => this.ended,
        },
        journal: this.journal,
        server: ENDPOINTS.api,
      }),
      images: async () => ({
        add: async (name, source, start, namespace) => {
          const digest = `sha256:${String(this.images.length + 1).padStart(64, '0')}`;
          this.images.push({ name, digest, source, start, namespace });
          return { digest };
        },
        list: async () => this.images.map(({ name, digest }) => ({ name, digest })),
        digestOf: async (name) => this.images.find((image) => image.name === name)?.digest,
        remove: async (name) => {
          const at = this.images.findIndex((image) => image.name === name);
          return at >= 0 && this.images.splice(at, 1).length === 1;
        },
      }),
      backup: async (dataDir, file) => void this.asked.push(`backup ${dataDir} ${file}`),
      restore: async (dataDir, file) => void this.asked.push(`restore ${dataDir} ${file}`),
      rotateKey: async (dataDir, keyFile, forgetOld) => {
        this.asked.push(`rotate ${dataDir} ${keyFile ?? 'its own'} ${forgetOld}`);
        return { file: 'a file', id: '0123' };
      },
      machine: async (_, __, wanted) => ({
        ...this.machine,
        ports: wanted.map((port) => ({ ...port, taken: this.taken.get(port.port) })),
      }),
      detach: () => {
        this.asked.push('detach');
        return { pid: 99, output: join(this.folder, 'platform.out'), hasEnded: () => this.detachedEnds };
      },
      status: async () => this.status,
      stopping: () => this.stopping,
      prune: async (_, { all, dryRun }) => {
        this.asked.push(`prune${all ? ' all' : ''}${dryRun ? ' dry' : ''}`);
        return this.prunable;
      },
      userKubeconfig: (_, { user, token, namespace }, server) => `${server ?? 'here'} ${user} ${namespace} ${token}\n`,
      program: ['/opt/node', '/opt/ebb/main.js'],
      isRoot: this.isRoot,
      execute: async (program, args) => {
        this.asked.push([program, ...args].join(' '));
        return this.executed;
      },
      edit: async (text, name) => {
        this.asked.push(`edit ${name}`);
        return this.edited(text);
      },
      holder: () => (this.holders.length > 1 ? this.holders.shift() : this.holders[0]),
      end: (pid) => void this.asked.push(`end ${pid}`),
    };
  }

  #start(options: UpOptions) {
    this.started = options;
    return {
      endpoints: ENDPOINTS,
      kubeconfig: join(options.dataDir, 'kubeconfig'),
      notices: ['a notice'],
      announce: async (example?: string) => void this.asked.push(`announce ${example ?? 'nothing'}`),
      stop: async () => void this.asked.push('stop'),
      ended: new Promise<void>(() => {}),
    };
  }

  async *#log(pod: string, { tailLines, previous, ended }: LogOptions): AsyncGenerator<Uint8Array> {
    const lines = (this.logs[previous ? `${pod} before` : ended ? `${pod} gone` : pod] ?? '').split(/(?<=\n)/);
    yield new TextEncoder().encode(lines.slice(tailLines === undefined ? 0 : -tailLines).join(''));
  }
}

interface Parts {
  readonly status?: object;
  readonly spec?: object;
  readonly labels?: Readonly<Record<string, string>>;
  readonly namespace?: string;
}

/** An object with as much in it as a test needs. */
export function objectOf(
  { apiVersion, kind }: Kind,
  name: string,
  { labels, namespace = 'default', ...rest }: Parts = {},
): KubeObject {
  const metadata = { name, namespace, uid: `uid-${name}`, generation: 1, creationTimestamp: '2029-12-31T23:59:00Z' };
  return { apiVersion, kind, metadata: { ...metadata, ...(labels ? { labels } : {}) }, ...rest };
}
