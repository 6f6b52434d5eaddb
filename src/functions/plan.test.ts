import { expect, test } from 'vitest';
import { planFor } from './plan.ts';

function folder(files: Record<string, string>, executables: string[] = []) {
  return planFor({ files: Object.keys(files), executables, text: (name) => files[name] });
}

test.each([
  [
    'a Procfile wins',
    { Procfile: 'web: ./serve --fast\n', 'index.js': '' },
    'the web process of its Procfile (./serve --fast)',
  ],
  [
    'a start script',
    { 'package.json': '{"scripts":{"start":"node server.js"}}' },
    'Node.js (npm start: node server.js)',
  ],
  ['a main', { 'package.json': '{"main":"lib.js"}', 'lib.js': '' }, 'a Node.js function (lib.js)'],
  ['index.js', { 'index.js': '' }, 'a Node.js function (index.js)'],
  ['TypeScript', { 'index.ts': '' }, 'a TypeScript function (index.ts)'],
  ['a Python function', { 'main.py': 'def handle(request):\n  return "x"\n' }, 'a Python function (main.py)'],
  ['a Python program', { 'app.py': 'import http.server\nhttp.server.test()\n' }, 'a Python program (app.py)'],
  ['Go', { 'go.mod': 'module x', 'main.go': 'package main\n' }, 'a Go program'],
])('%s', (_, files, what) => {
  expect(folder(files)).toMatchObject({ plan: { what } });
});

test('an executable', () => {
  expect(folder({ server: '' }, ['server'])).toMatchObject({ plan: { entrypoint: ['./server'] } });
});

test.each([
  ['nothing known', { 'notes.txt': '' }, /Nothing here says how to run it/],
  ['a Procfile without web', { Procfile: 'worker: x' }, /no line that begins with 'web:'/],
  ['broken package.json', { 'package.json': '{' }, /not valid JSON/],
  ['Go without a module', { 'main.go': 'package main\n' }, /go mod init/],
  ['a Go library', { 'go.mod': 'module x', 'x.go': 'package x\n' }, /not of package main/],
])('%s is refused with what was expected', (_, files, problem) => {
  expect(folder(files)).toMatchObject({ problem: expect.stringMatching(problem) as string });
});
