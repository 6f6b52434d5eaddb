import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { CgroupsHere, SplitFacts, UnifiedFacts } from './cgroups-here.ts';
import { cgroupsHere, judgeSplit, judgeUnified, refusedLack } from './cgroups-here.ts';

const failed = (code: string) => Object.assign(new Error(`${code}: no`), { code });
const top: UnifiedFacts = {
  refusal: undefined,
  offered: ['cpuset', 'cpu', 'io', 'memory', 'pids'],
  enabled: [],
  isTop: true,
  hasProcesses: true,
};
const within: UnifiedFacts = { ...top, isTop: false };

/** What is told, in short: the version, what is lost, and words of why and of what helps. */
function short({ version, lack }: CgroupsHere): unknown[] {
  return [version, lack?.lost, lack?.why, lack?.next];
}
const words = (text: string) => expect.stringContaining(text) as string;

test.each<[string, UnifiedFacts, unknown[]]>([
  ['the top of all, with processes of its own', top, [2, undefined, undefined, undefined]],
  ['a group without processes', { ...within, hasProcesses: false }, [2, undefined, undefined, undefined]],
  [
    'a group with processes, as in a container',
    within,
    ['none', 'memory and processor', words('processes in /g itself'), words('mkdir -p /g/init')],
  ],
  [
    'a group that hands all of them on already',
    { ...within, enabled: ['cpu', 'memory', 'pids'] },
    [2, undefined, undefined, undefined],
  ],
  [
    'a kernel that begins without the controller of memory',
    { ...top, offered: ['cpu', 'pids'] },
    [2, 'memory', '/g has no controller of memory', words('cgroup_enable=memory')],
  ],
  [
    'a group that was given no controllers',
    { ...within, offered: [] },
    ['none', 'memory and processor', words('no controller of memory and processor'), words('group above')],
  ],
  [
    'a mount that is read-only',
    { ...within, refusal: failed('EROFS') },
    ['none', 'memory and processor', 'EROFS: no', words('mount /g writable')],
  ],
  [
    'a user who is not root',
    { ...top, refusal: failed('EACCES') },
    ['none', 'memory and processor', 'EACCES: no', words("run 'ebb up' as root")],
  ],
])('version 2: %s', (_, facts, expected) => {
  expect(short(judgeUnified('/g', facts))).toEqual(expected);
});

test.each<[string, SplitFacts, unknown[]]>([
  ['all there', { mounted: ['memory', 'cpu'], refusal: undefined }, [1, undefined, undefined, undefined]],
  [
    'no processor',
    { mounted: ['memory'], refusal: undefined },
    [1, 'processor', words('of processor'), 'mount /g/cpu'],
  ],
  [
    'no memory',
    { mounted: ['cpu'], refusal: failed('ENOENT') },
    ['none', 'memory and processor', words('are mounted below /g'), words('mount -t cgroup2')],
  ],
  [
    'read-only',
    { mounted: ['memory', 'cpu'], refusal: failed('EROFS') },
    ['none', 'memory and processor', 'EROFS: no', words('mount /g writable')],
  ],
])('version 1: %s', (_, facts, expected) => {
  expect(short(judgeSplit('/g', facts))).toEqual(expected);
});

test.each([
  ['EROFS', 'mount /g writable'],
  ['EACCES', "run 'ebb up' as root"],
  ['EPERM', "run 'ebb up' as root"],
  ['ENOSPC', 'find out why'],
  ['EINVAL', 'find out why'],
])('what helps goes by the error: %s', (code, next) => {
  const lack = refusedLack('/g', failed(code), ['cpu']);
  expect(lack).toEqual({ lost: 'processor', why: `${code}: no`, next: words(next) });
  if (next === 'find out why') expect(lack.next).not.toContain('privileged');
});

test('processes that came meanwhile are told as those that were there', () => {
  expect(refusedLack('/g', failed('EBUSY'))).toEqual(judgeUnified('/g', within).lack);
});

let root = '';
beforeEach(() => void (root = mkdtempSync(join(tmpdir(), 'cgroups-'))));
afterEach(() => rmSync(root, { recursive: true, force: true }));

test.each<[string, Readonly<Record<string, string>>, unknown]>([
  ['nothing', {}, 'none'],
  ['version 1', { 'memory/cgroup.procs': '', 'cpu/cgroup.procs': '' }, 1],
  ['version 2 at its top', { 'cgroup.controllers': 'cpu memory pids\n', 'cgroup.procs': '1\n' }, 2],
  [
    'version 2 within a container',
    { 'cgroup.controllers': 'cpu memory pids\n', 'cgroup.procs': '1\n', 'cgroup.type': 'domain\n' },
    'none',
  ],
  ['a tree that cannot be read', { 'cgroup.controllers': 'cpu memory\n', 'cgroup.procs/folder': '' }, 'none'],
])('a machine that has %s', (_, files, version) => {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  expect(cgroupsHere(root).version).toBe(version);
});
