// One event against many Triggers: what filters cost, and with 10,000 of them how much of the rate with 10 is left. No platform, no
// network: an event is read, laid out for the log, matched, and written for those that get it.

import type { CloudEvent, Filter } from '../src/events/mod.ts';
import { decodeHttp, decodeRecord, encodeBinary, encodeRecord, filtering } from '../src/events/mod.ts';
import { median } from './processes.ts';
import type { Section, SectionResult } from './section.ts';
import { times } from './section.ts';

const MATCHING = 10;
const MANY = 10_000;
const BODY_BYTES = 1024;
const GOAL = 0.5;
/** The whole path through HTTP, log and delivery is to take 15,000 events a second on one core. */
const BUDGET_MICROSECONDS = 1_000_000 / 15_000;

type Sorter = ReturnType<typeof filtering.sorter<number>>;

interface Setting {
  readonly name: string;
  readonly triggers: number;
  readonly sorter: Sorter;
}

interface FiltersRound {
  readonly setting: string;
  readonly round: number;
  /** Matching alone, and the whole of it, in microseconds of CPU an event. */
  readonly matching: number;
  readonly whole: number;
}

export const filters: Section = {
  name: 'filters',
  needs: [],
  async run({ rounds = 7, quick, say }) {
    const settings = [
      settingOf('10', MATCHING, exactFilter),
      settingOf('10,000 by type', MANY, exactFilter),
      settingOf('10,000 by CESQL', MANY, cesqlFilter),
      settingOf('10,000 by prefix', MANY, prefixFilter),
      settingOf('10,000 by either of two types', MANY, anyFilter),
      settingOf('10,000 that require nothing', MANY, notFilter),
    ];
    const count = quick ? 500 : 20_000;
    const results: FiltersRound[] = [];
    for (let round = 0; round <= (quick ? 1 : rounds); round++) {
      for (const setting of settings) {
        const measured = measure(setting, round, setting.name.endsWith('nothing') ? count / 200 : count);
        // The first round warms up.
        if (round > 0) results.push(measured);
      }
      say(`round ${round}`);
    }
    return await Promise.resolve(figures(results));
  },
};

function settingOf(name: string, triggers: number, filterOf: (type: string) => Filter): Setting {
  const sorter = filtering.sorter<number>();
  for (let id = 0; id < triggers; id++) sorter.set(id, [filterOf(id < MATCHING ? TYPE : `${TYPE}.${id}`)]);
  return { name, triggers, sorter };
}

const TYPE = 'com.example.order.created';
const exactFilter = (type: string): Filter => ({ exact: { type } });
const cesqlFilter = (type: string): Filter => ({ cesql: `type = '${type}' AND source LIKE '/orders/%'` });
const prefixFilter = (type: string): Filter => ({ prefix: { type } });
const anyFilter = (type: string): Filter => ({ any: [{ exact: { type } }, { exact: { type: `${type}.again` } }] });
const notFilter = (type: string): Filter => ({ not: { not: { exact: { type } } } });

const BODY = Buffer.from(JSON.stringify({ text: 'x'.repeat(BODY_BYTES - 11) }));

/** As curl would send them. */
function headersOf(id: number): string[] {
  return Object.entries({
    Host: 'broker-ingress.knative-eventing.svc.cluster.local',
    'User-Agent': 'bench',
    Accept: '*/*',
    'Content-Type': 'application/json',
    'Content-Length': String(BODY.length),
    'Ce-Specversion': '1.0',
    'Ce-Id': `order-${id}`,
    'Ce-Source': '/orders/eu',
    'Ce-Type': TYPE,
    'Ce-Time': '2026-04-05T17:31:00.123456Z',
    'Ce-Subject': `order/${id}`,
  }).flat();
}

function measure({ name, sorter }: Setting, round: number, count: number): FiltersRound {
  const event = eventOf(0);
  const matching = cpuMicroseconds(count, () => sorter.matching(event));
  const whole = cpuMicroseconds(count, (id) => {
    const { event: kept } = decodeRecord(encodeRecord({ event: eventOf(id), headers: [] }));
    for (const trigger of sorter.matching(kept)) if (trigger >= 0) encodeBinary(kept);
  });
  return { setting: name, round, matching, whole };
}

function eventOf(id: number): CloudEvent {
  const decoded = decodeHttp(headersOf(id), BODY);
  if (decoded.outcome !== 'event') throw new Error(JSON.stringify(decoded));
  return decoded.event;
}

/** Of CPU, not of time: others may use the machine. */
function cpuMicroseconds(count: number, run: (turn: number) => unknown): number {
  const before = process.cpuUsage();
  for (let turn = 0; turn < count; turn++) run(turn);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / count;
}

function figures(results: readonly FiltersRound[]): SectionResult {
  const of = (setting: string, what: 'matching' | 'whole') =>
    median(results.filter((one) => one.setting === setting).map((one) => one[what]));
  const ratio = of('10', 'whole') / of('10,000 by type', 'whole');
  const path = of('10', 'whole');
  const names = [...new Set(results.map(({ setting }) => setting))];
  return {
    rows: [
      {
        what: 'rate with 10,000 triggers of which 10 match, beside 10 triggers',
        value: times(ratio),
        goal: `at least ${times(GOAL)}`,
        met: ratio >= GOAL,
      },
      {
        what: 'an event of 1 KB read, laid out for the log and read back, matched, written 10 times',
        value: `${path.toFixed(1)} µs`,
        goal: `below ${BUDGET_MICROSECONDS.toFixed(0)} µs, the whole path's`,
        met: path < BUDGET_MICROSECONDS,
      },
      ...names.map((name) => ({ what: `matching against ${name}`, value: `${of(name, 'matching').toFixed(2)} µs` })),
    ],
    data: results,
  };
}
