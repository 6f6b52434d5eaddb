// Bundles the platform into dist/, so that it starts in a moment. Run by `npm start` and `npm run build`.

import { cp, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'esbuild';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Bundles apart, for code that is split within one is shared by file: the process that serves requests would load what only the
 * control process needs. The first has the command itself and the worker that owns the database. The process that evaluates
 * expressions has a folder of its own, for that is all that it may read.
 */
const BUNDLES: readonly Record<string, string>[] = [
  { main: 'src/main.ts', 'database-worker': 'src/storage/database-worker.ts' },
  { data: 'src/main/data.ts' },
  { 'transform/jsonata-process': 'src/sinks/transform/jsonata-process.ts' },
];

const besideMain: Plugin = {
  name: 'the data process is a bundle of its own',
  setup({ onResolve }) {
    onResolve({ filter: /^\.\/main\/data\.ts$/ }, () => ({ path: './data.js', external: true }));
  },
};

await rm(`${root}dist`, { recursive: true, force: true });
for (const entryPoints of BUNDLES)
  await build({
    absWorkingDir: root,
    entryPoints,
    outdir: 'dist',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    sourcemap: true,
    sourcesContent: false,
    // A source stays in memory, its comments with it, and twice as large for one character beyond Latin-1.
    minifyWhitespace: true,
    lineLimit: 160,
    logLevel: 'warning',
    plugins: [besideMain],
    // Some dependencies are CommonJS and call require for Node's own modules.
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
  });

/** Files that go into functions' images as they are; looked for beside the bundle. */
for (const file of ['node/serve.cjs', 'python/serve.py'])
  await cp(`${root}src/runtimes/${file}`, `${root}dist/${file}`);
