// What only the sandbox owes: an image's own root, users, limits, volumes, and what is kept from a container.

import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '#base/mod.ts';
import type { ContainerStart, Exit, RunningContainer, Sandbox, SandboxRequest } from '../launcher.ts';
import { cgroupsHere } from './cgroups-here.ts';
import type { SandboxLauncher } from './launcher.ts';
import { sandboxLauncher } from './launcher.ts';
import { sandboxProblem } from './tools.ts';

const problem = sandboxProblem();
if (problem) console.warn(`sandboxes are not tested here: ${problem}`);
const sandboxTest = test.skipIf(problem !== undefined);
/** Without its limit a program that takes too much memory would take all that the machine has. */
const { lack } = cgroupsHere();
if (lack) console.warn(`limits are not tested here: ${lack.why}`);
const limitTest = test.skipIf(problem !== undefined || lack !== undefined);

let folder: string;
/** Read at each start of a container. */
let hidden: string[];
let launcher: SandboxLauncher;
let sandbox: Sandbox;
let runs = 0;

/** An image with a shell, a few tools and the libraries that they need, and nothing else. */
function makeImage(root: string): void {
  for (const program of [
    '/bin/sh',
    '/bin/cat',
    '/usr/bin/id',
    '/bin/ls',
    '/bin/tail',
    '/usr/bin/env',
    '/usr/bin/head',
    '/usr/bin/stat',
    '/usr/bin/mknod',
    '/bin/rm',
  ])
    copyProgram(program, root);
  mkdirSync(join(root, 'work'), { recursive: true });
  writeFileSync(join(root, 'work', 'own'), 'of the image\n');
}

