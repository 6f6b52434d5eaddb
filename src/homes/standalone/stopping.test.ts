import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { forgetStopping, noteStopping, stoppingOf } from './stopping.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ebb-stopping-'));
  mkdirSync(join(folder, 'run'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('what is waited for is read by whoever knows the process', () => {
  expect(stoppingOf(folder, process.pid)).toBeUndefined();
  noteStopping(folder, { pods: ['default/a'], until: 5 });
  expect(stoppingOf(folder, process.pid)).toEqual({ pods: ['default/a'], until: 5 });
  expect(stoppingOf(folder, process.pid + 1)).toBeUndefined();
  forgetStopping(folder);
  expect(stoppingOf(folder, process.pid)).toBeUndefined();
});

test('a note that is half written, or cannot be, harms nobody', () => {
  writeFileSync(join(folder, 'run', 'stopping.json'), '{"pods":[');
  expect(stoppingOf(folder, process.pid)).toBeUndefined();
  noteStopping(join(folder, 'nowhere'), { pods: [], until: 0 });
});
