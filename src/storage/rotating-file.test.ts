import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { RotatingFile, shift } from './rotating-file.ts';

let folder = '';
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'ebb-rotating-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const file = () => join(folder, 'logs', 'a.log');
const read = (name: string) => readFileSync(join(folder, 'logs', name), 'utf8');
const line = (n: number) => `line ${String(n).padStart(3, '0')}\n`;

test('no line is cut or lost while the bounds hold, and the oldest go first', () => {
  const log = new RotatingFile(file(), { maxBytes: 45, kept: 2 });
  for (let n = 0; n < 20; n++) log.write(line(n));
  expect(readdirSync(join(folder, 'logs')).sort()).toEqual(['a.log', 'a.log.1', 'a.log.2']);
  const kept = read('a.log.2') + read('a.log.1') + read('a.log');
  expect(kept).toBe(Array.from({ length: 15 }, (_, n) => line(n + 5)).join(''));
  for (const name of ['a.log', 'a.log.1', 'a.log.2'])
    expect(statSync(join(folder, 'logs', name)).size).toBeLessThanOrEqual(45);
  expect(statSync(file()).mode & 0o777).toBe(0o600);
});

test('a later run goes on where an earlier one stopped', () => {
  new RotatingFile(file(), { maxBytes: 25, kept: 1 }).write(line(1));
  const later = new RotatingFile(file(), { maxBytes: 25, kept: 1 });
  later.write(line(2));
  later.write(line(3));
  expect([read('a.log.1'), read('a.log')]).toEqual([line(1) + line(2), line(3)]);
});

test('a line larger than the bound is kept whole', () => {
  const log = new RotatingFile(file(), { maxBytes: 5, kept: 1 });
  log.write(line(1));
  log.write(line(2));
  expect([read('a.log.1'), read('a.log')]).toEqual([line(1), line(2)]);
});

test('what cannot be written is counted, and does not throw', () => {
  const log = new RotatingFile(file());
  rmSync(join(folder, 'logs'), { recursive: true });
  log.write(line(1));
  expect(log.lost).toBe(1);
});

test('a file is put aside with those before it', () => {
  for (const name of ['x', 'x.1', 'x.2']) writeFileSync(join(folder, name), name);
  shift(join(folder, 'x'), 2);
  expect(readdirSync(folder).sort()).toEqual(['x.1', 'x.2']);
  expect(readFileSync(join(folder, 'x.2'), 'utf8')).toBe('x.1');
});
