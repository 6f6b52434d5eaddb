// Memory of all of the platform's processes at rest, with one function that is at zero.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from '../test/harness/platform.ts';
import { atZero, soonToZero, startEbb, deploy } from './ebb.ts';
import type { Memory } from './processes.ts';
import { descendants, memoryOf } from './processes.ts';
import type { Section } from './section.ts';

const SETTLE_MS = 60_000;
const QUICK_SETTLE_MS = 5000;
const GOAL_MEGABYTES = 150;

export const memory: Section = {
  name: 'memory',
  needs: [],
  async run({ quick, say }) {
    const ebb = await startEbb();
    try {
      await soonToZero(ebb);
      await deploy(ebb, join(repository, 'examples/hello'), 'idle');
      await atZero(ebb, 'idle');
      const settleMs = quick ? QUICK_SETTLE_MS : SETTLE_MS;
      say(`the function is at zero; settling for ${settleMs / 1000} s`);
      await new Promise((resolve) => setTimeout(resolve, settleMs));
      const processes = descendants(ebb.pids()).map((pid) => ({ name: nameOf(pid), ...memoryOf(pid) }));
      return figures(processes);
    } finally {
      await ebb.platform.discard();
    }
  },
};

interface ProcessMemory extends Memory {
  readonly name: string;
}

function figures(processes: readonly ProcessMemory[]) {
  const total = sum(processes.map(({ pss }) => pss));
  // Files in memory are Node's own program above all, which the platform's processes have in common.
  const alone = sum(processes.map(({ own }) => own)) + Math.max(...processes.map(({ files }) => files));
  return {
    rows: [
      ...processes
        .filter(({ pss }) => pss >= 1)
        .map(({ name, pss }) => ({ what: `PSS of ${name}`, value: megabytesText(pss) })),
      { what: `PSS of all ${processes.length} processes`, value: megabytesText(total) },
      {
        what: 'the same where no other Node runs on the machine',
        value: megabytesText(alone),
        goal: `at most ${GOAL_MEGABYTES} MB`,
        met: alone <= GOAL_MEGABYTES,
      },
    ],
    data: { totalMegabytes: total, aloneMegabytes: alone, processes },
  };
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const megabytesText = (value: number): string => `${value.toFixed(1)} MB`;

/** Which of the platform's processes it is. */
function nameOf(pid: number): string {
  const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  const program = words.findIndex((word) => /main\.[jt]s$/.test(word));
  if (program < 0) return words[0] ?? String(pid);
  return words[program + 1] === 'data' ? 'the data process' : 'the control process';
}
