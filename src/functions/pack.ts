// Turns a folder into what an image is made of: runs its build, stages its files, says how to start it.

import { execFile } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { readFileSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { withGoCaches } from './go-caches.ts';
import { planFor } from './plan.ts';
import type { Plan } from './plan.ts';

/** A folder ready to become an image layer at `/workspace`, and its start. `discard` removes the staging copy. */
export interface Packed {
  readonly folder: string;
  readonly plan: Plan;
  discard(): Promise<void>;
}

/** Not copied into images: version control, and what belongs to this machine's tools. */
const LEFT_OUT = new Set(['.git', '.hg', '.svn', '.DS_Store', '__pycache__', '.venv']);

/** Says what is wrong with a folder that cannot be packed. */
export class PackError extends Error {
  override readonly name = 'PackError';
}

/** Packs the folder at `path`. Throws PackError with what was expected where it cannot. */
export async function packFolder(path: string): Promise<Packed> {
  const folder = resolve(path);
  const plan = await planOf(folder);
  const staging = await mkdtemp(join(tmpdir(), 'ebb-pack-'));
  try {
    if (plan.build) await build(folder, staging, plan);
    else await cp(folder, staging, { recursive: true, filter: (source) => !LEFT_OUT.has(basename(source)) });
    if (plan.wrapper) {
      const target = join(staging, plan.wrapper.path);
      await mkdir(dirname(target), { recursive: true });
      await cp(plan.wrapper.file, target);
    }
    // The function may run as another user than the one who deployed it.
    await chmod(staging, 0o755);
  } catch (error) {
    await rm(staging, { recursive: true, force: true });
    throw error;
  }
  return { folder: staging, plan, discard: () => rm(staging, { recursive: true, force: true }) };
}

async function planOf(folder: string): Promise<Plan> {
  const found = await stat(folder).catch(() => undefined);
  if (!found?.isDirectory())
    throw new PackError(`${folder} is not a folder. Give a folder that holds the function, or an image name.`);
  const entries = await readdir(folder, { withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
  const executables: string[] = [];
  for (const name of files) if ((await stat(join(folder, name))).mode & 0o111) executables.push(name);
  const verdict = planFor({ files, executables, text: (name) => textOf(join(folder, name)) });
  if ('problem' in verdict) throw new PackError(`Cannot tell how to run ${folder}. ${verdict.problem}`);
  return verdict.plan;
}

function textOf(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

async function build(folder: string, staging: string, plan: Plan): Promise<void> {
  const [command = '', ...args] = plan.build?.command ?? [];
  const output = join(staging, plan.build?.output ?? '');
  try {
    await withGoCaches(process.env, async (caches) => {
      const env = { ...process.env, ...caches, CGO_ENABLED: '0' };
      await promisify(execFile)(command, [...args, output, '.'], { cwd: folder, env });
    });
  } catch (error) {
    const { code, stderr } = error as { code?: string; stderr?: string };
    if (code === 'ENOENT')
      throw new PackError(
        `This is ${plan.what}, but '${command}' is not on PATH. Install it, or deploy the built executable.`,
        { cause: error },
      );
    throw new PackError(`'${command} ${args.join(' ')}' failed:\n${stderr ?? String(error)}`, { cause: error });
  }
}
