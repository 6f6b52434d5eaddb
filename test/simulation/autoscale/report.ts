// The figures of a replay as a table.

import type { Figures } from './tally.ts';

export interface Row extends Figures {
  readonly name: string;
}

const COLUMNS: readonly (readonly [title: string, cell: (row: Row) => string])[] = [
  ['cold', ({ coldRequests }) => String(coldRequests)],
  ['cold %', ({ coldShare }) => (coldShare * 100).toFixed(2)],
  ['starts', ({ instancesStarted }) => String(instancesStarted)],
  ['instance h', ({ instanceHours }) => instanceHours.toFixed(1)],
  ['wasted h', ({ wastedHours }) => wastedHours.toFixed(1)],
  ['wait p50', ({ waitMs }) => ms(waitMs.p50)],
  ['p95', ({ waitMs }) => ms(waitMs.p95)],
  ['p99', ({ waitMs }) => ms(waitMs.p99)],
  ['p99.9', ({ waitMs }) => ms(waitMs.p999)],
  ['latency p50', ({ latencyMs }) => ms(latencyMs.p50)],
  ['p99', ({ latencyMs }) => ms(latencyMs.p99)],
];

export function table(
  { apps, hours, seed }: { apps: number; hours: number; seed: number },
  rows: readonly Row[],
): string {
  const cells = [
    ['', ...COLUMNS.map(([title]) => title)],
    ...rows.map((row) => [row.name, ...COLUMNS.map(([, cell]) => cell(row))]),
  ];
  const widths = cells[0]?.map((_, at) => Math.max(...cells.map((line) => line[at]?.length ?? 0))) ?? [];
  const lines = cells.map((line) =>
    line.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join('  '),
  );
  const title = `${rows[0]?.requests ?? 0} requests to ${apps} applications in ${hours} h (seed ${seed})`;
  return [title, '', ...lines].join('\n');
}

function ms(value: number): string {
  return value < 1000 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(1)} s`;
}
