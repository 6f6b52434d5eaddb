// Plays the texts of a folder with the real clients against a platform.

import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Platform } from '../harness/platform.ts';
import { ebbCommand, repository } from '../harness/platform.ts';
import type { Outcome } from '../strangers/outcomes.ts';
import { startPebble } from '../strangers/pebble.ts';
import type { Stage } from '../strangers/stage.ts';
import { testImage, tool } from '../strangers/tools.ts';
import type { Step } from './text.ts';
import { linesOf, matches, parseSession } from './text.ts';

const folder = fileURLToPath(new URL('.', import.meta.url));
const STEP_TIMEOUT_MS = 180_000;
/** Steps that take longer have it noted in the log. */
const SLOW_STEP_S = 5;

/** Texts to be played. */
export interface Sessions {
  /** Where they lie, each a file `*.session`. */
  readonly folder: string;
  /** Programs in TypeScript that they may call, by the command's name. */
  readonly commands: Readonly<Record<string, string>>;
  /** Throws where the system lacks what they need besides. */
  readonly prepare?: () => void;
}

/** The sessions, on the strangers' stage. */
export const SESSIONS = sessionsStage({ folder, commands: { hits: join(folder, 'hits.ts') } });

/** Sessions as a stage. */
export function sessionsStage(sessions: Sessions): Stage {
  return {
    async prepare() {
      sessions.prepare?.();
      await prepareTools();
    },
    run: (platform, log, only) => runSessions(sessions, platform, log, only),
  };
}

async function prepareTools(): Promise<void> {
  await tool('kubectl');
  await tool('kn');
  await tool('pebble');
  await tool('pebble-challtestsrv');
  for (const image of ['helloworld', 'pizzaplanetv1', 'pizzaplanetv2']) await testImage(image);
}

/** Every session with its outcome; what differed is in the log and on standard error. */
async function runSessions(
  { folder, commands }: Sessions,
  platform: Platform,
  log: string,
  only?: string,
): Promise<Outcome[]> {
  const work = mkdtempSync(join(tmpdir(), 'ebb-session-'));
  writeFileSync(log, '');
  const files = readdirSync(folder).filter(
    (file) => file.endsWith('.session') && (!only || new RegExp(only).test(file)),
  );
  const texts = new Map(files.sort().map((file) => [file, readFileSync(join(folder, file), 'utf8')]));
  const needsAcme = [...texts.values()].some((text) => text.includes('$ACME_'));
  const acme = needsAcme ? await startAcme(platform, work) : undefined;
  try {
    const env = { ...(await environment(platform, work, commands)), ...acme?.env };
    const outcomes = [...texts].map(([file, text]) => play(file, text, work, env, log));
    // What a certificate failed by, the ACME server knows best.
    if (acme && outcomes.some(({ outcome }) => outcome === 'fail'))
      appendFileSync(log, `\n===== the ACME server's log\n${readFileSync(acme.log, 'utf8')}`);
    return outcomes;
  } finally {
    await acme?.stop();
    rmSync(work, { recursive: true, force: true });
  }
}

/** Certificates that end so soon that a session sees them made anew. */
const ACME_LIFE_SECONDS = 45;

/** An ACME server that fetches challenges at the platform's gateway, and what a session must know of it. */
async function startAcme(
  platform: Platform,
  work: string,
): Promise<{ env: NodeJS.ProcessEnv; log: string; stop(): Promise<void> }> {
  const port = Number(new URL(platform.endpoints.gateway).port);
  const pebble = await startPebble(join(work, 'acme'), port, ACME_LIFE_SECONDS);
  const [ca, root] = [join(work, 'acme/server-ca.pem'), join(work, 'acme/root.pem')];
  writeFileSync(ca, pebble.caPem);
  writeFileSync(root, pebble.rootPem);
  const env = { ACME_DIRECTORY: pebble.directory, ACME_SERVER_CA: ca, ACME_ROOT: root };
  return { env, log: pebble.log, stop: pebble.stop };
}

async function environment(
  platform: Platform,
  work: string,
  commands: Sessions['commands'],
): Promise<NodeJS.ProcessEnv> {
  const bin = join(work, 'bin');
  mkdirSync(bin);
  symlinkSync(await tool('kubectl'), join(bin, 'kubectl'));
  symlinkSync(await tool('kn'), join(bin, 'kn'));
  symlinkSync(ebbCommand, join(bin, 'ebb'));
  for (const [name, program] of Object.entries(commands))
    writeFileSync(join(bin, name), `#!/bin/sh\nexec '${process.execPath}' '${program}' "$@"\n`, { mode: 0o755 });
  return {
    ...process.env,
    PATH: `${bin}:${process.env.PATH ?? ''}`,
    HOME: work,
    KUBECONFIG: platform.kubeconfig,
    EBB_HOME: platform.dataDir,
    GATEWAY: new URL(platform.endpoints.gateway).host,
    GATEWAY_TLS: new URL(platform.endpoints.gatewayTls).host,
    REGISTRY: `localhost:${new URL(platform.endpoints.registry).port}`,
    HELLOWORLD: await testImage('helloworld'),
    PIZZA_V1: await testImage('pizzaplanetv1'),
    PIZZA_V2: await testImage('pizzaplanetv2'),
    REPOSITORY: repository,
    WORK: work,
    TZ: 'UTC',
    NO_COLOR: '1',
  };
}

function play(file: string, text: string, work: string, env: NodeJS.ProcessEnv, log: string): Outcome {
  const started = Date.now();
  const say = (text: string) => appendFileSync(log, `${text}\n`);
  say(`\n===== ${file}`);
  let difference: string | undefined;
  for (const step of parseSession(text)) {
    difference = playStep(step, work, env, say);
    if (!difference) continue;
    say(difference);
    console.error(`${file}:${step.line}: ${difference}`);
    break;
  }
  return {
    test: file.replace(/\.session$/, ''),
    outcome: difference ? 'fail' : 'pass',
    seconds: Math.round((Date.now() - started) / 100) / 10,
    said: difference ?? '',
  };
}

function playStep(step: Step, cwd: string, env: NodeJS.ProcessEnv, say: (text: string) => void): string | undefined {
  say(`$ ${step.command}`);
  const started = Date.now();
  const { stdout, stderr, status, error } = spawnSync('/bin/sh', ['-c', `exec 2>&1\n${step.command}`], {
    cwd,
    env,
    encoding: 'utf8',
    timeout: STEP_TIMEOUT_MS,
  });
  const printed = `${stdout}${stderr}`;
  say(printed);
  const seconds = Math.round((Date.now() - started) / 1000);
  if (seconds >= SLOW_STEP_S) say(`(took ${seconds} s)`);
  if (error) return `$ ${step.command}\n${error.message}`;
  if (status !== step.code)
    return `$ ${step.command}\nended with code ${status}, expected ${step.code}; it printed:\n${printed}`;
  if (!step.output) return undefined;
  if (matches(step.output, linesOf(printed))) return undefined;
  return `$ ${step.command}\nexpected:\n${step.output.join('\n')}\nprinted:\n${printed}`;
}
