// The platform's data process by itself, bound to a core, with a line to tell it what streams there are.

import type { ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '#base/mod.ts';
import type { Consumer, EventsControl, StreamRule } from '#events/mod.ts';
import { connectEvents } from '#events/mod.ts';
import type { GatewayControl } from '#gateway/mod.ts';
import { connectControl } from '#gateway/mod.ts';
import type { DataSettings } from '#homes/mod.ts';
import { DATA_PROCESS_FLAGS } from '#homes/mod.ts';
import { silentLog } from '#telemetry/mod.ts';
import { ebbCommand, repository } from '../../test/harness/platform.ts';
import { BROKER_HOST } from './wire.ts';
import { end, freePort, listening, PROXY_CORE, startOn } from '../processes.ts';

export interface BenchData {
  readonly pid: number;
  readonly port: number;
  readonly gateway: GatewayControl;
  readonly events: EventsControl;
  /** Ends the process; what it has on disk stays. */
  stop(): Promise<void>;
}

/** Starts the process that `ebb up` starts beside its own, on a folder of its own. */
export async function startData(dataDir: string): Promise<BenchData> {
  mkdirSync(join(dataDir, 'run'), { recursive: true });
  mkdirSync(join(dataDir, 'logs'), { recursive: true });
  const http = await freePort();
  const host = '127.0.0.1';
  const settings: DataSettings = {
    dataDir,
    hosts: { http: host, https: host, internal: host },
    ports: { http, https: 0, internal: 0, internalTls: 0 },
    engine: 'own',
    disk: { floor: 0 },
    version: 'bench',
  };
  const args = ['data', dataDir, JSON.stringify(settings)];
  const flags = [process.env['NODE_OPTIONS'], ...DATA_PROCESS_FLAGS].filter(Boolean).join(' ');
  const env = { ...process.env, NODE_OPTIONS: flags };
  const child = startOn(PROXY_CORE, ebbCommand, args, { stdio: 'inherit', env });
  await listening(http);
  const options = { clock: systemClock, log: silentLog };
  const gateway = connectControl(join(dataDir, 'run/gateway.sock'), options);
  const events = connectEvents(join(dataDir, 'run/events.sock'), options);
  return {
    pid: pidOf(child),
    port: http,
    gateway,
    events,
    async stop() {
      await Promise.all([gateway.close(), events.close()]);
      await end(child);
    },
  };
}

function pidOf({ pid }: ChildProcess): number {
  if (pid === undefined) throw new Error('the data process could not be started');
  return pid;
}

/** A folder beside the checkout, for one for what is temporary may be in memory; removed after. */
export async function inNewFolder<T>(act: (folder: string) => Promise<T>): Promise<T> {
  mkdirSync(join(repository, '.cache'), { recursive: true });
  const folder = mkdtempSync(join(repository, '.cache/bench-events-'));
  try {
    return await act(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A Broker `default/NAME` as the control process tells of it; its path is that, too. */
export function brokerRule(name: string, consumers: StreamRule['consumers']): StreamRule {
  const [namespace, path] = ['default', `/default/${name}`];
  return { addresses: [{ hosts: [BROKER_HOST], path, kind: 'broker', namespace, name }], consumers };
}

/** A Trigger of that Broker with Knative's defaults of delivery. */
export function trigger(broker: string, name: string, type: string, url: string): Consumer {
  return {
    namespace: 'default',
    name,
    kind: 'trigger',
    filters: [{ exact: { type } }],
    subscriber: { url },
    reply: { url: `http://${BROKER_HOST}/default/${broker}` },
    delivery: { retry: 10, backoffPolicy: 'exponential', backoffDelayMs: 200 },
  };
}
