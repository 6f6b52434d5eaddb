// Durations as Go writes them (`1h2m3.5s`, `300ms`), which is how Knative's annotations and config maps spell time.

const UNIT_MS: Record<string, number> = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Milliseconds, or undefined where the text is no Go duration. `0` needs no unit. */
export function parseDuration(text: string): number | undefined {
  const match = /^([+-]?)(.+)$/.exec(text);
  if (!match) return undefined;
  const body = match[2] ?? '';
  if (body === '0') return 0;
  let total = 0;
  let rest = body;
  while (rest) {
    const part = /^(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)/.exec(rest);
    if (!part) return undefined;
    total += Number(part[1]) * (UNIT_MS[part[2] ?? ''] ?? 0);
    rest = rest.slice(part[0].length);
  }
  return match[1] === '-' ? -total : total;
}

/** What Go says of a text that is no duration. */
export function durationFault(text: string): string {
  const quoted = JSON.stringify(text);
  const rest = text.replace(/^[+-]/, '').replace(/^((\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h))*/, '');
  const [, number, unit = ''] = /^(\d+\.?\d*|\.\d+)([^\d.]*)/.exec(rest) ?? [];
  if (number === undefined) return `time: invalid duration ${quoted}`;
  return unit === ''
    ? `time: missing unit in duration ${quoted}`
    : `time: unknown unit ${JSON.stringify(unit)} in duration ${quoted}`;
}

/** The text Go's `Duration.String` gives for a number of milliseconds. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0s';
  const sign = ms < 0 ? '-' : '';
  const size = Math.abs(ms);
  if (size < 1e-3) return `${sign}${trim(size * 1e6)}ns`;
  if (size < 1) return `${sign}${trim(size * 1e3)}µs`;
  if (size < 1000) return `${sign}${trim(size)}ms`;
  const hours = Math.floor(size / 3_600_000);
  const minutes = Math.floor((size % 3_600_000) / 60_000);
  const seconds = trim((size % 60_000) / 1000);
  if (hours > 0) return `${sign}${hours}h${minutes}m${seconds}s`;
  return minutes > 0 ? `${sign}${minutes}m${seconds}s` : `${sign}${seconds}s`;
}

function trim(value: number): string {
  return String(Number(value.toFixed(9)));
}
