// Tests that take long; `npm run soak -- --help` says which. Each kind writes what it found to results/KIND.json.

import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { repository } from '../harness/platform.ts';
import { soakBodies } from './bodies.ts';
import { soakEvents } from './events/soak.ts';
import { eventsSummaryOf } from './events/summary.ts';
import { soakFuzz } from './fuzz.ts';
import { soakCodec } from './codec.ts';
import { soak } from './kill.ts';
import { summaryOf } from './summary.ts';

interface Summary {
  readonly wrong: readonly string[];
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '200' },
    count: { type: 'string', default: '1000000' },
    events: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
    ebb: { type: 'string' },
    out: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

const HELP = `npm run soak [-- KIND] [--seed N] [--out FILE]
  kill    the platform, killed in each of --rounds N (200): what was acknowledged is there again; the usual one
  events  the same under a load of events, --rounds N (200)
  fuzz    --count N (1000000) connections of the gateway beside Node's parser
  codec   --events N (1000000) events, in every mode
  bodies  a gigabyte each way through the gateway
Each takes a quarter of an hour or more, writes what it found to test/soak/results/KIND.json, and ends with code 1 where
anything is wrong. kill and events take another platform than this checkout's with --ebb FILE.`;

if (values.help) {
  console.log(HELP);
  process.exit(0);
}
const seed = Number(values.seed);
const say = (text: string) => void process.stdout.write(`${text}\n`);
const commit = execFileSync('git', ['describe', '--always', '--dirty', '--abbrev=40'], {
  cwd: repository,
  encoding: 'utf8',
}).trim();
const circumstances = { commit, cores: availableParallelism(), node: process.version, seed };

const KINDS: Readonly<Record<string, () => Promise<Summary>>> = {
  async kill() {
    const { ebb } = values;
    const options = { rounds: Number(values.rounds), seed, configMaps: 850, services: 25, say };
    return summaryOf(await soak({ ...options, ...(ebb ? { ebb } : {}) }), circumstances);
  },
  async events() {
    const options = { rounds: Number(values.rounds), seed, say, ...(values.ebb ? { ebb: values.ebb } : {}) };
    return eventsSummaryOf(await soakEvents(options), circumstances);
  },
  fuzz: async () => ({ ...circumstances, ...(await soakFuzz({ count: Number(values.count), seed, say })) }),
  codec: async () => ({ ...circumstances, ...soakCodec({ events: Number(values.events), seed, say }) }),
  bodies: async () => ({ ...circumstances, ...(await soakBodies({ bytes: 2 ** 30, say })) }),
};

const [kind = 'kill'] = positionals;
const run = KINDS[kind];
if (!run) {
  console.error(`expected one of ${Object.keys(KINDS).join(', ')}, but got ${kind}\n\n${HELP}`);
  process.exit(2);
}
const summary = await run();
const results = fileURLToPath(new URL('./results', import.meta.url));
mkdirSync(results, { recursive: true });
writeFileSync(values.out ?? `${results}/${kind}.json`, `${JSON.stringify(summary, null, 2)}\n`);
say(JSON.stringify(summary, null, 2));
for (const text of summary.wrong) say(`wrong: ${text}`);
process.exit(summary.wrong.length > 0 ? 1 : 0);
