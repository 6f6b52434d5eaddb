// Groups in a folder with the files that a kernel would have, and in a tree of version 2 that is one where there is such a tree.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { cgroupsHere, UNIFIED_CONTROLLERS } from './cgroups-here.ts';
import type { GroupFiles } from './cgroups-files.ts';
import { KERNEL_FILES, wordsIn } from './cgroups-files.ts';
import { lackNotice, openCgroups } from './cgroups-open.ts';
import { UnifiedCgroups } from './cgroups-unified.ts';

const FILES: Readonly<Record<string, readonly string[]>> = {
  memory: ['memory.max', 'memory.swap.max', 'memory.oom.group', 'memory.current', 'memory.stat', 'memory.events'],
  cpu: ['cpu.max', 'cpu.weight', 'cpu.stat'],
  pids: ['pids.max'],
};
const SUBTREE = 'cgroup.subtree_control';
const MIB = 2 ** 20;
/** As what the kernel is asked for, of a folder. */
const REMOVAL = 'remove';

/** What the kernel does when its files are written. */
class FakeKernel implements GroupFiles {
  readonly root: string;
  readonly writes: string[] = [];
  /** The code of the error for what is done there; all goes well where undefined. */
  refuse: (path: string, text: string) => string | undefined = () => undefined;

  constructor(root: string, offered: string) {
    this.root = root;
    for (const [name, content] of [
      ['cgroup.controllers', offered],
      [SUBTREE, ''],
      ['cgroup.procs', ''],
    ] as const)
      writeFileSync(join(root, name), content);
  }

  write(file: string, text: string): void {
    this.#ask(file, text);
    this.writes.push(`${this.#short(file)} ${text}`);
    if (basename(file) !== SUBTREE) return writeFileSync(file, text);
    this.#hand(dirname(file), [...wordsIn(file), text.slice(1)]);
  }

  makeFolder(folder: string): void {
    if (existsSync(folder)) return;
    this.#ask(folder, '');
    this.makeFolder(dirname(folder));
    mkdirSync(folder);
    for (const name of [SUBTREE, 'cgroup.procs']) writeFileSync(join(folder, name), '');
    writeFileSync(join(folder, 'cgroup.type'), 'domain\n');
    this.#give(folder, wordsIn(join(folder, '..', SUBTREE)));
  }

  removeFolder(folder: string): void {
    this.#ask(folder, REMOVAL);
    const groups = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    if (groups.length > 0 || wordsIn(join(folder, 'cgroup.procs')).length > 0) throw failed('EBUSY');
    rmSync(folder, { recursive: true });
  }

  /** What is handed on below a group, as somebody else may set it. */
  #hand(folder: string, controllers: readonly string[]): void {
    writeFileSync(join(folder, SUBTREE), controllers.join(' '));
    for (const entry of readdirSync(folder, { withFileTypes: true }))
      if (entry.isDirectory()) this.#give(join(folder, entry.name), controllers);
  }

  takeAway(folder: string): void {
    this.#hand(join(this.root, folder), []);
  }

  #give(folder: string, controllers: readonly string[]): void {
    writeFileSync(join(folder, 'cgroup.controllers'), controllers.join(' '));
    for (const file of controllers.flatMap((name) => FILES[name] ?? []))
      if (!existsSync(join(folder, file))) writeFileSync(join(folder, file), '');
  }

  #ask(path: string, text: string): void {
    const code = this.refuse(this.#short(path), text);
    if (code !== undefined) throw failed(code);
  }

  #short(path: string): string {
    return path.slice(this.root.length + 1);
  }
}

const failed = (code: string) => Object.assign(new Error(`${code}: refused`), { code });

let root = '';
let kernel: FakeKernel;
let warnings: Record<string, unknown>[];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'cgroups-'));
  kernel = new FakeKernel(root, 'cpuset cpu io memory pids\n');
  warnings = [];
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const open = () => openCgroups('ebb', { root, files: kernel, warn: (_, fields) => void warnings.push(fields) });
const read = (path: string) => readFileSync(join(root, path), 'utf8');
const LIMITS = { memory: 128 * MIB, cpu: 1, cpuRequest: 0.125 };

