// Ebb's admission against Knative's own: thousands of writes by chance, and every key of every config map with many values.

import { writeFileSync } from 'node:fs';
import { sample } from 'fast-check';
import { servingConfigs } from '#kinds/mod.ts';
import type { Outcome } from '../outcomes.ts';
import type { LoneStage } from '../stage.ts';
import { admissionJudge } from '../tools.ts';
import type { Difference } from './compare.ts';
import { configDifferences, differencesOf } from './compare.ts';
import { configMapsOf } from './config-values.ts';
import { creations, KINDS, updates } from './writes.ts';

const WRITES_A_KIND = 1000;

export const ADMISSION: LoneStage = {
  prepare: async () => void (await admissionJudge()),
  async runAlone(log, only = '') {
    const judge = await admissionJudge();
    const fits = new RegExp(only);
    const tests = [
      ...KINDS.map((kind) => [`create ${kind}`, () => writesOf(creations, kind, judge)] as const),
      ...KINDS.map((kind) => [`update ${kind}`, () => writesOf(updates, kind, judge)] as const),
      ...servingConfigs
        .filter(isKnatives)
        .map((map) => [map.name, () => configDifferences(configMapsOf(map), judge)] as const),
    ].filter(([test]) => fits.test(test));
    const outcomes = tests.map(([test, run]) => outcomeOf(test, run));
    writeFileSync(log, outcomes.map(({ test, said }) => `${test}\n${said}\n`).join('\n'));
    return outcomes;
  },
};

/** Not one of Ebb's own. */
const isKnatives = ({ name }: { readonly name: string }): boolean => !name.startsWith('config-ebb-');

interface Compared {
  readonly tried: number;
  readonly found: readonly Difference[];
}

function writesOf(make: typeof creations, kind: string, judge: string): Compared {
  return differencesOf(sample(make(kind), { numRuns: WRITES_A_KIND, seed: 1 }), judge);
}

function outcomeOf(test: string, run: () => Compared): Outcome {
  const began = performance.now();
  const { tried, found } = run();
  const seconds = Math.round((performance.now() - began) / 10) / 100;
  const told = found.map(({ about, step, ours, theirs }) =>
    [about, JSON.stringify(step), `  Ebb:     ${textOf(ours)}`, `  Knative: ${textOf(theirs)}`].join('\n'),
  );
  const said = [`${tried} writes, ${found.length} differences`, ...told].join('\n');
  return { test, outcome: found.length === 0 && tried > 0 ? 'pass' : 'fail', seconds, said };
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
