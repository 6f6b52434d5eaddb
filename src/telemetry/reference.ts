// docs/metrics.md, made of the instruments' page.

import type { Instrument, Instruments } from './instruments.ts';
import { DURATION_BOUNDS, INSTRUMENTS } from './instruments.ts';
import { labelName, prometheusName } from './names.ts';

const HEAD = `# Metrics

Made from \`src/telemetry/instruments.ts\`; \`npx vitest run src/telemetry -u\` makes it anew.

The console's port serves all of them, of both processes, at \`/metrics\`: as Prometheus' text, or as OpenMetrics to a scraper whose
\`Accept\` asks for it. \`config-observability\` sends them elsewhere: those of group *platform* by \`metrics-*\`, those of group
*requests* by \`request-metrics-*\`. Attributes have dots in OTLP and underscores as Prometheus' labels.

Durations are histograms with the bounds ${DURATION_BOUNDS.join(', ')} (seconds) where no others are named.
`;

/** The page as it should be. */
export function metricsPage(instruments: Instruments = INSTRUMENTS): string {
  return HEAD + (['requests', 'platform'] as const).map((group) => section(group, instruments)).join('');
}

function section(group: Instrument['group'], instruments: Instruments): string {
  const rows = Object.entries(instruments).filter(([, instrument]) => instrument.group === group);
  const lines = rows.map(([name, instrument]) => row(name, instrument)).join('\n');
  return `\n## Group *${group}*\n\n| name | at \`/metrics\` | type | unit | attributes | what it says |\n|---|---|---|---|---|---|\n${lines}\n`;
}

function row(name: string, instrument: Instrument): string {
  const { type, unit, attributes, help, bounds } = instrument;
  const said = bounds && bounds !== DURATION_BOUNDS ? `${help} Bounds: ${bounds.join(', ')}.` : help;
  const labels = attributes.map((one) => `\`${labelName(one)}\``).join(' ');
  return `| \`${name}\` | \`${prometheusName(name, instrument)}\` | ${type} | ${unit} | ${labels} | ${said} |`;
}
