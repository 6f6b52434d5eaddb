// Replays a day of many applications through the autoscaler and prints what each setting costs and saves:
// npm run simulate -- autoscale [--seed 1] [--apps 200] [--hours 24] [--cold-start MS] [--knative-cold-start MS] [-o json]

import { parseArgs } from 'node:util';
import { seededRandom } from '#base/mod.ts';
import { drawApplications } from './applications.ts';
import { replay } from './replay.ts';
import type { Row } from './report.ts';
import { table } from './report.ts';
import { variants } from './variants.ts';

/** Measured by `npm run bench -- --section cold-start` on a quiet machine: a small Node program, from zero to its first byte. */
const OWN_COLD_START_MS = 55;
/** Knative's median at one cold start a second on 17 nodes (artifact of Dirigent, SOSP 2024, read off its figure). */
const KNATIVE_COLD_START_MS = 1800;

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    apps: { type: 'string', default: '200' },
    hours: { type: 'string', default: '24' },
    'cold-start': { type: 'string', default: String(OWN_COLD_START_MS) },
    'knative-cold-start': { type: 'string', default: String(KNATIVE_COLD_START_MS) },
    output: { type: 'string', short: 'o', default: 'table' },
  },
});

const settings = {
  seed: number('seed', values.seed, 0),
  apps: number('apps', values.apps, 1),
  hours: number('hours', values.hours, 0.1),
  ownMs: number('cold-start', values['cold-start'], 0),
  knativeMs: number('knative-cold-start', values['knative-cold-start'], 0),
};
const isJson = values.output === 'json';
if (!isJson && values.output !== 'table') fail(`--output is table or json, not ${values.output}`);

const applications = drawApplications(seededRandom(settings.seed), settings.apps);
const rows: Row[] = [];
for (const { name, settings: chosen } of variants(settings)) {
  rows.push({ name, ...replay(applications, settings.hours, chosen) });
  if (!isJson) process.stderr.write('.');
}
if (!isJson) process.stderr.write('\n');
console.log(isJson ? JSON.stringify({ ...settings, rows }, null, 2) : table(settings, rows));

function number(option: string, text: string, least: number): number {
  const value = Number(text);
  if (Number.isFinite(value) && value >= least) return value;
  return fail(`--${option} must be a number from ${least}, not ${text}`);
}

function fail(message: string): never {
  console.error(`simulate autoscale: ${message}`);
  process.exit(2);
}
