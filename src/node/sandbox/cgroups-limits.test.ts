import { describe, expect, test } from 'vitest';
import type { Limits } from './cgroups-limits.ts';
import { settingsV1, settingsV2 } from './cgroups-limits.ts';

const KNATIVE: Limits = { memory: 128 * 2 ** 20, cpu: 1, cpuRequest: 0.125 };

describe('limits as the kernel wants them', () => {
  test.each<[Limits, Record<string, string>]>([
    [
      KNATIVE,
      {
        'memory.max': '134217728',
        'memory.swap.max': '0',
        'memory.oom.group': '1',
        'cpu.max': '100000 100000',
        'cpu.weight': '5',
      },
    ],
    [{ cpu: 0.001 }, { 'cpu.max': '1000 100000', 'cpu.weight': '1' }],
    [{}, { 'cpu.weight': '1' }],
  ])('version 2 of %j', (limits, expected) => {
    expect(settingsV2(limits)).toEqual(expected);
  });

  test.each<[Limits, ReturnType<typeof settingsV1>]>([
    [
      KNATIVE,
      {
        memory: { 'memory.limit_in_bytes': '134217728', 'memory.memsw.limit_in_bytes': '134217728' },
        cpu: { 'cpu.shares': '128', 'cpu.cfs_period_us': '100000', 'cpu.cfs_quota_us': '100000' },
      },
    ],
    [{}, { memory: {}, cpu: { 'cpu.shares': '2' } }],
  ])('version 1 of %j', (limits, expected) => {
    expect(settingsV1(limits)).toEqual(expected);
  });
});
