import { mkdtemp, readdir, readlink, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '#base/mod.ts';
import { StartProblem } from './container.ts';
import { processLauncher } from './launcher-process.ts';
import type { ContainerStart, Launcher, RunningContainer, Sandbox } from './launcher.ts';

let folder: string;
let launcher: Launcher;
let started: RunningContainer[];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ebb-process-'));
  launcher = processLauncher(systemClock);
  started = [];
});
afterEach(async () => {
  for (const running of started) running.signal('SIGKILL');
  await Promise.all(started.map(({ exited }) => exited));
  await rm(folder, { recursive: true, force: true });
});

function startOf(podName: string, port: number, command: readonly string[]): ContainerStart {
  return {
    id: `${podName}/c/0`,
    podUid: podName,
    podName,
    command,
    env: [
      ['PORT', String(port)],
      ['COLOUR', 'blue'],
    ],
    workingDir: folder,
    rootfs: 'host',
    overlay: folder,
    mounts: [],
    readOnlyRoot: false,
    terminationMessageFile: join(folder, 'message'),
    terminationMessagePath: '/dev/termination-log',
    logFile: join(folder, `${podName}.log`),
  };
}

async function run(
  podName: string,
  port: number,
  program: string,
): Promise<{ sandbox: Sandbox; running: RunningContainer }> {
  await writeFile(join(folder, 'program.js'), program);
  const sandbox = await launcher.prepare({
    podUid: podName,
    podName,
    namespace: 'ns',
    containerPorts: [port],
    hostname: podName,
  });
  const running = await launcher.start(sandbox, startOf(podName, port, [process.execPath, '/program.js']));
  started.push(running);
  return { sandbox, running };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}

const IDLE = 'setInterval(() => {}, 1000)';

test.runIf(process.platform === 'linux')('a program that cannot even be named leaves no file open', async () => {
  const sandbox: Sandbox = { podUid: 'p', address: '127.0.0.1', hostPorts: {} };
  const nameless = startOf('p', 8080, [process.execPath, 'a\0b']);
  await expect(launcher.start(sandbox, nameless)).rejects.toThrow('null bytes');
  const open = (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => ''));
  expect(await Promise.all(open)).not.toContain(nameless.logFile);
});

test('a Pod whose place fails is promised no port of it', async () => {
  const found = [4001, new Error('out of file descriptors'), 4001];
  const scarce = processLauncher(systemClock, async () => {
    const port = found.shift();
    if (typeof port === 'number') return port;
    throw port ?? new Error('nobody expected another port');
  });
  const asked = { podName: 'p', namespace: 'ns', hostname: 'p' };
  await expect(scarce.prepare({ ...asked, podUid: 'a', containerPorts: [8080, 9090] })).rejects.toThrow('out of file');
  const { hostPorts } = await scarce.prepare({ ...asked, podUid: 'b', containerPorts: [8080] });
  expect(hostPorts).toEqual({ 8080: 4001 });
});

test('a program that was promised a volume is not started without it; the usual token is no such promise', async () => {
  const sandbox = await launcher.prepare({
    podUid: 'v',
    podName: 'v',
    namespace: 'ns',
    containerPorts: [8080],
    hostname: 'v',
  });
  const start = (target: string) =>
    launcher.start(sandbox, {
      ...startOf('v', 8080, [process.execPath, '-e', '0']),
      mounts: [{ source: folder, target, readOnly: true }],
    });
  await expect(start('/etc/config')).rejects.toThrow('the container has some at /etc/config');
  expect((await (await start('/var/run/secrets/kubernetes.io/serviceaccount')).exited).code).toBe(0);
});

test('of many Pods each has ports of its own, though no program listens there yet', async () => {
  const request = { namespace: 'ns', podName: 'p', hostname: 'p', containerPorts: [8080, 9090] };
  const ports: number[] = [];
  for (let i = 0; i < 1000; i++) {
    const { hostPorts } = await launcher.prepare({ ...request, podUid: `p${i}` });
    ports.push(...Object.values(hostPorts));
  }
  expect(new Set(ports).size).toBe(ports.length);
});

test('a command beside a container is spoken to', async () => {
  const { running } = await run('a', 8080, 'setInterval(() => {}, 1000)');
  const talk = await running.converse?.(['/bin/sh', '-c', 'cat; echo "$COLOUR" >&2; exit 3'], {
    stdin: true,
    tty: false,
  });
  talk?.stdin?.end('heard');
  const text = async (stream: AsyncIterable<Buffer> | undefined) => {
    let heard = '';
    for await (const chunk of stream ?? []) heard += chunk.toString();
    return heard;
  };
  expect(await Promise.all([text(talk?.stdout), text(talk?.stderr), talk?.exited])).toEqual(['heard', 'blue\n', 3]);
});

describe('a command beside a container', () => {
  const check = (port: number | undefined) => [
    process.execPath,
    '-e',
    `process.exit(process.env.PORT === '${port}' && process.env.COLOUR === 'blue' && process.cwd() === ${JSON.stringify(folder)} ? 0 : 9)`,
  ];

  test('has its place and its environment', async () => {
    const { sandbox, running } = await run('a', 8080, IDLE);
    expect(await running.exec(check(sandbox.hostPorts[8080]), 10_000)).toBe(0);
    await writeFile(join(folder, 'beside.js'), 'process.exit(5)');
    expect(await running.exec([process.execPath, '/beside.js'], 10_000)).toBe(5);
  });

  test.runIf(process.platform === 'linux')('has them too where the container was taken over', async () => {
    const { sandbox, running } = await run('a', 8080, IDLE);
    const adopted = await launcher.adopt(sandbox, running.record);
    await writeFile(join(folder, 'beside.js'), 'process.exit(5)');
    expect(await adopted?.exec(check(sandbox.hostPorts[8080]), 10_000)).toBe(0);
    expect(await adopted?.exec([process.execPath, '/beside.js'], 10_000)).toBe(5);
    adopted?.signal('SIGKILL');
    expect(await adopted?.exited).toEqual({ code: 137, oomKilled: false, isUnknown: true });
  });
});

describe.runIf(process.platform === 'linux')('a program that listens on its own port whatever $PORT says', () => {
  test('is reached there, and runs as one Pod at a time', async () => {
    const port = await freePort();
    const program = `require('node:net').createServer().listen(${port}, '127.0.0.1')`;
    const moved = new Promise<[string, Sandbox['hostPorts']]>((resolve) =>
      launcher.onMoved?.((...told) => resolve(told)),
    );
    const first = await run('first', port, program);
    expect(await moved).toEqual(['first', { [port]: port }]);
    const refused = await run('second', port, program).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(StartProblem);
    expect(refused).toMatchObject({
      reason: 'PortFixed',
      message: expect.stringContaining('Pod first holds that port') as string,
    });
    first.running.signal('SIGKILL');
    await first.running.exited;
    await run('second', port, program);
  });
});
