// What the figures were measured on: machine, commit, and the versions of the peers.

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { repository } from '../test/harness/platform.ts';
import { envoyCommand } from './peers.ts';

const builtNats = join(repository, '.cache/strangers/bin/nats-server');

export function machine() {
  return {
    commit: said('git', ['-C', repository, 'describe', '--always', '--dirty']),
    cores: availableParallelism(),
    cpu: cpus()[0]?.model ?? 'unknown',
    memoryGigabytes: Math.round(totalmem() / 1e9),
    kernel: `${process.platform} ${release()}`,
    scheduling: scheduling(),
    versions: {
      node: process.version,
      nginx: said('nginx', ['-v']).replace(/^nginx version: /, ''),
      envoy: /\d+\.\d+\.\d+/.exec(said(envoyCommand() ?? 'envoy', ['--version']))?.[0] ?? 'missing',
      nats: said(existsSync(builtNats) ? builtNats : 'nats-server', ['--version']),
      redis: /v=(\S+)/.exec(said('redis-server', ['--version']))?.[1] ?? 'missing',
      wrk: /wrk\s+(\S+)/.exec(said('wrk', ['-v']))?.[1] ?? 'missing',
    },
  };
}

/** Whether the run went ahead of other work (`chrt`); the policy is the 41st field of its stat. */
function scheduling(): 'usual' | 'real-time' {
  if (!existsSync('/proc/self/stat')) return 'usual';
  const stat = readFileSync('/proc/self/stat', 'utf8');
  const policy = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[38];
  return policy === '1' || policy === '2' ? 'real-time' : 'usual';
}

/** How busy the machine is, averaged over the last minute. */
export const load = (): number => loadavg()[0] ?? NaN;

/** What a command says of itself; `missing` where it is not there. */
function said(command: string, args: readonly string[]): string {
  const { stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  return error ? 'missing' : (stdout || stderr).trim();
}
