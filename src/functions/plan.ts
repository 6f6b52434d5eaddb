// How to run a folder: decided from what is in it, without running anything.

import { nodeWrapper, pythonWrapper } from '#runtimes/mod.ts';
import type { RuntimeWrapper } from '#runtimes/mod.ts';

/** What is known of a folder. */
export interface FolderFacts {
  /** Names in the folder itself; those that may be executed are in `executables` too. */
  readonly files: readonly string[];
  readonly executables: readonly string[];
  /** The text of a file, for the few that decide: package.json, Procfile, the entry files. */
  text(name: string): string | undefined;
}

/** How to build and run it. */
export interface Plan {
  /** In words, for the person who deploys. */
  readonly what: string;
  readonly entrypoint: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** A wrapper that goes along. */
  readonly wrapper?: RuntimeWrapper;
  /** A command to run in the folder first; `output` is the one file that is then the image. */
  readonly build?: { readonly command: readonly string[]; readonly output: string };
}

export type Verdict = { readonly plan: Plan } | { readonly problem: string };

const NODE_ENTRIES = ['index', 'func', 'function', 'handler', 'server', 'app', 'main'];
const NODE_EXTENSIONS = ['js', 'mjs', 'cjs', 'ts', 'mts', 'cts'];
const PYTHON_ENTRIES = ['func.py', 'function.py', 'handler.py', 'main.py', 'app.py'];
const EXECUTABLES = ['bootstrap', 'run', 'server', 'func', 'app'];

/** Tries, in this order: Procfile, package.json, a Node entry file, a Python one, Go, an executable. */
export function planFor(folder: FolderFacts): Verdict {
  return (
    procfile(folder) ??
    packageJson(folder) ??
    nodeEntry(folder) ??
    pythonEntry(folder) ??
    goModule(folder) ??
    executable(folder) ??
    unknown()
  );
}

function procfile(folder: FolderFacts): Verdict | undefined {
  if (!folder.files.includes('Procfile')) return undefined;
  const line = /^web:\s*(.+)$/m.exec(folder.text('Procfile') ?? '');
  if (!line)
    return { problem: "The Procfile has no line that begins with 'web:', which is the process that answers requests." };
  return { plan: { what: `the web process of its Procfile (${line[1]})`, entrypoint: shell(line[1] ?? ''), env: {} } };
}

function packageJson(folder: FolderFacts): Verdict | undefined {
  if (!folder.files.includes('package.json')) return undefined;
  const manifest = parse(folder.text('package.json') ?? '');
  if (!manifest) return { problem: 'package.json is not valid JSON.' };
  if (manifest.scripts?.start) {
    return {
      plan: {
        what: `Node.js (npm start: ${manifest.scripts.start})`,
        entrypoint: shell(manifest.scripts.start),
        env: {},
      },
    };
  }
  return manifest.main && folder.text(manifest.main) !== undefined ? nodeFunction(manifest.main) : undefined;
}

interface Manifest {
  main?: string;
  scripts?: { start?: string };
}

function parse(text: string): Manifest | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function nodeEntry(folder: FolderFacts): Verdict | undefined {
  const names = NODE_ENTRIES.flatMap((stem) => NODE_EXTENSIONS.map((extension) => `${stem}.${extension}`));
  const entry = names.find((name) => folder.files.includes(name));
  return entry ? nodeFunction(entry) : undefined;
}

function nodeFunction(entry: string): Verdict {
  const what = /\.[mc]?ts$/.test(entry) ? `a TypeScript function (${entry})` : `a Node.js function (${entry})`;
  return { plan: wrapped(what, entry, nodeWrapper) };
}

function pythonEntry(folder: FolderFacts): Verdict | undefined {
  const entry = PYTHON_ENTRIES.find((name) => folder.files.includes(name));
  if (!entry) return undefined;
  const text = folder.text(entry) ?? '';
  const isFunction =
    /^(async\s+)?def\s+(handle|main)\s*\(|^(app|application)\s*=/m.test(text) &&
    !/__name__\s*==\s*['"]__main__['"]/.test(text);
  if (isFunction) return { plan: wrapped(`a Python function (${entry})`, entry, pythonWrapper) };
  return { plan: { what: `a Python program (${entry})`, entrypoint: ['python3', '-u', entry], env: {} } };
}

function wrapped(what: string, entry: string, wrapper: RuntimeWrapper): Plan {
  return { what, entrypoint: [wrapper.command, wrapper.path], env: { EBB_FUNCTION: entry }, wrapper };
}

function goModule(folder: FolderFacts): Verdict | undefined {
  const sources = folder.files.filter((name) => name.endsWith('.go') && !name.endsWith('_test.go'));
  if (sources.length === 0) return undefined;
  if (!folder.files.includes('go.mod'))
    return { problem: "There are Go files but no go.mod. Run 'go mod init NAME' in the folder first." };
  if (!sources.some((name) => /^package main$/m.test(folder.text(name) ?? ''))) {
    return { problem: 'The Go files are not of package main, so there is no program to run.' };
  }
  const build = { command: ['go', 'build', '-trimpath', '-o'], output: 'function' };
  return { plan: { what: 'a Go program', entrypoint: ['./function'], env: {}, build } };
}

function executable(folder: FolderFacts): Verdict | undefined {
  const only = folder.executables.length === 1 ? folder.executables[0] : undefined;
  const found = EXECUTABLES.find((name) => folder.executables.includes(name)) ?? only;
  return found ? { plan: { what: `the executable ${found}`, entrypoint: [`./${found}`], env: {} } } : undefined;
}

function unknown(): Verdict {
  return {
    problem:
      'Nothing here says how to run it. Expected one of: a Procfile with a web process, package.json with a start script or main, ' +
      'index.js or index.ts, main.py or app.py, go.mod with package main, or one executable file.',
  };
}

/** `exec` so that the program itself gets the signals. */
function shell(command: string): string[] {
  return ['/bin/sh', '-c', `PATH="$PWD/node_modules/.bin:$PATH"; ${/[;&|]/.test(command) ? '' : 'exec '}${command}`];
}
