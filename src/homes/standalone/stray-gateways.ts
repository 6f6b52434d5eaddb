// Data processes of a folder that nobody noted: their control process was killed between starting and noting them.

import { readFileSync, readdirSync } from 'node:fs';

/** Their process ids. None where the system has no /proc. */
export function strayGateways(dataDir: string): number[] {
  if (process.platform !== 'linux') return [];
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.filter((pid) => isGatewayOf(dataDir, wordsOf(pid))).map(Number);
}

/** `node … PROGRAM data DIR SETTINGS`, as `launch` starts it. */
function isGatewayOf(dataDir: string, words: readonly string[]): boolean {
  return words.at(-3) === 'data' && words.at(-2) === dataDir;
}

function wordsOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
  } catch {
    return [];
  }
}
