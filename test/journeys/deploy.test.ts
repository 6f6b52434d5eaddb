// `ebb deploy` for each kind of folder it knows, from source to an answer; and for code that cannot run.

import { execFile, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { get } from '../harness/get.ts';
import type { Platform } from '../harness/platform.ts';
import { ebbCommand, startPlatform } from '../harness/platform.ts';

const PYTHON_SERVER = `
import os
from http.server import BaseHTTPRequestHandler, HTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"python program")

HTTPServer(("", int(os.environ["PORT"])), Handler).serve_forever()
`;

const GO = `package main

import (
	"fmt"
	"net/http"
	"os"
)

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "go") })
	if err := http.ListenAndServe(":"+os.Getenv("PORT"), nil); err != nil {
		panic(err)
	}
}
`;

const NODE_SERVER = (answer: string) =>
  `require('node:http').createServer((_, response) => response.end('${answer}')).listen(process.env.PORT)`;

interface Sample {
  readonly name: string;
  readonly files: Readonly<Record<string, string>>;
  readonly executable?: string;
  readonly answer: string;
  /** A program without which it cannot be tried. */
  readonly needs?: string;
}

const SAMPLES: readonly Sample[] = [
  { name: 'node', files: { 'index.js': "module.exports = () => 'node'" }, answer: 'node' },
  { name: 'node-module', files: { 'index.mjs': "export default () => ({ a: 'module' })" }, answer: '{"a":"module"}' },
  { name: 'fetch', files: { 'index.mjs': 'export const fetch = (r) => new Response(r.method)' }, answer: 'GET' },
  {
    name: 'typescript',
    files: { 'index.ts': "export const handle = (): string => 'typescript' as string" },
    answer: 'typescript',
  },
  {
    name: 'start-script',
    files: { 'package.json': '{"scripts":{"start":"node app.js"}}', 'app.js': NODE_SERVER('script') },
    answer: 'script',
  },
  {
    name: 'python',
    files: { 'main.py': "def handle(request):\n    return 'python'\n" },
    answer: 'python',
    needs: 'python3',
  },
  { name: 'python-program', files: { 'app.py': PYTHON_SERVER }, answer: 'python program', needs: 'python3' },
  {
    name: 'procfile',
    files: { Procfile: 'web: node web.js\n', 'web.js': NODE_SERVER('procfile') },
    answer: 'procfile',
  },
  {
    name: 'executable',
    files: { run: `#!/usr/bin/env node\n${NODE_SERVER('executable')}\n` },
    executable: 'run',
    answer: 'executable',
  },
  { name: 'go', files: { 'go.mod': 'module example/go\n\ngo 1.21\n', 'main.go': GO }, answer: 'go', needs: 'go' },
];

let platform: Platform;
let folder = '';

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ebb-deploy-'));
  platform = await startPlatform({ args: ['--no-example', '--launcher', 'process'] });
}, 60_000);

afterAll(async () => {
  await platform.discard();
  rmSync(folder, { recursive: true, force: true });
});

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function ebb(...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(ebbCommand, [...args, '--data', platform.dataDir], (error, out, err) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, out, err });
    });
  });
}

function write({ name, files, executable }: Pick<Sample, 'name' | 'files' | 'executable'>): string {
  const source = join(folder, name);
  mkdirSync(source);
  for (const [file, text] of Object.entries(files)) writeFileSync(join(source, file), text);
  if (executable) chmodSync(join(source, executable), 0o755);
  return source;
}

const answerOf = (name: string) => get(new URL(platform.endpoints.gateway), `${name}.default.localhost`);

for (const sample of SAMPLES) {
  const { name, needs, answer } = sample;
  const isHere =
    needs === undefined || spawnSync(needs, [needs === 'go' ? 'version' : '--version']).error === undefined;
  if (!isHere) console.log(`skipped: deploy of ${name}, for ${needs} is not on PATH`);
  test.skipIf(!isHere)(
    `deploy of ${name}`,
    async () => {
      const { code, out, err } = await ebb('deploy', write(sample));
      expect([code, err]).toEqual([0, expect.stringMatching(/^packing /)]);
      expect(out).toMatch(
        new RegExp(
          `^Service ${name} is created and ready \\(revision ${name}-00001\\):\nhttp://${name}.default.localhost`,
        ),
      );
      expect(await answerOf(name)).toBe(`200 ${answer}`);
    },
    // The first build of a Go program builds its library too.
    300_000,
  );
}

const hasPython = spawnSync('python3', ['--version']).error === undefined;

test.skipIf(!hasPython)(
  'what a function in Python prints is in its log at once, and where it failed',
  async () => {
    const text = [
      'def handle(request):',
      "    print('asked for', request.path)",
      "    return {'half': 1 / 0} if request.path == '/fails' else 'fine'",
      '',
    ].join('\n');
    expect((await ebb('deploy', write({ name: 'talks', files: { 'main.py': text } }))).code).toBe(0);
    const gateway = new URL(platform.endpoints.gateway);
    expect(await get(gateway, 'talks.default.localhost')).toBe('200 fine');
    expect(await get(gateway, 'talks.default.localhost', '/fails')).toContain('500 the function failed');
    const { out } = await ebb('logs', 'talks');
    expect(out).toMatch(
      /asked for \/\n[^]*asked for \/fails\n[^]*main\.py", line 3, in handle\n[^]*ZeroDivisionError: division by zero/,
    );
    expect(out).not.toContain('serve.py');
  },
  60_000,
);

test('a changed deploy becomes a second revision, an unchanged one does not, and a broken one leaves it serving', async () => {
  const source = write({ name: 'grows', files: { 'index.js': "module.exports = () => 'one'" } });
  expect((await ebb('deploy', source)).code).toBe(0);
  writeFileSync(join(source, 'index.js'), "module.exports = () => 'two'");
  expect((await ebb('deploy', source)).out).toContain('revision grows-00002');
  expect(await answerOf('grows')).toBe('200 two');
  expect((await ebb('deploy', source)).out).toContain('revision grows-00002');
  writeFileSync(join(source, 'index.js'), 'throw new Error("the database is missing")');
  const { code, err } = await ebb('deploy', source);
  expect(code).toBe(1);
  expect(err).toContain('Revision grows-00002 goes on to serve.');
  expect(await answerOf('grows')).toBe('200 two');
}, 60_000);

test.each([
  ['throws', 'throw new Error("the database is missing")', 'Error: the database is missing'],
  ['is-no-javascript', 'module.exports = (', 'SyntaxError: Unexpected end of input'],
])(
  'code that %s ends the deploy with code 1, its own words, and the next steps',
  async (name, text, words) => {
    const { code, out, err } = await ebb('deploy', write({ name, files: { 'index.js': text } }));
    expect([code, out]).toEqual([1, '']);
    expect(err).toContain(`Service ${name} cannot become ready`);
    expect(err).toContain(words);
    expect(err).toContain(`'ebb why ${name}' tells more, 'ebb logs ${name}' shows what it printed.`);
    expect((await ebb('why', name)).out).toMatch(/^[^]*is not ready[^]*ContainerHealthy is False/);
  },
  60_000,
);

test('a program that does not listen is told so', async () => {
  const source = write({ name: 'deaf', files: { Procfile: 'web: sleep 100\n' } });
  const { code, err } = await ebb('deploy', source, '--timeout', '3');
  expect(code).toBe(1);
  expect(err).toMatch(
    /not ready after 3 s: its program runs but does not answer. It must listen on the port in \$PORT/,
  );
}, 60_000);
