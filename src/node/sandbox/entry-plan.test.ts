// Plans, run by the program itself where this machine is one that it knows.

import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { failureIn } from './entering.ts';
import type { Call, Telling } from './entry-plan.ts';
import { planBytes, text, texts } from './entry-plan.ts';
import { BASE, ENTRY_BYTES, entryProgram, PLAN_BYTES, PLAN_FD } from './entry-program.ts';
import type { Machine } from './system-calls.ts';

/** Of the file's header and its two segments. */
const HEADER_BYTES = 176;
const PERSON: Telling = { descriptor: 2, exitCode: 9, to: 'person' };
const PROGRAM: Telling = { descriptor: 1, exitCode: 8, to: 'program' };
const said = (words: string): Call => ({
  call: 'write',
  with: [1, Buffer.from(words), words.length],
  otherwise: 'next',
});
const exit = (code: number): Call => ({ call: 'exit_group', with: [code], otherwise: 'next' });
const nowhere = (otherwise: string): Call => ({ call: 'chdir', with: [text('/no/such')], otherwise });

test.each([
  [
    'x64',
    'bf09000000be00000010ba00004000b8000000000f0541bc00000010498b0424498b7c2410498b742418498b5424204d8b5424284d8b4424304d8b4c24380f054885c078064983c440ebd148890425f8ff3f104d8b642408ebc2',
  ],
  [
    'arm64',
    '200180d20100a2d20208a0d2e80780d2010000d41300a2d2f407a2d214ff9ff2680240f9600a40f9610e40f9621240f9631640f9641a40f9651e40f9010000d46000f8b773020191f6ffff17800200f9730640f9f3ffff17',
  ],
] as const)('the code for %s is the one that was tried there', (machine, code) => {
  expect(Buffer.from(entryProgram(machine)).subarray(HEADER_BYTES).toString('hex')).toBe(code);
});

test('calls come first, then what tells their failures, then what they point to', () => {
  const plan = Buffer.from(planBytes([[PERSON, [nowhere('oh'), exit(0)]]], 'x64'));
  const entry = (index: number) => Number(plan.readBigInt64LE(index * ENTRY_BYTES));
  const onFailure = (index: number) => (Number(plan.readBigInt64LE(index * ENTRY_BYTES + 8)) - BASE) / ENTRY_BYTES;
  expect([0, 1, 2, 3].map((index) => [entry(index), onFailure(index)])).toEqual([
    [80, 2],
    [231, 2],
    [1, 3],
    [231, 4],
  ]);
  expect(plan.subarray(4 * ENTRY_BYTES).toString()).toContain('/no/such\0');
});

test('what is pointed to twice is there once', () => {
  const words = texts(['x'.repeat(1000)]);
  const twice = planBytes([[PERSON, [said('a'), said('b')].map((one) => ({ ...one, with: [1, words, 2] }))]], 'x64');
  expect(twice.length).toBeLessThan(2000);
});

test('a plan that is too large is refused', () => {
  const large: Call = { call: 'write', with: [1, Buffer.alloc(PLAN_BYTES), 1], otherwise: 'next' };
  expect(() => planBytes([[PERSON, [large]]], 'x64')).toThrow('there is room for 4 MiB');
});

const isKnown = process.platform === 'linux' && (process.arch === 'x64' || process.arch === 'arm64');

describe.runIf(isKnown)('the program', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'entry-'));
    writeFileSync(join(folder, 'enter'), entryProgram(process.arch as Machine), { mode: 0o755 });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function run(groups: Parameters<typeof planBytes>[0]) {
    writeFileSync(join(folder, 'plan'), planBytes(groups, process.arch as Machine));
    const plan = openSync(join(folder, 'plan'), 'r');
    const between = Array<'ignore'>(PLAN_FD - 3).fill('ignore');
    const { status, stdout, stderr } = spawnSync(join(folder, 'enter'), [], {
      stdio: ['ignore', 'pipe', 'pipe', ...between, plan],
    });
    closeSync(plan);
    return { status, stdout: Buffer.from(stdout), stderr: stderr.toString() };
  }

  test('makes one call after the other', () => {
    expect(run([[PERSON, [said('one '), said('two'), exit(5)]]])).toEqual({
      status: 5,
      stdout: Buffer.from('one two'),
      stderr: '',
    });
  });

  test('passes over failures that do not matter, and tells a person those that do', () => {
    expect(run([[PERSON, [nowhere('next'), said('on'), nowhere('not there'), said('never')]]])).toEqual({
      status: 9,
      stdout: Buffer.from('on'),
      stderr: 'not there\n',
    });
  });

  test('tells a program why', () => {
    const { status, stdout } = run([[PROGRAM, [said('pid 1\n'), nowhere('no way')]]]);
    expect([status, failureIn(stdout)]).toEqual([8, 'no way: no such file or directory']);
  });

  test('becomes another program', () => {
    const shell: Call = {
      call: 'execve',
      with: [text('/bin/sh'), texts(['sh', '-c', 'echo $A; exit 3']), texts(['A=b'])],
      otherwise: 'no shell',
    };
    expect(run([[PERSON, [shell]]])).toEqual({ status: 3, stdout: Buffer.from('b\n'), stderr: '' });
  });
});

test.each([
  ['', undefined],
  ['pid 7\nready\n', undefined],
  ['pid 7\nwords\0\xfe', undefined],
  ['pid 7\nwords\0\xf3\xff\xff\xff\xff\xff\xff\xff', 'words: permission denied'],
])('what a starter hears: %j', (heard, failure) => {
  expect(failureIn(Buffer.from(heard, 'latin1'))).toBe(failure);
});
