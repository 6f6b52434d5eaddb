// What every launcher owes the node agent.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ContainerStart, Launcher, RunningContainer, Sandbox } from '#node/mod.ts';

export interface LauncherUnderTest {
  readonly launcher: Launcher;
  stop(): Promise<void>;
}

/** A program that answers with its port's number until it is told to end, and then ends with 7. */
const SERVER = `const server = require('node:net').createServer((socket) => socket.end(process.env.PORT));
process.on('SIGTERM', () => process.exit(7));
server.listen(Number(process.env.PORT), () => console.log('listening'));`;

/** Runs the contract against launchers that `make` makes, each with a folder of its own. */
export function launcherContract(home: string, make: (folder: string) => Promise<LauncherUnderTest>): void {
  describe(`the launcher ${home}`, () => {
    let folder: string;
    let made: LauncherUnderTest;
    let sandbox: Sandbox;
    let started: RunningContainer[];

    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'launcher-'));
      made = await make(join(folder, 'launcher'));
      sandbox = await made.launcher.prepare({
        podUid: 'uid',
        podName: 'pod',
        namespace: 'ns',
        containerPorts: [8080],
        hostname: 'pod',
      });
      started = [];
      await writeFile(join(folder, 'message'), '', { mode: 0o666 });
    });
    afterEach(async () => {
      for (const one of started) one.signal('SIGKILL');
      await Promise.all(started.map(({ exited }) => exited));
      await made.launcher.discard(sandbox);
      await made.stop();
      await rm(folder, { recursive: true, force: true });
    });

    const logFile = () => join(folder, 'log');
    const said = () => readFile(logFile(), 'utf8');

    async function start(command: readonly string[], more: Partial<ContainerStart> = {}): Promise<RunningContainer> {
      const running = await made.launcher.start(sandbox, {
        id: `uid/main/${started.length}`,
        podUid: 'uid',
        podName: 'pod',
        command,
        env: [
          ['PORT', '8080'],
          ['GREETING', "it's $HOME"],
        ],
        workingDir: '/tmp',
        rootfs: 'host',
        mounts: [],
        readOnlyRoot: false,
        terminationMessageFile: join(folder, 'message'),
        terminationMessagePath: '/dev/termination-log',
        logFile: logFile(),
        ...more,
      });
      started.push(running);
      return running;
    }

    const shell = (script: string, more?: Partial<ContainerStart>) => start(['/bin/sh', '-c', script], more);

    /** What a connection to the container's port hears; tried until somebody listens. */
    async function hear(): Promise<string> {
      const port = sandbox.hostPorts[8080] ?? 8080;
      for (;;) {
        const heard = await new Promise<string | undefined>((resolve) => {
          let text = '';
          const socket = connect({ host: sandbox.address, port });
          socket.on('data', (chunk) => (text += chunk.toString()));
          socket.once('end', () => resolve(text));
          socket.once('error', () => resolve(undefined));
        });
        if (heard !== undefined) return heard;
        await new Promise((resolve) => setImmediate(resolve));
      }
    }

    test('tells how a program ended, and keeps what it said', async () => {
      const running = await shell('echo "$GREETING"; echo oops >&2; exit 5');
      expect(await running.exited).toMatchObject({ code: 5, oomKilled: false });
      expect(await said()).toBe("it's $HOME\noops\n");
    });

    test('runs in the folder that was named, with an input that is at its end', async () => {
      const running = await shell('pwd; cat; echo end');
      await running.exited;
      expect(await said()).toBe('/tmp\nend\n');
    });

    test('a program is reached at its port, wherever that is', async () => {
      await start([process.execPath, '-e', SERVER]);
      expect(await hear()).toBe(String(sandbox.hostPorts[8080] ?? 8080));
    });

    test('where it tells without a connection whether a program listens, it is as a connection would have it', async () => {
      const address = { host: sandbox.address, port: sandbox.hostPorts[8080] ?? 8080 };
      const listens = () => made.launcher.isListening?.(address);
      expect(listens()).not.toBe(true);
      const running = await start([process.execPath, '-e', SERVER]);
      await hear();
      while (listens() === false) await new Promise((resolve) => setImmediate(resolve));
      running.signal('SIGKILL');
      await running.exited;
      expect(listens()).not.toBe(true);
    });

    test('a program may end in its own way when it is asked to', async () => {
      const running = await start([process.execPath, '-e', SERVER]);
      await hear();
      running.signal('SIGTERM');
      expect(await running.exited).toMatchObject({ code: 7 });
    });

    test('a program that does not listen is killed with all it has started', async () => {
      const running = await start([process.execPath, '-e', SERVER.replace('process.exit(7)', '{}')]);
      await hear();
      running.signal('SIGTERM');
      running.signal('SIGKILL');
      expect(await running.exited).toMatchObject({ code: 137, signal: 'SIGKILL' });
    });

    test('runs commands beside it', async () => {
      const running = await shell('sleep 1000');
      expect(await running.exec(['/bin/sh', '-c', 'exit 3'], 10_000)).toBe(3);
      expect(await running.exec(['/bin/sh', '-c', 'test "$GREETING" = "it\'s \\$HOME"'], 10_000)).toBe(0);
      await expect(running.exec(['/bin/sh', '-c', 'sleep 1000'], 50)).rejects.toThrow();
    });

    test.runIf(process.platform === 'linux')('tells what it uses', async () => {
      const running = await start([process.execPath, '-e', SERVER]);
      await hear();
      const usage = running.usage?.();
      expect(usage?.cpuSeconds).toBeGreaterThan(0);
      expect(usage?.memoryBytes).toBeGreaterThan(2 ** 20);
    });

    test.each([
      ['a program that is not there', { command: ['/no/such/program'] }, /no\/such\/program/],
      [
        'a folder that is not there',
        { command: ['/bin/true'], workingDir: '/no/such/folder' },
        /no such file or directory|ENOENT/,
      ],
    ])('refuses %s', async (_what, more, expected) => {
      await expect(start(more.command, more)).rejects.toThrow(expected);
    });

    test('a container of an earlier run is taken over', async () => {
      const running = await start([process.execPath, '-e', SERVER]);
      await hear();
      const record = JSON.parse(JSON.stringify(running.record)) as typeof running.record;
      const adopted = await made.launcher.adopt(JSON.parse(JSON.stringify(sandbox)) as Sandbox, record);
      expect(adopted?.pid).toBe(running.pid);
      adopted?.signal('SIGTERM');
      expect(await running.exited).toMatchObject({ code: 7 });
      await adopted?.exited;
      expect(await made.launcher.adopt(sandbox, record)).toBeUndefined();
    });
  });
}
