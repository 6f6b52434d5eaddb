// What a machine lacks for Ebb: from facts about it to verdicts, each with what it switches off and the next step. Pure.

/** What was found out about a machine and a data folder. Absent: it could not be told. */
export interface MachineFacts {
  readonly system: {
    readonly platform: string;
    readonly release: string;
    readonly arch: string;
    readonly root: boolean;
  };
  /** Why Pods cannot be isolated here, in one sentence. */
  readonly sandboxProblem?: string | undefined;
  /** What keeps limits, and which are not kept. */
  readonly cgroups: {
    readonly version: 1 | 2 | 'none';
    readonly lack?: { readonly lost: string; readonly why: string; readonly next: string } | undefined;
  };
  readonly memory: { readonly totalBytes: number; readonly availableBytes: number };
  /** Files that one process may hold open. */
  readonly openFiles?: number | undefined;
  readonly inotify?: { readonly watches: number; readonly instances: number } | undefined;
  readonly folder: {
    readonly path: string;
    /** Why it cannot be written, as the system says it. */
    readonly problem?: string | undefined;
    readonly freeBytes?: number | undefined;
    readonly totalBytes?: number | undefined;
    readonly freeInodes?: number | undefined;
    /** As the kernel names it: `ext4`, `nfs`. */
    readonly fileSystem?: string | undefined;
    /** The processes of the platform that runs on it. */
    readonly holders: readonly number[];
  };
  readonly ports: readonly PortFact[];
  /** Milliseconds since 1970: the clock's time, and the newest file of this program, than which it cannot be earlier. */
  readonly clock: { readonly now: number; readonly notBefore: number };
  /** Whether `NAME.localhost` is an address of this machine. */
  readonly resolvesLocalhost: boolean;
  /** Names of programs that run functions, such as `python3`, and whether they are here. */
  readonly languages: Readonly<Record<string, boolean>>;
}

export interface PortFact {
  /** For messages: `gateway`. */
  readonly what: string;
  /** The flag that chooses another. */
  readonly flag: string;
  readonly port: number;
  /** Absent where it is free. */
  readonly taken?: { readonly by?: string; readonly pid?: number } | undefined;
}

/** `failed`: `ebb up` will not do. `limited`: something is switched off. */
export type State = 'ok' | 'limited' | 'failed';

export interface Verdict {
  readonly check: string;
  readonly state: State;
  /** What was met. */
  readonly found: string;
  /** What that switches off; absent where all is well. */
  readonly means?: string;
  /** What to do about it. */
  readonly next?: string;
}

type Check = (facts: MachineFacts) => Verdict;

const GIB = 2 ** 30;
/** Less is too little for the platform itself and one function. */
const LEAST_MEMORY = 0.5 * GIB;
const GOOD_MEMORY = GIB;
/** The floor below which the platform refuses writes lies lower; this is to be told in time. */
const LEAST_DISK = 0.25 * GIB;
const GOOD_DISK = 2 * GIB;
const LEAST_FILES = 1024;
/** Two for each connection that is passed on. */
const GOOD_FILES = 16_384;
const GOOD_WATCHES = 8192;
const GOOD_INSTANCES = 128;
const NETWORK_FILE_SYSTEMS = new Set(['nfs', 'nfs4', 'cifs', 'smb3', '9p', 'fuse.sshfs']);

/** Every check, in the order of a start. */
export function examine(facts: MachineFacts): readonly Verdict[] {
  return [
    ...CHECKS.map((check) => check(facts)),
    ...facts.ports.map((port) => portVerdict(port, facts.folder.holders)),
  ];
}

/** The worst of them. */
export function worstOf(verdicts: readonly Verdict[]): State {
  const states = new Set(verdicts.map(({ state }) => state));
  return states.has('failed') ? 'failed' : states.has('limited') ? 'limited' : 'ok';
}

