// Pods reach addresses of Services by the listeners that the launcher opens for them.

import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systemClock } from '#base/mod.ts';
import type { ContainerStart } from '../launcher.ts';
import { sandboxLauncher } from './launcher.ts';
import { sandboxProblem } from './tools.ts';

const problem = sandboxProblem();
if (problem) console.warn(`the network of Services is not tested here: ${problem}`);

const ASK = `const dgram = require('node:dgram');
const socket = dgram.createSocket('udp4');
socket.on('message', (answer) => { console.log('udp', answer.toString()); socket.close(); });
socket.send('name?', 53, '10.96.0.10');
require('node:net').connect({ port: 80, host: '10.96.7.7', allowHalfOpen: true }).end('asked').on('data', (heard) => console.log('tcp', heard.toString()));`;

/** A program of Node on the machine's own root. */
const programOf = (folder: string, source: string, run: number): ContainerStart => ({
  id: `uid/main/${run}`,
  podUid: 'uid',
  podName: 'pod',
  command: [process.execPath, '-e', source],
  env: [],
  workingDir: '/',
  rootfs: 'host',
  mounts: [],
  readOnlyRoot: false,
  terminationMessageFile: join(folder, 'message'),
  terminationMessagePath: '/dev/termination-log',
  logFile: join(folder, `log-${run}`),
});

const POD = { podUid: 'uid', podName: 'pod', namespace: 'ns', containerPorts: [], hostname: 'pod' };

test.skipIf(problem !== undefined)(
  'what a Pod sends to the outside arrives at the exit, for whom it was meant; this machine is reached as ever',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'exit-'));
    const launcher = await sandboxLauncher({
      clock: systemClock,
      folder: join(folder, 'l'),
      hidden: [],
      nameServers: [],
      clusterDomain: 'cluster.local',
      hasExit: true,
      warn: (message, fields) => console.warn(message, fields),
    });
    const sandbox = await launcher.prepare(POD);
    const outside = await launcher.exit?.tcp('0.0.0.0', 443);
    outside?.on('connection', (socket) => socket.resume().once('end', () => socket.end(`for ${socket.localAddress}`)));
    const here = createServer((socket) => socket.end('here')).listen(0, launcher.gateway);
    await once(here, 'listening');
    const { port } = here.address() as AddressInfo;
    writeFileSync(join(folder, 'message'), '');
    const ask = `const ask = (port, host) => new Promise((resolve) => {
  const socket = require('node:net').connect({ port, host, allowHalfOpen: true });
  let text = '';
  socket.on('data', (heard) => (text += heard)).on('error', (error) => (text = error.code)).on('close', () => resolve(text)).end('x');
});
(async () => console.log(await ask(443, '203.0.113.7'), await ask(444, '203.0.113.7'), await ask(${port}, '${launcher.gateway}')))();`;
    const running = await launcher.start(sandbox, programOf(folder, ask, 0));
    await running.exited;
    expect(readFileSync(join(folder, 'log-0'), 'utf8')).toBe('for 203.0.113.7 ECONNREFUSED here\n');
    for (const server of [outside, here]) server?.close();
    await launcher.discard(sandbox);
    await launcher.close();
    rmSync(folder, { recursive: true, force: true });
  },
);

test.skipIf(problem !== undefined)(
  'a Pod reaches listeners at addresses of Services, also after the platform has started anew',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'services-'));
    const open = () =>
      sandboxLauncher({
        clock: systemClock,
        folder: join(folder, 'l'),
        hidden: [],
        nameServers: [],
        clusterDomain: 'cluster.local',
        warn: (message, fields) => console.warn(message, fields),
      });
    const first = await open();
    const sandbox = await first.prepare(POD);
    writeFileSync(join(folder, 'message'), '');
    const launchers = [first];
    for (let run = 0; run < 2; run++) {
      const launcher = launchers[run] ?? (await open());
      launchers[run] = launcher;
      const tcp = await launcher.listeners.tcp('10.96.7.7', 80);
      tcp.on('connection', (socket) => socket.on('data', () => undefined).once('end', () => socket.end('here')));
      const udp = await launcher.listeners.udp('10.96.0.10', 53);
      udp.on('message', (asked, { port, address }) => udp.send(`${asked.toString()} yes`, port, address));
      await expect(launcher.listeners.tcp('10.96.7.7', 80)).rejects.toThrow(/EADDRINUSE/);
      const running = await launcher.start(sandbox, programOf(folder, ASK, run));
      await running.exited;
      expect(
        readFileSync(join(folder, `log-${run}`), 'utf8')
          .trim()
          .split('\n')
          .sort(),
      ).toEqual(['tcp here', 'udp name? yes']);
      tcp.close();
      udp.close();
    }
    await launchers[1]?.discard(sandbox);
    for (const launcher of launchers) await launcher.close();
    rmSync(folder, { recursive: true, force: true });
  },
);
