// How a command shows objects: a table for people, JSON or YAML for programs.

import { stringify } from 'yaml';
import { usage } from './failure.ts';

/** A table comes without -o. */
export type Format = 'table' | 'wide' | 'json' | 'yaml' | 'name';

/** What -o says; most commands know JSON and YAML beside their table. Throws where it is none of `among`. */
export function formatOf(flag: string | undefined, among: readonly Format[] = ['json', 'yaml']): Format {
  if (flag === undefined) return 'table';
  const found = among.find((format) => format === flag);
  if (!found) throw usage(`-o must be one of ${among.join(', ')}, but is ${JSON.stringify(flag)}`);
  return found;
}

/** A value as a program reads it. */
export function rendered(value: unknown, format: 'json' | 'yaml'): string {
  return format === 'json' ? `${JSON.stringify(value, null, 2)}\n` : yamlOf(value);
}

/** YAML that readers of version 1.1 understand alike, kubectl among them: for those `y` and `on` are no text unless quoted. */
export function yamlOf(value: unknown): string {
  return stringify(value, { aliasDuplicateObjects: false, version: '1.1' });
}

/** Rows under headings, each column as wide as its widest cell and three spaces apart. */
export function columns(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = headings.map((heading, i) => Math.max(heading.length, ...rows.map((row) => (row[i] ?? '').length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('   ')
      .trimEnd();
  return `${[headings, ...rows].map(line).join('\n')}\n`;
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** `1.5 GiB`. */
export function bytes(count: number): string {
  const step = count < 1024 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(count) / 10));
  return `${(count / 1024 ** step).toFixed(step === 0 ? 0 : 1)} ${UNITS[step]}`;
}

/** `3d 4h`, `4h 5m`, `5m 6s`, `6s`: the two largest parts. */
export function duration(ms: number): string {
  const all = Math.floor(ms / 1000);
  const parts: [number, string][] = [
    [Math.floor(all / 86_400), 'd'],
    [Math.floor(all / 3600) % 24, 'h'],
    [Math.floor(all / 60) % 60, 'm'],
    [all % 60, 's'],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  if (first < 0) return '0s';
  return parts
    .slice(first, first + 2)
    .map(([count, unit]) => `${count}${unit}`)
    .join(' ');
}