describe('version 2', () => {
  test('hands its controllers on at once, down to the groups of containers', () => {
    const { version, lack } = open();
    expect([version, lack, wordsIn(join(root, SUBTREE)), wordsIn(join(root, 'ebb', SUBTREE))]).toEqual([
      2,
      undefined,
      ['memory', 'cpu', 'pids'],
      ['memory', 'cpu', 'pids'],
    ]);
  });

  test('a group has its limits, and tells what it used and why it ended', () => {
    const cgroups = open();
    const group = cgroups.group('one', LIMITS);
    expect(
      ['memory.max', 'memory.swap.max', 'memory.oom.group', 'cpu.max', 'cpu.weight'].map((file) =>
        read(`ebb/one/${file}`),
      ),
    ).toEqual(['134217728', '0', '1', '100000 100000', '5']);
    const kernelSays = {
      'memory.current': '5000\n',
      'memory.stat': 'anon 1\ninactive_file 1000\n',
      'cpu.stat': 'usage_usec 2500000\n',
      'memory.events': 'oom 1\noom_kill 1\n',
      'cgroup.procs': '7\n8\n',
    };
    for (const [file, content] of Object.entries(kernelSays)) writeFileSync(join(root, 'ebb/one', file), content);
    const found = cgroups.find('one');
    expect([found?.usage(), found?.wasKilledForMemory(), found?.processes()]).toEqual([
      { cpuSeconds: 2.5, memoryBytes: 4000 },
      true,
      [7, 8],
    ]);
    expect([group?.folders, group?.views, warnings]).toEqual([
      [join(root, 'ebb/one')],
      [{ name: '', folder: join(root, 'ebb/one') }],
      [],
    ]);
  });

  test('controllers that were taken away are handed on again with the next group', () => {
    const cgroups = open();
    kernel.takeAway('ebb');
    kernel.takeAway('');
    cgroups.group('one', LIMITS);
    expect([read('ebb/one/memory.max'), warnings]).toEqual(['134217728', []]);
    const before = kernel.writes.length;
    cgroups.group('two', {});
    expect(kernel.writes.slice(before)).toEqual(['ebb/two/cpu.weight 1']);
  });

  test('its own folder that was removed is made again', () => {
    const cgroups = open();
    rmSync(join(root, 'ebb'), { recursive: true });
    cgroups.group('one', LIMITS);
    expect([read('ebb/one/memory.max'), warnings]).toEqual(['134217728', []]);
  });

  test.each([
    ['EBUSY', 'there are processes in', 'mkdir -p'],
    ['EROFS', 'EROFS: refused', 'writable'],
    ['EACCES', 'EACCES: refused', 'as root'],
  ])('without limits it goes on where nothing can be handed on: %s', (code, why, next) => {
    kernel.refuse = (path) => (path === SUBTREE ? code : undefined);
    const cgroups = open();
    expect([cgroups.version, cgroups.group('one', LIMITS), existsSync(join(root, 'ebb'))]).toEqual([
      'none',
      undefined,
      false,
    ]);
    expect([cgroups.lack?.why, cgroups.lack?.next]).toEqual([
      expect.stringContaining(why),
      expect.stringContaining(next),
    ]);
    if (cgroups.lack) expect(lackNotice(cgroups.lack)).toContain('limits of memory and processor are not kept: ');
  });

  test('… and where no group can be made', () => {
    kernel.refuse = () => 'EROFS';
    expect(open()).toMatchObject({ version: 'none', lack: { why: 'EROFS: refused' } });
  });

  test('processes that came meanwhile get no controllers that would spoil the groups', () => {
    kernel.refuse = (path, text) => (path === SUBTREE && text === '+memory' ? 'EBUSY' : undefined);
    expect([open().version, kernel.writes]).toEqual(['none', []]);
  });

  test('a container with processes of its own is left as it is', () => {
    for (const [file, content] of Object.entries({ 'cgroup.type': 'domain\n', 'cgroup.procs': '1\n' }))
      writeFileSync(join(root, file), content);
    expect([open().version, kernel.writes, existsSync(join(root, 'ebb'))]).toEqual(['none', [], false]);
  });

  test('one controller that is refused costs its own limits only, and is told at the start alone', () => {
    kernel.refuse = (_, text) => (text === '+cpu' ? 'EINVAL' : undefined);
    const cgroups = open();
    cgroups.group('one', LIMITS);
    expect([cgroups.version, cgroups.lack?.lost, read('ebb/one/memory.max'), warnings]).toEqual([
      2,
      'processor',
      '134217728',
      [],
    ]);
  });

  test.each([
    [
      'cannot be set',
      'EINVAL: refused',
      () => (kernel.refuse = (path) => (path.endsWith('memory.max') ? 'EINVAL' : undefined)),
    ],
    [
      'is lost later',
      'this kernel has no such file',
      () => {
        kernel.takeAway('ebb');
        kernel.refuse = (_, text) => (text === '+memory' ? 'EBUSY' : undefined);
      },
    ],
  ])('a limit that %s stops no container, and is told once', (_, why, spoil) => {
    const cgroups = open();
    spoil();
    const groups = ['one', 'two'].map((name) => cgroups.group(name, { memory: MIB }));
    expect([groups.every(Boolean), warnings]).toEqual([true, [{ what: 'memory.max', why }]]);
  });

  test('nor does a group that cannot be made', () => {
    const cgroups = open();
    kernel.refuse = (path) => (path.startsWith('ebb/') ? 'ENOSPC' : undefined);
    expect([cgroups.group('one', {}), cgroups.group('two', {}), warnings]).toEqual([
      undefined,
      undefined,
      [{ what: 'the group', why: 'ENOSPC: refused' }],
    ]);
  });

  test('groups of an earlier run go, but for those with processes', () => {
    const before = open();
    for (const name of ['gone', 'alive']) before.group(name, LIMITS);
    writeFileSync(join(root, 'ebb/alive/cgroup.procs'), '7\n');
    const cgroups = open();
    const there = () => ['gone', 'alive'].filter((name) => existsSync(join(root, 'ebb', name)));
    expect([there(), cgroups.find('alive')?.remove()]).toEqual([['alive'], false]);
    writeFileSync(join(root, 'ebb/alive/cgroup.procs'), '');
    expect([cgroups.find('alive')?.remove(), there()]).toEqual([true, []]);
    cgroups.sweep();
    expect(existsSync(join(root, 'ebb'))).toBe(false);
  });
});

