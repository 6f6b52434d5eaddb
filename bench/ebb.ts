// A platform of its own for the benches: where its processes run, how it is spoken to, and when a service is at zero.

import { execFile } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { promisify } from 'node:util';
import { connectTo } from '#homes/mod.ts';
import { ConfigMap, Pod } from '#kinds/mod.ts';
import type { Client } from '#objects/mod.ts';
import type { Platform } from '../test/harness/platform.ts';
import { ebbCommand, startPlatform, until } from '../test/harness/platform.ts';

export interface BenchPlatform {
  readonly platform: Platform;
  /** With the rights of its administrator, over the network as kubectl. */
  readonly client: Client;
  readonly gatewayPort: number;
  /** Its own processes, control and data; functions are not among them. */
  pids(): number[];
}

export interface StartEbbOptions {
  /** Binds the platform's processes to a core; they are left free unless told. */
  readonly core?: string;
  readonly launcher?: 'sandbox' | 'process';
  /** Further flags of `ebb up`. */
  readonly flags?: readonly string[];
  /** Further variables of its environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts a platform without the example. */
export async function startEbb({ core, launcher, flags = [], env }: StartEbbOptions = {}): Promise<BenchPlatform> {
  const args = ['--no-example', ...(launcher ? ['--launcher', launcher] : []), ...flags];
  const started = await startPlatform({ args, ...(env ? { env } : {}) });
  const connection = connectTo(started.dataDir);
  const platform = {
    ...started,
    async discard() {
      await connection.close();
      await started.discard();
    },
  };
  const pids = () => ownPids(started);
  if (core) for (const pid of pids()) await promisify(execFile)('taskset', ['-a', '-p', '-c', core, String(pid)]);
  return { platform, client: connection.client, gatewayPort: Number(new URL(started.endpoints.gateway).port), pids };
}

/** Processes whose command line is the platform's own and that work on this data folder. */
function ownPids({ dataDir, process: control }: Platform): number[] {
  const mine = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      const words = wordsOf(Number(pid), 'cmdline');
      return words.some((word) => /\/main\.[jt]s$/.test(word)) && words.some((word) => word.includes(dataDir));
    })
    .map(Number);
  return [...new Set([...(control.pid ? [control.pid] : []), ...mine])];
}

/** A process's words as /proc has them; empty where it has just ended. */
export function wordsOf(pid: number, file: 'cmdline' | 'environ'): string[] {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8').split('\0').filter(Boolean);
  } catch {
    return [];
  }
}

/** Deploys a folder and gives the Host that reaches it. */
export async function deploy(
  { platform }: BenchPlatform,
  folder: string,
  name: string,
  flags: readonly string[] = [],
): Promise<string> {
  const args = ['deploy', folder, '--name', name, '--data', platform.dataDir, '-o', 'json', ...flags];
  const { stdout } = await promisify(execFile)(ebbCommand, args);
  return new URL((JSON.parse(stdout) as { url: string }).url).host;
}

/** Every service goes to zero soon after its last request, and nothing else about it changes. */
export async function soonToZero({ client }: BenchPlatform): Promise<void> {
  const data = { 'stable-window': '6s', 'scale-to-zero-grace-period': '1s' };
  await client.patch(ConfigMap, 'knative-serving', 'config-autoscaler', 'merge', { data });
}

const LOOK_MS = 100;

/** Waits until the service has no Pod, by whatever the autoscaler does by itself. A Pod goes after its processes. */
export async function atZero({ client }: BenchPlatform, service: string): Promise<void> {
  const labelSelector = `serving.knative.dev/service=${service}`;
  await until(
    async () => {
      const { items } = await client.list(Pod, { namespace: 'default', labelSelector });
      if (items.length > 0) await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
      return items.length === 0;
    },
    120_000,
    () => `the service ${service} did not go to zero`,
  );
}
