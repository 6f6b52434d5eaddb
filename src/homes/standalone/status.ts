// What a running platform says of itself.

import { readFileSync } from 'node:fs';
import type { DiskBounds, DiskState } from '#storage/mod.ts';
import type { PlatformEndpoints } from './platform-options.ts';

export interface PlatformStatus {
  readonly dataDir: string;
  readonly version: string;
  /** Of Node. */
  readonly node: string;
  /** RFC 3339. */
  readonly since: string;
  readonly launcher: string;
  readonly endpoints: PlatformEndpoints;
  /** Bytes: free on the disk, kept free, taken by the folder (where it is counted), and allowed to it. */
  readonly disk: DiskState & DiskBounds;
  readonly processes: readonly {
    readonly name: 'control' | 'gateway';
    readonly pid: number;
    /** Memory in use; absent where the system does not tell. */
    readonly memoryBytes?: number | undefined;
  }[];
}

export interface StatusFacts extends Pick<PlatformStatus, 'dataDir' | 'version' | 'launcher' | 'endpoints' | 'disk'> {
  /** Milliseconds since 1970. */
  readonly began: number;
  readonly gatewayPid: number;
}

export function platformStatus({ began, gatewayPid, ...facts }: StatusFacts): PlatformStatus {
  return {
    ...facts,
    node: process.versions.node,
    since: new Date(began).toISOString(),
    processes: [
      { name: 'control', pid: process.pid, memoryBytes: process.memoryUsage.rss() },
      { name: 'gateway', pid: gatewayPid, memoryBytes: memoryOf(gatewayPid) },
    ],
  };
}

function memoryOf(pid: number): number | undefined {
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
  } catch {
    return undefined;
  }
}