const CHECKS: readonly Check[] = [
  ({ system: { platform, release, arch } }) => {
    const found = `${platform} ${release} on ${arch}`;
    if (platform === 'linux' && (arch === 'x64' || arch === 'arm64')) return ok('system', found);
    if (platform === 'darwin')
      return limited('system', found, 'Pods run as plain processes, without isolation', 'use Linux for isolation');
    return failed('system', found, 'Ebb is made for Linux and macOS on x64 and arm64', 'use one of these');
  },
  ({ sandboxProblem, system }) => {
    if (sandboxProblem === undefined) return ok('isolation', 'namespaces, overlay and networks can be made');
    const next = system.root ? 'mend that, or go on with --launcher process' : "run 'ebb up' as root, or go on without";
    const means =
      'Pods run as plain processes: no own file system, network or limits; a fixed port serves one Pod at a time';
    return limited('isolation', sandboxProblem, means, next);
  },
  ({ cgroups: { version, lack } }) =>
    lack
      ? limited('limits', lack.why, `limits of ${lack.lost} are not kept`, lack.next)
      : ok('limits', `control groups v${version}`),
  ({ memory: { totalBytes, availableBytes } }) => {
    const found = `${gib(availableBytes)} of ${gib(totalBytes)} available`;
    if (availableBytes < LEAST_MEMORY)
      return failed(
        'memory',
        found,
        'the platform and one function need about 0.5 GiB',
        'end other programs, or add memory',
      );
    if (availableBytes < GOOD_MEMORY)
      return limited('memory', found, 'few instances fit at a time', 'set memory limits and maxScale, or add memory');
    return ok('memory', found);
  },
  ({ folder: { path, problem, fileSystem } }) => {
    if (problem !== undefined)
      return failed(
        'data folder',
        `${path}: ${problem}`,
        'the platform cannot keep its state',
        'name another with --data',
      );
    if (fileSystem && NETWORK_FILE_SYSTEMS.has(fileSystem))
      return failed(
        'data folder',
        `${path} is on ${fileSystem}`,
        'locks and syncs of a network file system are not to be relied on, and the store needs both',
        'name a folder on a disk of this machine with --data',
      );
    return ok('data folder', fileSystem ? `${path} (${fileSystem})` : path);
  },
  ({ folder: { freeBytes, totalBytes = 0, freeInodes } }) => {
    if (freeBytes === undefined) return ok('disk', 'cannot be told here');
    const found = `${gib(freeBytes)} of ${gib(totalBytes)} free`;
    const next = "make room: 'ebb prune --dry-run' tells what Ebb itself can give back";
    if (freeInodes !== undefined && freeInodes < 1000 && totalBytes > 0 && freeInodes > 0)
      return failed('disk', `only ${freeInodes} files more fit`, 'writes will be refused', next);
    if (freeBytes < LEAST_DISK) return failed('disk', found, 'writes will be refused', next);
    if (freeBytes < GOOD_DISK) return limited('disk', found, 'few images fit', next);
    return ok('disk', found);
  },
  ({ openFiles }) => {
    if (openFiles === undefined) return ok('open files', 'cannot be told here');
    const found = `${openFiles} for each process`;
    const next = 'raise it: ulimit -n 65536, or LimitNOFILE= in a unit';
    if (openFiles < LEAST_FILES) return failed('open files', found, 'the gateway serves only a few connections', next);
    if (openFiles < GOOD_FILES)
      return limited(
        'open files',
        found,
        `the gateway passes about ${Math.floor(openFiles / 2)} connections at a time`,
        next,
      );
    return ok('open files', found);
  },
  ({ inotify }) => {
    if (!inotify) return ok('inotify', 'cannot be told here');
    const found = `${inotify.watches} watches, ${inotify.instances} instances`;
    if (inotify.watches >= GOOD_WATCHES && inotify.instances >= GOOD_INSTANCES) return ok('inotify', found);
    return limited(
      'inotify',
      found,
      'with many Pods, log lines carry the time of the last look',
      `sysctl fs.inotify.max_user_watches=${GOOD_WATCHES * 8} fs.inotify.max_user_instances=${GOOD_INSTANCES * 8}`,
    );
  },
  ({ clock: { now, notBefore } }) => {
    const found = new Date(now).toISOString();
    if (now >= notBefore) return ok('clock', found);
    const means =
      'certificates are made for times that other machines refuse, and those that are there are not valid yet';
    return failed(
      'clock',
      `${found}, which is before this Ebb was made`,
      means,
      'set the clock, as by timedatectl set-ntp true',
    );
  },
  ({ resolvesLocalhost }) =>
    resolvesLocalhost
      ? ok('names', '*.localhost is this machine')
      : limited(
          'names',
          '*.localhost is not resolved here',
          'URLs of services work in browsers and curl, but not in every program',
          "name the host yourself: curl -H 'Host: NAME.NAMESPACE.localhost' …, or install nss-myhostname",
        ),
  ({ languages }) => {
    const missing = Object.keys(languages).filter((name) => !languages[name]);
    if (missing.length === 0) return ok('languages', Object.keys(languages).join(', '));
    const means = `functions in need of ${missing.join(', ')} cannot be deployed from a folder`;
    return limited(
      'languages',
      `not here: ${missing.join(', ')}`,
      means,
      'install it where you need it; images bring their own',
    );
  },
];

function portVerdict({ what, flag, port, taken }: PortFact, holders: readonly number[]): Verdict {
  const check = `port ${port}`;
  if (!taken) return ok(check, `free for the ${what}`);
  if (taken.pid !== undefined && holders.includes(taken.pid)) return ok(check, `the ${what} of the platform that runs`);
  const by = taken.by ? ` by ${taken.by}${taken.pid === undefined ? '' : ` (process ${taken.pid})`}` : '';
  const next = `${flag} PORT (0: any free one), or --next-free-port`;
  return failed(check, `taken${by}`, `the ${what} cannot listen there`, next);
}

const ok = (check: string, found: string): Verdict => ({ check, state: 'ok', found });
const limited = (check: string, found: string, means: string, next: string): Verdict => ({
  check,
  state: 'limited',
  found,
  means,
  next,
});
const failed = (check: string, found: string, means: string, next: string): Verdict => ({
  check,
  state: 'failed',
  found,
  means,
  next,
});

function gib(bytes: number): string {
  return `${(bytes / GIB).toFixed(1)} GiB`;
}
