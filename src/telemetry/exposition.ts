// Metrics as text: Prometheus' format 0.0.4 and OpenMetrics 1.0.

import type { Family, Labels } from './metrics.ts';
import { labelName, prometheusName, unitOf } from './names.ts';

export type TextFormat = 'prometheus' | 'openmetrics';

export const CONTENT_TYPES: Readonly<Record<TextFormat, string>> = {
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

/** What a scraper asked for by its `Accept`: OpenMetrics only where it names it and does not like plain text better. */
export function formatFor(accept: string | undefined): TextFormat {
  const weights = new Map<string, number>();
  for (const range of (accept ?? '').split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    const weight = Number(parameters.find((one) => one.startsWith('q='))?.slice(2) ?? 1);
    weights.set(type, Math.max(weight, weights.get(type) ?? 0));
  }
  const open = weights.get('application/openmetrics-text') ?? 0;
  return open > 0 && open >= (weights.get('text/plain') ?? 0) ? 'openmetrics' : 'prometheus';
}

/** The text for a scraper. OpenMetrics names a counter without `_total`, tells units, and ends with `# EOF`. */
export function exposition(families: readonly Family[], format: TextFormat = 'prometheus'): string {
  const open = format === 'openmetrics';
  const blocks = families.filter(({ samples }) => samples.length > 0).map((family) => block(family, open));
  return blocks.join('') + (open ? '# EOF\n' : '');
}

function block(family: Family, open: boolean): string {
  const name = prometheusName(family.name, family);
  const title = open && family.type === 'counter' ? name.replace(/_total$/, '') : name;
  const unit = unitOf(family.unit);
  const lines = [
    `# HELP ${title} ${escapeHelp(family.help, open)}`,
    `# TYPE ${title} ${family.type === 'updown' ? 'gauge' : family.type}`,
    ...(open && unit !== undefined && title.endsWith(`_${unit}`) ? [`# UNIT ${title} ${unit}`] : []),
  ];
  for (const { labels, value, buckets, count } of family.samples) {
    const own = labelsText(labels);
    if (family.type !== 'histogram') {
      lines.push(line(name, own, value));
      continue;
    }
    const bucket = (bound: string, below: number) =>
      lines.push(line(`${name}_bucket`, `${own}${own && ','}le="${bound}"`, below));
    family.bounds.forEach((bound, i) => bucket(bucketBound(bound, open), buckets?.[i] ?? 0));
    bucket('+Inf', count ?? 0);
    lines.push(line(`${name}_sum`, own, value), line(`${name}_count`, own, count ?? 0));
  }
  return `${lines.join('\n')}\n`;
}

function labelsText(labels: Labels): string {
  return Object.entries(labels)
    .map(([key, text]) => `${labelName(key)}="${escapeLabel(text)}"`)
    .join(',');
}

function line(name: string, labels: string, value: number): string {
  return `${name}${labels && `{${labels}}`} ${number(value)}`;
}

function bucketBound(bound: number, open: boolean): string {
  return open && Number.isInteger(bound) ? `${bound}.0` : String(bound);
}

function number(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  return String(value);
}

function escapeLabel(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function escapeHelp(text: string, open: boolean): string {
  const out = text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
  return open ? out.replaceAll('"', '\\"') : out;
}
