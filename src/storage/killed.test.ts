// What a store owes to those it answered, when its process is killed in the middle of writing.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { seededRandom } from '#base/mod.ts';
import { openObjectDatabase } from './sqlite-database.ts';

const PROGRAM = fileURLToPath(new URL('./killed-writer.ts', import.meta.url));

let folder = '';
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'ebb-killed-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

interface Run {
  readonly given: number[];
  readonly kept: number[];
}

/** Lets a writer run until it has said so many lines, and kills it there. */
async function runUntil(file: string, lines: number): Promise<Run> {
  const writer = spawn(process.execPath, [PROGRAM, file], { stdio: ['ignore', 'pipe', 'ignore'] });
  const run: Run = { given: [], kept: [] };
  let seen = 0;
  for await (const line of createInterface(writer.stdout)) {
    const [word, revision] = line.split(' ');
    (word === 'given' ? run.given : run.kept).push(Number(revision));
    if (++seen === lines) writer.kill('SIGKILL');
  }
  return run;
}

test('every acknowledged write survives kill -9, and no revision is given out twice', async () => {
  const file = join(folder, 'objects.db');
  const random = seededRandom(20);
  const given = new Set<number>();
  const kept: number[] = [];
  for (let round = 0; round < 6; round++) {
    const run = await runUntil(file, 1 + Math.floor(random.next() * 150));
    expect(run.given.filter((revision) => given.has(revision))).toEqual([]);
    for (const revision of run.given) given.add(revision);
    kept.push(...run.kept);
    const database = await openObjectDatabase({ file });
    const there = new Set(database.initial.map(({ revision }) => revision));
    expect(kept.filter((revision) => !there.has(revision))).toEqual([]);
    expect(database.cleanStart).toBe(false);
    expect(database.firstRevision).toBeGreaterThan(Math.max(...given));
    await database.close();
  }
  expect(kept.length).toBeGreaterThan(50);
});
