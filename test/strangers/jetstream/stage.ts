// The event log's contract on NATS JetStream: against the server built from its published module and, where the system has one of
// its own, against that, which may be some years older.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../free-port.ts';
import type { Outcome } from '../outcomes.ts';
import type { LoneStage } from '../stage.ts';
import { tool } from '../tools.ts';
import { runTests } from '../vitest.ts';

/** The variable that tells the tests where the server is. */
export const NATS_URL = 'EBB_TEST_NATS_URL';

export const JETSTREAM: LoneStage = {
  prepare: async () => void (await tool('nats-server')),
  async runAlone(log, only) {
    writeFileSync(log, '');
    const built = await against(await tool('nats-server'), log, only);
    const system = await against('nats-server', log, only).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      appendFileSync(log, 'The system has no nats-server; only the one that was built is a judge.\n');
      return [];
    });
    return [...built, ...system.map((outcome) => ({ ...outcome, test: `the system's server: ${outcome.test}` }))];
  },
};

async function against(command: string, log: string, only: string | undefined): Promise<Outcome[]> {
  const folder = mkdtempSync(join(tmpdir(), 'ebb-jetstream-'));
  const port = await freePort();
  const config = join(folder, 'nats.conf');
  writeFileSync(config, `listen: 127.0.0.1:${port}\njetstream { store_dir: "${join(folder, 'store')}" }\n`);
  const server = spawn(command, ['-c', config], { stdio: ['ignore', 'ignore', 'pipe'] });
  server.stderr.on('data', (chunk: Buffer) => appendFileSync(log, chunk));
  try {
    await once(server, 'spawn');
    await listening(port);
    return await runTests('jetstream', { [NATS_URL]: `nats://127.0.0.1:${port}` }, `${log}.tests`, only);
  } finally {
    if (server.pid !== undefined && server.exitCode === null) {
      server.kill('SIGTERM');
      await once(server, 'exit');
    }
    rmSync(folder, { recursive: true, force: true });
  }
}

const PATIENCE_MS = 20_000;

async function listening(port: number): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  while (!(await answers(port))) {
    if (Date.now() > end) throw new Error(`nats-server does not listen at port ${port} after ${PATIENCE_MS / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
