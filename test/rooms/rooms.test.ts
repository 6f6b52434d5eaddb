// The house stays in order: imports follow the table in ARCHITECTURE.md, and the map names only files that exist.

import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { breaches, readTable } from './table.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const architecture = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8');

function sources(): { path: string; imports: string[] }[] {
  return readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => ({ path, imports: importsOf(path) }));
}

function importsOf(path: string): string[] {
  const text = readFileSync(join(root, 'src', path), 'utf8');
  const specifiers = [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map((match) => match[1] ?? '');
  return specifiers.map((specifier) =>
    specifier.startsWith('.') ? relative('.', normalize(join(dirname(path), specifier))) : specifier,
  );
}

test('every import follows the table of rooms', () => {
  expect(breaches(readTable(architecture), sources())).toEqual([]);
});

test('every file that ARCHITECTURE.md names exists', () => {
  const named = [...architecture.matchAll(/`((?:src|test|tasks|docs|bin|bench|examples)\/[\w./-]+)`/g)].map(
    (match) => match[1] ?? '',
  );
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});

test('every decision has a number of its own, the one that its title says', () => {
  const files = readdirSync(join(root, 'docs/adr')).filter((name) => name.endsWith('.md'));
  const numbers = files.map((name) => Number.parseInt(name, 10));
  expect(numbers.filter((number, index) => numbers.indexOf(number) !== index)).toEqual([]);
  const titles = files.map((name) => /^# (\d+)\. /.exec(readFileSync(join(root, 'docs/adr', name), 'utf8'))?.[1]);
  expect(titles.map(Number)).toEqual(numbers);
});

test.each([
  ['a room it may not open', { path: 'base/a.ts', imports: ['#kinds/mod.ts'] }, 'base/a.ts: base may not open kinds'],
  [
    'another room by its inside',
    { path: 'kinds/a.ts', imports: ['#base/clock.ts'] },
    'kinds/a.ts: #base/clock.ts is not a door',
  ],
  ['its own door', { path: 'kinds/a.ts', imports: ['kinds/mod.ts'] }, 'kinds/a.ts: opens its own door'],
  [
    'another room by a relative path',
    { path: 'kinds/a.ts', imports: ['base/clock.ts'] },
    'kinds/a.ts: base/clock.ts leaves the room',
  ],
  ['a room that the table lacks', { path: 'attic/a.ts', imports: [] }, 'attic/a.ts: no room attic in the table'],
])('an import of %s is a breach', (_, file, breach) => {
  expect(breaches(readTable(architecture), [file])).toEqual([breach]);
});
