// Runs `npm start` as a newcomer would, asks the example function, stops it with Ctrl-C. Ends with code 1 where anything differs.
// `--variant NAME` does so in a fresh copy of the repository, as a newcomer whose account is in some way unusual.

import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { get } from './get.ts';
import type { Endpoints } from './platform.ts';
import { repository, until } from './platform.ts';

/** What a run begins from. */
interface Setting {
  /** Where npm is run. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whose process it is; this one's own user unless told. */
  readonly uid?: number;
  /** The platform's folder; undefined where it chooses by itself. */
  readonly dataDir?: string;
}

/** Any user that owns nothing here. */
const STRANGER = 23_456;
const READY_MS = 300_000;
const STOP_MS = 60_000;

/** `scratch` is a folder that everyone may enter and that is removed at the end. */
const VARIANTS: Readonly<Record<string, (scratch: string) => Setting>> = {
  'in-place': (scratch) => ({ folder: repository, env: {}, dataDir: join(scratch, 'data') }),
  fresh: (scratch) => ({ folder: copy(scratch), env: {}, dataDir: join(scratch, 'data') }),
  'home-unset': (scratch) => ({ folder: copy(scratch), env: { HOME: undefined }, dataDir: join(scratch, 'data') }),
  'home-read-only': (scratch) => ({ folder: copy(scratch), env: { HOME: unwritable(scratch), TMPDIR: scratch } }),
  'other-user': (scratch) => otherUser(scratch, scratch),
  'other-user-without-home': (scratch) => otherUser(scratch, '/nonexistent'),
};

const { values } = parseArgs({ options: { variant: { type: 'string', default: 'in-place' } } });
const variant = VARIANTS[values.variant];
if (!variant) {
  console.error(
    `--variant must be one of ${Object.keys(VARIANTS).join(', ')}, but is ${JSON.stringify(values.variant)}`,
  );
  process.exit(2);
}
const scratch = mkdtempSync(join(tmpdir(), 'ebb-start-'));
try {
  await run(variant(scratch));
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

async function run({ folder, env, uid, dataDir }: Setting): Promise<void> {
  const began = performance.now();
  const child = spawn('npm', ['start'], {
    cwd: folder,
    env: { ...process.env, EBB_HOME: dataDir, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  let printed = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
    process.stdout.write(text);
  });
  let ended = false;
  child.once('exit', () => (ended = true));
  try {
    const file = await endpointsFile();
    const { example, gateway } = JSON.parse(readFileSync(file, 'utf8')) as Endpoints;
    if (!example) throw new Error('npm start is ready without the example');
    const answer = await get(new URL(gateway), new URL(example).host);
    if (!answer.startsWith('200 Hello, world!')) throw new Error(`the example answered ${JSON.stringify(answer)}`);
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    console.log(`npm start (${values.variant}): the example answers after ${seconds} s: ${answer.trim()}`);
    process.kill(-(child.pid ?? 0), 'SIGINT');
    await until(
      () => ended,
      STOP_MS,
      () => 'npm start did not stop within a minute of Ctrl-C',
    );
    if (existsSync(file)) throw new Error('endpoints.json is still there after the stop');
  } finally {
    if (!ended) await end();
  }

  /** Ctrl-C once more, and then without mercy. */
  async function end(): Promise<void> {
    process.kill(-(child.pid ?? 0), 'SIGINT');
    await until(
      () => ended,
      STOP_MS,
      () => '',
    ).catch(() => process.kill(-(child.pid ?? 0), 'SIGKILL'));
  }

  /** Beside the kubeconfig that it prints when it is ready. */
  async function endpointsFile(): Promise<string> {
    let found: string | undefined;
    await until(
      () => (found = /^\s*kubeconfig\s+(\/.+)\/kubeconfig$/m.exec(printed)?.[1]) !== undefined,
      READY_MS,
      () => 'npm start did not become ready',
      () => ended,
    );
    return join(found ?? '', 'endpoints.json');
  }
}

/** Root may write everywhere but where the system itself refuses. */
function unwritable(scratch: string): string {
  if (process.getuid?.() === 0 && process.platform === 'linux') return '/sys';
  const home = join(scratch, 'home');
  mkdirSync(home, { mode: 0o555 });
  return home;
}

function otherUser(scratch: string, home: string): Setting {
  if (process.getuid?.() !== 0) throw new Error('the variant other-user can be run by root only');
  const folder = copy(scratch);
  execFileSync('chown', ['-R', `${STRANGER}:${STRANGER}`, scratch]);
  return { folder, env: { HOME: home, TMPDIR: scratch, USER: 'stranger', LOGNAME: 'stranger' }, uid: STRANGER };
}

/** The files of the repository as they are now, without what was installed or built. */
function copy(scratch: string): string {
  const folder = join(scratch, 'ebb');
  const list = ['-C', repository, 'ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const files = execFileSync('git', list, { maxBuffer: 1 << 26 });
  const there = files
    .toString()
    .split('\0')
    .filter((file) => file !== '' && existsSync(join(repository, file)));
  mkdirSync(folder);
  chmodSync(scratch, 0o755);
  const archive = execFileSync('tar', ['-C', repository, '--null', '-T', '-', '-cf', '-'], {
    input: there.join('\0'),
    maxBuffer: 1 << 28,
  });
  execFileSync('tar', ['-C', folder, '-xf', '-'], { input: archive });
  return folder;
}
