// Clients and suites that we did not write, each run against a platform of its own; `npm run strangers -- --help` says how.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parse } from 'yaml';
import { repository, startPlatform } from '../harness/platform.ts';
import { afterSecondTry, patternOf, toTryAgain } from './again.ts';
import type { Expected } from './expected.ts';
import { disagreements, faults, surprises } from './expected.ts';
import type { Outcome } from './outcomes.ts';
import type { Run } from './results.ts';
import { kept, totals } from './results.ts';
import { Lacking } from './stage.ts';
import { STAGES } from './stages.ts';

const { values } = parseArgs({
  options: {
    suite: { type: 'string', default: '' },
    runs: { type: 'string', default: '1' },
    only: { type: 'string' },
    list: { type: 'boolean', default: false },
    build: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
    again: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

const HELP = `npm run strangers -- --suite A[,B…] [--runs N] [--only REGEXP] [--keep | --again]
  --list   the suites, and how many tests of each are known to fail
  --suite  those to run, each against a platform of its own; what they need is built first, from Go modules
  --build  only builds
  --runs   so many times; all runs must agree
  --only   the tests whose names match
  --keep   writes test/strangers/results/SUITE.json
  --again  gives what fails unexpectedly a second try`;

const results = join(repository, 'test/strangers/results');
const runs = Number(values.runs);
const names = values.suite.split(',').filter((name) => name !== '');
const unknown = names.filter((name) => !(name in STAGES));
if (values.help) console.log(HELP);
else if (values.list) list();
else if (unknown.length > 0 || names.length === 0) {
  refuse(`--suite must be some of ${Object.keys(STAGES).join(', ')}, but is ${values.suite || 'missing'}`);
} else if (values.again && (values.keep || runs > 1))
  refuse('--again is not for results that are kept: what is shaky fails there');
else if (values.keep && values.only) refuse('--keep is for whole suites, not for a slice by --only');
else if (!Number.isInteger(runs) || runs < 1) refuse(`--runs must be a count of 1 or more, but is ${values.runs}`);
else await playOrRefuse(names);

function refuse(message: string): void {
  console.error(message);
  process.exitCode = 2;
}

async function playOrRefuse(suites: readonly string[]): Promise<void> {
  try {
    process.exitCode = (await play(suites)) ? 0 : 1;
  } catch (error) {
    if (!(error instanceof Lacking)) throw error;
    refuse(error.message);
  }
}

function list(): void {
  for (const name of Object.keys(STAGES)) {
    const count = expectedOf(name).length;
    console.log(`${name.padEnd(30)}${count === 0 ? 'all pass' : `all pass but ${count}`}`);
  }
}

/** Whether every suite ended as was expected. All is built before the first one runs. */
async function play(suites: readonly string[]): Promise<boolean> {
  mkdirSync(results, { recursive: true });
  for (const name of suites) await STAGES[name]?.prepare();
  let asExpected = true;
  if (!values.build) for (const name of suites) asExpected = (await playSuite(name)) && asExpected;
  return asExpected;
}

async function playSuite(name: string): Promise<boolean> {
  const expected = expectedOf(name);
  const found = faults(expected);
  const all: Run[] = [];
  for (let run = 1; run <= runs; run++) {
    const began = performance.now();
    const outcomes = await playWithSecondTry(name, run, expected);
    all.push({ seconds: Math.round((performance.now() - began) / 1000), outcomes });
    found.push(...surprises(outcomes, expected, !values.only));
    tell(name, run, outcomes);
  }
  found.push(...disagreements(all.map(({ outcomes }) => outcomes)));
  if (values.keep) keep(name, all);
  for (const line of found) console.error(`surprise: ${line}`);
  if (found.length > 0) console.error(`What the suite and the platform said: ${join(results, name)}-*.log`);
  return found.length === 0;
}

async function playWithSecondTry(
  name: string,
  run: number,
  expected: readonly Expected[],
): Promise<readonly Outcome[]> {
  const first = await playOnce(name, String(run), values.only);
  const tried = values.again ? toTryAgain(first, expected) : [];
  if (tried.length === 0) return first;
  for (const test of tried) console.log(`again: ${test}`);
  const { outcomes, shaky } = afterSecondTry(first, await playOnce(name, `${run}-again`, patternOf(tried)), tried);
  for (const test of shaky)
    console.log(`shaky: ${test} failed once, then passed; see ${join(results, name)}-${run}.log`);
  return outcomes;
}

async function playOnce(name: string, run: string, only: string | undefined): Promise<readonly Outcome[]> {
  const stage = STAGES[name];
  const log = join(results, `${name}-${run}.log`);
  if (!stage) return [];
  if ('runAlone' in stage) return stage.runAlone(log, only);
  const platform = await startPlatform({ args: ['--no-example', ...(stage.flags ?? [])] });
  try {
    return await stage.run(platform, log, only);
  } finally {
    writeFileSync(join(results, `${name}-${run}-platform.log`), platform.output());
    await platform.discard();
  }
}

function tell(name: string, run: number, outcomes: readonly Outcome[]): void {
  for (const { test, outcome, seconds } of outcomes) console.log(`${outcome} ${test} (${seconds} s)`);
  console.log(`${name}, run ${run}: ${totals(outcomes)}`);
}

/** The result file: at which commit, on how many cores, and how each test ended in each run. */
function keep(name: string, all: readonly Run[]): void {
  const git = (...args: string[]) => execFileSync('git', args, { cwd: repository, encoding: 'utf8' }).trim();
  const changed = git('status', '--porcelain', '--untracked-files=no', '--', ':!test/strangers/results') !== '';
  const text = {
    suite: name,
    commit: git('rev-parse', 'HEAD') + (changed ? ' and changes' : ''),
    cores: cpus().length,
    at: new Date().toISOString(),
    runs: all.map(kept),
  };
  writeFileSync(join(results, `${name}.json`), `${JSON.stringify(text, null, 2)}\n`);
}

function expectedOf(name: string): Expected[] {
  const file = join(repository, `test/strangers/expected/${name}.yaml`);
  return existsSync(file) ? ((parse(readFileSync(file, 'utf8')) as Expected[] | null) ?? []) : [];
}
