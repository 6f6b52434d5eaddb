import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';

const SERVE = fileURLToPath(new URL('serve.cjs', import.meta.url));

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'ebb-serve-'))));
afterEach(() => rmSync(folder, { recursive: true }));

/** Runs a module that cannot be served to its end. */
async function said(file: string, source: string): Promise<{ code: number; words: string }> {
  writeFileSync(join(folder, file), source);
  const child = spawn(process.execPath, [SERVE], {
    cwd: folder,
    env: { ...process.env, EBB_FUNCTION: file, PORT: '0', NODE_OPTIONS: '' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = new Promise<number>((resolve) => child.once('close', (code) => resolve(code ?? -1)));
  return { words: await text(child.stderr), code: await ended };
}

test.each([
  ['index.js', 'module.exports = () => {\n  return 1 +;\n};\n'],
  ['index.mjs', 'export default () => {\n  return 1 +;\n};\n'],
])('a syntax error in %s is told with its line and text', async (file, source) => {
  const { code, words } = await said(file, source);
  expect(code).toBe(1);
  expect(words).toMatch(new RegExp(`${file}:2\\n +return 1 \\+;\\n +\\^`));
});

test('an error while it loads is told with its stack', async () => {
  const { code, words } = await said('index.js', "\nthrow new Error('no database');\n");
  expect(code).toBe(1);
  expect(words).toMatch(/^Error: no database\n +at .*index\.js:2:7/);
});

test.each([
  ['nothing', ''],
  ['greet (string), port (number)', "exports.greet = 'hello'; exports.port = 8080;"],
  ['a string', "module.exports = 'hello';"],
])('a module that exports %s ends with what was expected', async (what, source) => {
  const { code, words } = await said('index.js', source);
  expect(code).toBe(1);
  expect(words).toContain(`index.js exports ${what}, and no function`);
  expect(words).toContain('module.exports = (request, response) =>');
});

test('a program that listens by itself is let run', async () => {
  const source =
    "const server = require('node:http').createServer().listen(0, () => server.close(() => process.exit(7)));";
  expect(await said('index.js', source)).toEqual({ code: 7, words: '' });
});
