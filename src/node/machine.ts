// This machine, as its Node and its Pods are to know it: the facts.

import { availableParallelism, hostname, release, totalmem } from 'node:os';

export interface MachineFacts {
  readonly cores: number;
  readonly memoryBytes: number;
  readonly kernel: string;
  /** As Node.js says them: `linux`, `x64`. */
  readonly platform: string;
  readonly architecture: string;
}

export function machineFacts(): MachineFacts {
  return {
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    kernel: release(),
    platform: process.platform,
    architecture: process.arch,
  };
}

/** This machine's name as a Node's: lower case, no dots at its ends. */
export function nodeNameOf(name = hostname()): string {
  return (
    name
      .toLowerCase()
      .replaceAll(/[^a-z0-9.-]/g, '-')
      .replaceAll(/^[-.]+|[-.]+$/g, '') || 'localhost'
  );
}
