// `npm run bench`: runs sections one after another, prints their figures, and keeps them in bench/results/latest.json.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { repository } from '../test/harness/platform.ts';
import { channelDispatcher, tool } from '../test/strangers/tools.ts';
import { api } from './api.ts';
import { coldStart } from './cold-start.ts';
import { density } from './density.ts';
import { events } from './events.ts';
import { filters } from './filters.ts';
import { gateway } from './gateway.ts';
import { log } from './log.ts';
import { machine, load } from './machine.ts';
import { memory } from './memory.ts';
import { passLines } from './pass-lines.ts';
import { missing } from './peers.ts';
import { has } from './processes.ts';
import { ready } from './ready.ts';
import { reconcile } from './reconcile.ts';
import type { Row, Section, SectionOptions } from './section.ts';
import { wakes } from './wakes.ts';

const SECTIONS: readonly Section[] = [
  gateway,
  coldStart,
  ready,
  reconcile,
  api,
  memory,
  density,
  filters,
  log,
  events,
  passLines,
  wakes,
];
const RESULTS = join(repository, 'bench/results/latest.json');

const USAGE = `npm run bench -- [--section ${SECTIONS.map(({ name }) => name).join('|')}]… [--rounds N] [--quick] [--engine own|node]
       npm run bench -- --build
  --section  only this one; may be repeated
  --rounds   how many rounds; each section has its usual number
  --quick    just enough to see that it works
  --build    only builds the peers that come as Go modules
  --engine   which HTTP engine the gateway section measures (its own unless told)
`;

interface Kept {
  readonly at: string;
  readonly command: string;
  readonly machine: ReturnType<typeof machine>;
  readonly loadBefore: number;
  readonly loadAfter: number;
  readonly rows: readonly Row[];
  readonly data: unknown;
}

function options(): { chosen: readonly Section[]; build: boolean; of: SectionOptions } {
  const { values } = parseArgs({
    options: {
      section: { type: 'string', multiple: true },
      rounds: { type: 'string' },
      quick: { type: 'boolean', default: false },
      build: { type: 'boolean', default: false },
      engine: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  const { section: names, rounds, quick, build, engine, help } = values;
  const unknown = names?.filter((name) => !SECTIONS.some((one) => one.name === name)) ?? [];
  const count = rounds === undefined ? undefined : Number(rounds);
  if (help || unknown.length > 0 || (count !== undefined && !(Number.isInteger(count) && count > 0))) {
    process.stdout.write(USAGE);
    process.exit(help ? 0 : 2);
  }
  const say = (text: string) => void process.stderr.write(`  ${text}\n`);
  return {
    chosen: names ? SECTIONS.filter(({ name }) => names.includes(name)) : SECTIONS,
    build,
    of: { rounds: count, quick, engine, say },
  };
}

async function buildPeers(): Promise<void> {
  for (const built of [await tool('nats-server'), await channelDispatcher()]) process.stdout.write(`${built}\n`);
}

/** Sections that are not run now keep what they had, each with its own date and machine. */
function keep(results: ReadonlyMap<string, Kept>): void {
  const before = existsSync(RESULTS) ? (JSON.parse(readFileSync(RESULTS, 'utf8')) as Record<string, Kept>) : {};
  mkdirSync(join(RESULTS, '..'), { recursive: true });
  writeFileSync(RESULTS, `${JSON.stringify({ ...before, ...Object.fromEntries(results) }, null, 2)}\n`);
}

function table(name: string, { rows, loadBefore, loadAfter }: Kept): string {
  const width = Math.max(...rows.map(({ what }) => what.length));
  const lines = rows.map(({ what, value, goal, met }) => {
    const verdict = goal ? `   goal: ${goal}${met ? ', met' : ', NOT met'}` : '';
    return `  ${what.padEnd(width)}  ${value.padStart(10)}${verdict}`;
  });
  return `\n${name} (load average ${loadBefore.toFixed(2)} before, ${loadAfter.toFixed(2)} after)\n${lines.join('\n')}\n`;
}

async function main(): Promise<void> {
  const { chosen, build, of } = options();
  if (build) return buildPeers();
  const lacking = missing();
  if (lacking.length > 0)
    process.stderr.write(`Missing, and left out:\n${lacking.map((line) => `  ${line}\n`).join('')}`);
  const results = new Map<string, Kept>();
  for (const section of chosen) {
    const lacks = section.needs.filter((command) => !has(command));
    if (lacks.length > 0) {
      process.stderr.write(`${section.name}: not run, for it needs ${lacks.join(', ')}\n`);
      continue;
    }
    process.stderr.write(`${section.name}\n`);
    const loadBefore = load();
    const { rows, data } = await section.run(of);
    const command = `npm run bench -- ${process.argv.slice(2).join(' ')}`.trim();
    results.set(section.name, {
      at: new Date().toISOString(),
      command,
      machine: machine(),
      loadBefore,
      loadAfter: load(),
      rows,
      data,
    });
  }
  if (!of.quick) keep(results);
  for (const [name, kept] of results) process.stdout.write(table(name, kept));
}

await main();
process.exit();