function copyProgram(program: string, root: string): void {
  const libraries = spawnSync('ldd', [program], { encoding: 'utf8' }).stdout.matchAll(/(\/\S+) \(0x/g);
  for (const path of [program, ...Array.from(libraries, ([, library = '']) => library)]) {
    if (existsSync(join(root, path))) continue;
    mkdirSync(dirname(join(root, path)), { recursive: true });
    copyFileSync(path, join(root, path));
  }
}

beforeAll(async () => {
  if (problem) return;
  folder = mkdtempSync(join(tmpdir(), 'sandbox-'));
  makeImage(join(folder, 'image'));
  writeFileSync(join(folder, 'message'), '', { mode: 0o666 });
  hidden = [folder];
  launcher = await openLauncher('launcher');
  sandbox = await launcher.prepare(placeOf('uid'));
});

function openLauncher(name: string): Promise<SandboxLauncher> {
  return sandboxLauncher({
    clock: systemClock,
    folder: join(folder, name),
    hidden,
    nameServers: ['10.96.0.10'],
    clusterDomain: 'cluster.local',
    warn: (message, fields) => console.warn(message, fields),
  });
}

function placeOf(podUid: string): SandboxRequest {
  return { podUid, podName: 'pod', namespace: 'ns', containerPorts: [], hostname: 'pod-name' };
}

afterAll(async () => {
  if (problem) return;
  await launcher.discard(sandbox);
  await launcher.close();
  rmSync(folder, { recursive: true, force: true });
});

const logs = () => join(folder, `log-${runs}`);

function begin(script: string, more: Partial<ContainerStart> = {}, logFile = logs()): Promise<RunningContainer> {
  return launcher.start(sandbox, startOf(sandbox, script, { logFile, ...more }));
}

function startOf({ podUid }: Sandbox, script: string, more: Partial<ContainerStart>): ContainerStart {
  return {
    id: `${podUid}/main/${runs++}`,
    podUid,
    podName: 'pod',
    command: ['/bin/sh', '-c', script],
    env: [['PATH', '/usr/bin:/bin']],
    workingDir: '/',
    rootfs: join(folder, 'image'),
    mounts: [],
    readOnlyRoot: false,
    terminationMessageFile: join(folder, 'message'),
    terminationMessagePath: '/dev/termination-log',
    logFile: logs(),
    ...more,
  };
}

async function say(script: string, more: Partial<ContainerStart> = {}): Promise<{ exit: Exit; said: string }> {
  const logFile = logs();
  const running = await begin(script, more, logFile);
  const exit = await running.exited;
  return { exit, said: readFileSync(logFile, 'utf8') };
}

const cases: readonly [string, string, Partial<ContainerStart>, string][] = [
  [
    'the image is its root',
    'ls /; cat /work/own',
    {},
    'bin\ndev\netc\nlib\nlib64\nproc\nsys\ntmp\nusr\nwork\nof the image\n',
  ],
  ['it can be written and is whole again for the next', 'echo x > /work/own; cat /work/own', {}, 'x\n'],
  ['… as one sees', 'cat /work/own', {}, 'of the image\n'],
  [
    'a read-only root',
    'echo x 2>/dev/null > /work/new || echo refused; echo y > /tmp/y; cat /tmp/y',
    { readOnlyRoot: true },
    'refused\ny\n',
  ],
  ['other groups too', 'id -G', { user: { uid: 65532, gid: 100, groups: [7, 8] } }, '100 7 8\n'],
  [
    'root has the rights of container engines and no others, and its calls are filtered',
    'while read name value; do case $name in Cap[PEB]*|NoNew*|Seccomp:) echo $name $value;; esac; done < /proc/self/status',
    {},
    'CapPrm: 00000000a80425fb\nCapEff: 00000000a80425fb\nCapBnd: 00000000a80425fb\nNoNewPrivs: 1\nSeccomp: 2\n',
  ],
  [
    'root that gives its rights up has none',
    'while read name value; do case $name in Cap[IPEBA]*|NoNew*|Seccomp:) echo $name $value;; esac; done < /proc/self/status',
    { rights: { capabilities: [], noNewPrivileges: false, seccomp: 'Unconfined' } },
    'CapInh: 0000000000000000\nCapPrm: 0000000000000000\nCapEff: 0000000000000000\nCapBnd: 0000000000000000\nCapAmb: 0000000000000000\nNoNewPrivs: 0\nSeccomp: 0\n',
  ],
  ['a user of its own', 'id -u; id -g; id -G', { user: { uid: 65532, gid: 100 } }, '65532\n100\n100\n'],
  [
    'its name and its resolver',
    'cat /proc/sys/kernel/hostname /etc/hostname; cat /etc/resolv.conf',
    {},
    'pod-name\npod-name\nsearch ns.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n',
  ],
  ['it is process 1 and sees no other', 'echo $$; for p in /proc/[0-9]*; do echo $p; done', {}, '1\n/proc/1\n'],
  [
    'devices as every container has them',
    'ls /dev; echo x > /dev/null; stat -c %A /dev/null /tmp',
    {},
    'core\nfd\nfull\nmqueue\nnull\nptmx\npts\nrandom\nshm\nstderr\nstdin\nstdout\ntermination-log\ntty\nurandom\nzero\ncrw-rw-rw-\ndrwxrwxrwt\n',
  ],
  [
    'the kernel’s settings cannot be changed',
    'echo x 2>/dev/null > /proc/sys/kernel/hostname || echo refused',
    {},
    'refused\n',
  ],
  [
    'names of variables that a shell would lose',
    '',
    {
      command: ['env'],
      env: [
        ['PATH', '/usr/bin:/bin'],
        ['a.b', "it's"],
      ],
    },
    "PATH=/usr/bin:/bin\na.b=it's\n",
  ],
  [
    'variables of the loader',
    'echo "$LD_LIBRARY_PATH"',
    {
      env: [
        ['PATH', '/usr/bin:/bin'],
        ['LD_LIBRARY_PATH', '/lib'],
      ],
    },
    '/lib\n',
  ],
];

sandboxTest.each(cases)('%s', async (_what, script, more, expected) => {
  expect(await say(script, more)).toEqual({ exit: { code: 0, oomKilled: false }, said: expected });
});

sandboxTest('what containers are refused is refused, and opened by the right that goes with it', async () => {
  const script = 'unshare --net true 2>&1 | cat';
  const more = { rootfs: 'host' } as const;
  const open = { capabilities: ['sys_admin', 'sys_chroot'], noNewPrivileges: true, seccomp: 'RuntimeDefault' } as const;
  const [refused, allowed] = [await say(script, more), await say(script, { ...more, rights: open })];
  expect([refused.said, allowed.said]).toEqual(['unshare: unshare failed: Operation not permitted\n', '']);
});

sandboxTest('a folder to begin in that is not there is told in words', async () => {
  const started = say('true', { workingDir: '/tmp/no/such' });
  await expect(started).rejects.toThrow(
    'unable to start container process: chdir to cwd ("/tmp/no/such") set in config.json failed: no such file or directory',
  );
});

sandboxTest('a program that cannot be run says so where its output goes', async () => {
  const { exit, said } = await say('', { command: ['/work/own'] });
  expect([exit.code, said]).toEqual([
    127,
    'exec "/work/own": it is not there, user 0 may not run it, or it is no program for this machine\n',
  ]);
});

sandboxTest.each([
  ['its own root', {}],
  ['the machine’s root', { rootfs: 'host' }],
  ['a read-only root', { readOnlyRoot: true }],
] as const)('a device that it makes opens nothing: %s', async (_, more) => {
  const volume = join(folder, 'devices');
  mkdirSync(volume, { recursive: true });
  const mounts = [{ source: volume, target: '/devices', readOnly: false }];
  // Root may make them; what they lead to, a disk say, is not the container's.
  const script =
    'for at in / /devices/ /tmp/ /dev/shm/; do rm -f ${at}n; if mknod ${at}n c 1 3 2>/dev/null && (echo x > ${at}n) 2>/dev/null; then echo opened $at; fi; done; echo x > /dev/null && echo done';
  expect((await say(script, { mounts, ...more })).said).toBe('done\n');
});

sandboxTest('a device of the machine that is mounted is one', async () => {
  const mounts = [{ source: '/dev/null', target: '/work/null', readOnly: false }];
  expect((await say('echo x > /work/null && cat /work/null && echo done', { mounts })).said).toBe('done\n');
});

sandboxTest('volumes lie where they are wanted, and may be read-only', async () => {
  const volume = join(folder, 'volume');
  mkdirSync(join(volume, 'inner'), { recursive: true });
  writeFileSync(join(volume, 'file'), 'first\n');
  const mounts = [
    { source: volume, target: '/etc/config', readOnly: true },
    { source: join(volume, 'file'), target: '/work/own', readOnly: false },
  ];
  const { said } = await say(
    'cat /etc/config/file; echo second > /work/own; echo x 2>/dev/null > /etc/config/new || echo refused',
    { mounts },
  );
  expect([said, readFileSync(join(volume, 'file'), 'utf8')]).toEqual(['first\nrefused\n', 'second\n']);
});

limitTest('a program that takes too much memory is killed for it', async () => {
  const { exit } = await say('tail /dev/zero', { memoryLimit: 16 * 2 ** 20 });
  expect(exit).toMatchObject({ code: 137, oomKilled: true });
});

describe('/tmp', () => {
  /** An image with a folder /tmp of its own; `makeImage` makes none. */
  let withTmp: string;
  beforeAll(() => {
    if (problem) return;
    withTmp = join(folder, 'with-tmp');
    makeImage(withTmp);
    mkdirSync(join(withTmp, 'tmp'));
    writeFileSync(join(withTmp, 'tmp', 'own'), 'of the image\n');
    chmodSync(join(withTmp, 'tmp'), 0o1757);
  });
  const script = 'stat -c %A /tmp; stat -f -c %T /tmp; cat /tmp/own; echo x > /tmp/own && cat /tmp/own';
  const folderOfImage = 'drwxr-xrwt\noverlayfs\nof the image\nx\n';

  sandboxTest.each([
    ['as the image has it', { readOnlyRoot: false }],
    ['as the image has it, and to be written where the root is not', { readOnlyRoot: true }],
  ])('%s', async (_, more) => {
    expect((await say(script, { rootfs: withTmp, ...more })).said).toBe(folderOfImage);
    expect(readFileSync(join(withTmp, 'tmp', 'own'), 'utf8')).toBe('of the image\n');
  });

  sandboxTest.each([
    ['its own where the image has none', {}, 'overlayfs'],
    ['its own where the image has none and the root is read-only', { readOnlyRoot: true }, 'overlayfs'],
    ['in memory over the machine’s own root', { rootfs: 'host' }, 'tmpfs'],
  ])('%s, for everybody', async (_, more, type) => {
    const user = { uid: 65532, gid: 65532 };
    const { said } = await say('stat -c %A /tmp; stat -f -c %T /tmp; echo x > /tmp/x; cat /tmp/x', {
      user,
      ...more,
    });
    expect(said).toBe(`drwxrwxrwt\n${type}\nx\n`);
  });

  sandboxTest('what an image has there can be its program', async () => {
    copyProgram('/usr/bin/env', withTmp);
    copyFileSync('/usr/bin/env', join(withTmp, 'tmp', 'program'));
    const { said } = await say('', {
      rootfs: withTmp,
      command: ['/tmp/program'],
      env: [['A', '1']],
      workingDir: '/tmp',
    });
    expect(said).toBe('A=1\n');
    await expect(say('', { command: ['/tmp/program'] })).rejects.toThrow(
      'stat /tmp/program: no such file or directory',
    );
    await expect(say('', { workingDir: '/tmp/no' })).rejects.toThrow('chdir to cwd ("/tmp/no")');
  });

  describe('a link of the image', () => {
    /** Paths that the machine has or has not, as the image that is tried. */
    const links = { '/var/tmp': 'drwxr-xr-x', '/nowhere/of/its/own': 'drwxrwxrwt' };
    const cases = Object.entries(links).flatMap(([target, mode]) =>
      [false, true].map((readOnlyRoot) => ({ target, mode, readOnlyRoot })),
    );
    sandboxTest.each(cases)('to $target, root read-only: $readOnlyRoot', async ({ target, mode, readOnlyRoot }) => {
      const image = mkdtempSync(join(folder, 'linked-'));
      cpSync(join(folder, 'image'), image, { recursive: true });
      mkdirSync(join(image, 'var/tmp'), { recursive: true, mode: 0o755 });
      symlinkSync(target, join(image, 'tmp'));
      const script = `stat -L -c %A /tmp; stat -f -c %T /tmp; echo x > /tmp/x; cat ${target}/x; echo y 2>/dev/null > /new || echo refused`;
      const { said } = await say(script, { rootfs: image, readOnlyRoot });
      expect(said).toBe(`${mode}\noverlayfs\nx\n${readOnlyRoot ? 'refused\n' : ''}`);
      expect([existsSync('/nowhere'), existsSync(join(image, 'nowhere'))]).toEqual([false, false]);
    });

    sandboxTest.each([true, false])('to what is no part of the root, read-only: %s', async (readOnlyRoot) => {
      const image = mkdtempSync(join(folder, 'linked-'));
      cpSync(join(folder, 'image'), image, { recursive: true });
      symlinkSync('dev/shm', join(image, 'tmp'));
      const script = 'stat -f -c %T /tmp; echo x > /tmp/x; cat /dev/shm/x';
      expect((await say(script, { rootfs: image, readOnlyRoot })).said).toBe('tmpfs\nx\n');
    });
  });

  sandboxTest('what a function writes there is no memory of its own', async () => {
    const write = 'head -c 50331648 /dev/zero > /tmp/big; stat -c %s /tmp/big';
    expect(await say(write, { memoryLimit: 16 * 2 ** 20 })).toEqual({
      exit: { code: 0, oomKilled: false },
      said: '50331648\n',
    });
  });
});

sandboxTest('what it writes into its root is found on disk while it runs', async () => {
  const running = await begin('echo x > /work/new; echo y > /tmp/new; tail -f /work/own');
  const written = ['work/new', 'tmp/new'].map((path) => join(running.writes ?? '', path));
  await expect.poll(() => written.map((path) => existsSync(path))).toEqual([true, true]);
  const adopted = await launcher.adopt(sandbox, running.record);
  expect(adopted?.writes).toBe(running.writes);
  running.signal('SIGKILL');
  await running.exited;
});

sandboxTest('what it writes over the machine’s own root lies nowhere on disk', async () => {
  const running = await begin('tail -f /dev/null', { rootfs: 'host' });
  const adopted = await launcher.adopt(sandbox, running.record);
  expect([running.writes, adopted?.writes]).toEqual([undefined, undefined]);
  running.signal('SIGKILL');
  await running.exited;
});

describe('what it wrote', () => {
  const many = 'i=0; while [ $i -lt 5000 ]; do : > /tmp/$i; i=$((i+1)); done';

  sandboxTest('goes without holding anybody up, and its Pod’s folder with it', async () => {
    const other = await launcher.prepare(placeOf('other'));
    const running = await launcher.start(other, startOf(other, many, {}));
    await running.exited;
    expect(existsSync(join(running.writes ?? '', 'tmp/4999'))).toBe(true);
    await launcher.discard(other);
    expect(existsSync(join(folder, 'launcher/pods/other'))).toBe(false);
  });

  sandboxTest('is gone when the launcher has closed', async () => {
    const closing = await openLauncher('closing');
    const place = await closing.prepare(placeOf('other'));
    const running = await closing.start(place, startOf(place, many, {}));
    await running.exited;
    await closing.close();
    expect(readdirSync(join(folder, 'closing/pods/other')).sort()).toEqual(['hostname', 'hosts', 'resolv.conf']);
    await closing.discard(place);
  });
});

/** Paths of control groups without numbers and names of their hierarchies. */
const GROUP_PATHS = 'while IFS=: read -r number names path; do echo "$path"; done < /proc/self/cgroup';
const pathsIn = (said: string) => [...new Set(said.trim().split('\n'))];

sandboxTest(
  'its own group is the top of those that it is told of, and of those that its commands are told of',
  async () => {
    expect(pathsIn((await say(GROUP_PATHS)).said)).toEqual(['/']);
    const container = await begin('tail -f /work/own');
    const talk = await container.converse?.(
      ['/bin/sh', '-c', `${GROUP_PATHS}; ls -L -i /proc/1/ns/cgroup /proc/self/ns/cgroup`],
      {
        stdin: false,
        tty: false,
      },
    );
    const said = (await textOf(talk?.stdout)).trim().split('\n');
    const namespaces = said.splice(-2).map((line) => line.split(' ')[0]);
    container.signal('SIGKILL');
    await container.exited;
    expect([pathsIn(said.join('\n')), new Set(namespaces).size]).toEqual([['/'], 1]);
  },
);

limitTest('a runtime finds its limit of memory', async () => {
  const mounts = [{ source: process.execPath, target: '/work/node', readOnly: true }];
  const script = 'exec /work/node -p "process.constrainedMemory()"';
  const { said } = await say(script, { mounts, rootfs: 'host', memoryLimit: 256 * 2 ** 20 });
  expect(said).toBe(`${256 * 2 ** 20}\n`);
});

sandboxTest('what it says at its end is kept', async () => {
  await say('echo last words > /dev/termination-log');
  expect(readFileSync(join(folder, 'message'), 'utf8')).toBe('last words\n');
});

sandboxTest('on the machine’s own root the platform’s data is not seen', async () => {
  const { said } = await say(`ls ${folder} 2>&1 | cat; echo x > /new-file; cat /new-file`, { rootfs: 'host' });
  expect([said.endsWith('x\n'), said.includes('image'), existsSync('/new-file')]).toEqual([true, false, false]);
});

describe('of the machine’s own root', () => {
  /** Apart from /tmp, which no container sees. */
  let apart: string;
  beforeAll(() => void (apart = mkdtempSync('/var/tmp/sandbox-')));
  afterAll(() => rmSync(apart, { recursive: true, force: true }));

  async function sayHiding(more: readonly string[], script: string): Promise<string> {
    hidden.push(...more);
    try {
      return (await say(script, { rootfs: 'host' })).said;
    } finally {
      hidden.splice(1);
    }
  }

  sandboxTest('a file is hidden as a folder is, by whatever link it is named', async () => {
    mkdirSync(join(apart, 'keys'));
    writeFileSync(join(apart, 'keys', 'secrets.key'), 'secret\n');
    writeFileSync(join(apart, 'keys', 'other'), 'seen\n');
    symlinkSync('keys', join(apart, 'link'));
    const script = `cat ${apart}/keys/* ${apart}/link/secrets.key`;
    const named = [join(apart, 'keys', 'secrets.key'), join(apart, 'link', 'secrets.key')];
    expect(await sayHiding([], script)).toBe('seen\nsecret\nsecret\n');
    for (const path of named) expect(await sayHiding([path], script)).toBe('seen\n');
    expect(readFileSync(named[0] ?? '', 'utf8')).toBe('secret\n');
  });

  sandboxTest('what is not there, or is hidden already, stops nothing', async () => {
    const file = join(folder, 'key');
    const inShm = `/dev/shm/sandbox-${process.pid}`;
    for (const path of [file, inShm]) writeFileSync(path, 'secret');
    symlinkSync(file, join(apart, 'to-tmp'));
    try {
      expect(
        await sayHiding(
          [file, inShm, join(apart, 'to-tmp'), join(apart, 'not-there')],
          `cat ${file} ${inShm} 2>/dev/null; echo ok`,
        ),
      ).toBe('ok\n');
    } finally {
      rmSync(inShm);
    }
  });

  sandboxTest('what lies on another disk is hidden, too', async () => {
    const [disk, key] = [join(apart, 'disk'), join(apart, 'disk', 'secrets.key')];
    for (const path of ['other/data', 'disk']) mkdirSync(join(apart, path), { recursive: true });
    for (const path of ['other/data/file', 'other/secrets.key', 'other/seen'])
      writeFileSync(join(apart, path), `${path}\n`);
    expect(spawnSync('mount', ['--bind', join(apart, 'other'), disk]).status).toBe(0);
    try {
      const script = `cat ${disk}/data/file ${key} ${disk}/seen 2>/dev/null`;
      expect(await sayHiding([], script)).toBe('other/data/file\nother/secrets.key\nother/seen\n');
      expect(await sayHiding([join(disk, 'data'), key], script)).toBe('other/seen\n');
    } finally {
      spawnSync('umount', [disk]);
    }
  });
});

sandboxTest('an image’s links lead nowhere outside', async () => {
  const trap = join(folder, 'trap');
  cpSync(join(folder, 'image'), trap, { recursive: true });
  spawnSync('ln', ['-s', '/no-such-folder', join(trap, 'etc')]);
  const { said } = await say('cat /etc/hostname', { rootfs: trap });
  expect([said, existsSync('/no-such-folder')]).toEqual(['pod-name\n', false]);
});

async function textOf(stream: AsyncIterable<Buffer> | undefined): Promise<string> {
  let text = '';
  for await (const chunk of stream ?? []) text += chunk.toString();
  return text;
}

sandboxTest('a command beside it is spoken to, as its user and with its rights', async () => {
  const container = await begin('cat /proc/self/fd/0; tail -f /work/own', { user: { uid: 7, gid: 8, groups: [9] } });
  const command = ['/bin/sh', '-c', 'id -u; id -G; cat; echo oh >&2; exit 4'];
  const talk = await container.converse?.(command, { stdin: true, tty: false });
  talk?.stdin?.end('heard\n');
  expect(await Promise.all([textOf(talk?.stdout), textOf(talk?.stderr), talk?.exited])).toEqual([
    '7\n8 9\nheard\n',
    'oh\n',
    4,
  ]);
  expect(await container.exec(['/bin/sh', '-c', 'exit 5'], 10_000)).toBe(5);
  container.signal('SIGKILL');
  await container.exited;
});

sandboxTest('a command with a terminal has one output, and a size that follows', async () => {
  const container = await begin('tail -f /work/own', {});
  const talk = await container.converse?.(['/bin/sh', '-c', 'test -t 0 && echo yes; read x; echo "$x"'], {
    stdin: true,
    tty: true,
  });
  talk?.resize(80, 24);
  talk?.stdin?.write('typed\n');
  const [said, code] = await Promise.all([textOf(talk?.stdout), talk?.exited]);
  expect([said.includes('yes\r\n'), said.endsWith('typed\r\n'), talk?.stderr, code]).toEqual([
    true,
    true,
    undefined,
    0,
  ]);
  container.signal('SIGKILL');
  await container.exited;
});
