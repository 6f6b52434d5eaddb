// ebb up --detach: starts the platform in a session of its own and waits until it is ready.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { endpointsOf } from '../data-dir.ts';
import { Failure } from '../failure.ts';
import { seconds } from '../output.ts';
import type { CliPorts, Detached } from '../ports.ts';
import { exampleCa } from './example-ca.ts';
import { welcome } from './welcome.ts';

/** A first start with the example on a slow machine takes some seconds; this is far more. */
const PATIENCE_MS = 180_000;
const LOOK_MS = 50;
const LAST_LINES = 10;

export async function upDetached(dataDir: string, isNamed: boolean, ports: CliPorts): Promise<void> {
  const holder = ports.holder(dataDir);
  if (holder !== undefined) {
    throw new Failure(
      `A platform runs on ${dataDir} already (process ${holder}). 'ebb status' tells more, 'ebb down' stops it.`,
    );
  }
  const began = ports.now();
  const child = ports.detach(dataDir);
  await ready(child, dataDir, began, ports);
  for (const notice of noticesOf(child)) ports.err(`${notice}\n`);
  const logs = join(dataDir, 'logs');
  const kubeconfig = join(dataDir, 'kubeconfig');
  const named = isNamed ? dataDir : undefined;
  const endpoints = endpointsOf(dataDir);
  const ca = await exampleCa(endpoints.example, dataDir, ports);
  ports.out(welcome({ endpoints, kubeconfig, ms: ports.now() - began, dataDir: named, exampleCa: ca, logs }));
}

async function ready(child: Detached, dataDir: string, began: number, ports: CliPorts): Promise<void> {
  const isReady = () => existsSync(join(dataDir, 'endpoints.json')) && ports.holder(dataDir) === child.pid;
  while (!isReady()) {
    if (child.hasEnded()) throw new Failure(`The platform ended before it was ready:\n${lastWords(child)}`);
    if (ports.signal.aborted) {
      ports.end(child.pid);
      throw new Failure('Cancelled; the platform stops.', 130);
    }
    if (ports.now() - began > PATIENCE_MS) {
      throw new Failure(
        `The platform (process ${child.pid}) is not ready after ${PATIENCE_MS / 1000} s. It goes on; ${child.output} says what it does, 'ebb down' stops it.`,
      );
    }
    if (ports.isTerminal) ports.err(`\rebb: starting (process ${child.pid}), ${seconds(ports.now() - began)} `);
    await ports.pause(LOOK_MS);
  }
  if (ports.isTerminal) ports.err('\r\u001B[K');
}

/** What it told on the way: ports that were busy, a launcher that cannot be had. */
function noticesOf(child: Detached): string[] {
  return textOf(child)
    .split('\n')
    .filter((line) => line.startsWith('ebb: '));
}

function textOf({ output }: Detached): string {
  return existsSync(output) ? readFileSync(output, 'utf8') : '';
}

function lastWords(child: Detached): string {
  const { output } = child;
  return textOf(child).trimEnd().split('\n').slice(-LAST_LINES).join('\n') || `(it said nothing; see ${output})`;
}