describe('version 1', () => {
  beforeEach(() => {
    rmSync(join(root, 'cgroup.controllers'));
    for (const name of ['memory', 'cpu', 'freezer']) kernel.makeFolder(join(root, name));
  });

  test('goes on without limits where no group can be made', () => {
    kernel.refuse = () => 'EROFS';
    expect(open()).toMatchObject({ version: 'none', lack: { why: 'EROFS: refused' } });
  });

  test('a controller whose group cannot be made is left out, and told once', () => {
    const cgroups = open();
    kernel.refuse = (path) => (path.startsWith('freezer/') ? 'ENOSPC' : undefined);
    const groups = ['one', 'two'].map((name) => cgroups.group(name, {}));
    expect(groups[0]?.views.map(({ name }) => name)).toEqual(['cpu', 'memory']);
    expect(warnings).toEqual([{ what: 'the group of freezer', why: 'ENOSPC: refused' }]);
  });

  test.each([
    ['and its folder goes', undefined],
    ['and its folder may stay', 'EPERM'],
  ])('… as is one that takes no process, %s', (_, code) => {
    // Without the files by which it is told its processors.
    kernel.makeFolder(join(root, 'cpuset'));
    const cgroups = open();
    kernel.refuse = (_path, text) => (text === REMOVAL ? code : undefined);
    expect(cgroups.group('one', {})?.views.map(({ name }) => name)).toEqual(['cpu', 'memory', 'freezer']);
    expect(existsSync(join(root, 'cpuset/ebb/one'))).toBe(code !== undefined);
    expect(warnings).toMatchObject([{ what: 'the group of cpuset' }]);
  });
});

/** A tree of version 2 whose groups this process may make: where there are controllers of limits, it must be one in which they can be handed on. */
function realTree(): string | undefined {
  return ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'].find((path) => {
    if (!existsSync(join(path, 'cgroup.controllers'))) return false;
    const offered = wordsIn(join(path, 'cgroup.controllers')).some((name) => UNIFIED_CONTROLLERS.includes(name));
    if (offered && cgroupsHere(path).lack) return false;
    try {
      accessSync(path, constants.W_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Puts back what the machine's own top handed on before; the kernel keeps what somebody below has come to need. */
function handOnOnly(folder: string, before: readonly string[]): void {
  for (const name of wordsIn(join(folder, SUBTREE)).filter((one) => !before.includes(one)))
    try {
      writeFileSync(join(folder, SUBTREE), `-${name}`);
    } catch (error) {
      expect(error).toMatchObject({ code: 'EBUSY' });
    }
}

const real = realTree();
if (!real)
  console.warn(
    'groups of version 2 are not tried for real here: there is no tree of them that can be written, or its controllers cannot be handed on',
  );

test.skipIf(real === undefined)('a process enters a group of a real kernel, and the group goes after it', async () => {
  const parent = `ebb-test-${process.pid}`;
  const tell = (what: string, why: string) => void warnings.push({ what, why });
  const before = wordsIn(join(real ?? '', SUBTREE));
  onTestFinished(() => handOnOnly(real ?? '', before));
  // Whether or not there are controllers: groups are the same.
  const cgroups = new UnifiedCgroups(parent, { root: real ?? '', files: KERNEL_FILES, tell }, undefined);
  const group = cgroups.group('one', {});
  const script = `echo 0 > ${group?.folders[0] ?? ''}/cgroup.procs && cat /proc/self/cgroup && exec cat`;
  const child = spawn('/bin/sh', ['-c', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    const [said] = (await once(child.stdout, 'data')) as [Buffer];
    expect(said.toString()).toContain(`:/${parent}/one\n`);
    expect(cgroups.find('one').processes()).toContain(child.pid);
    expect(group?.remove()).toBe(false);
  } finally {
    child.stdin.end();
    await once(child, 'close');
    cgroups.sweep();
  }
  expect([existsSync(join(real ?? '', parent)), warnings]).toEqual([false, []]);
});
