// Prometheus' spelling of OpenTelemetry's names: underscores for dots, and what the unit and the type add at the end.

import type { Instrument } from './instruments.ts';

const UNITS: Readonly<Record<string, string>> = { s: 'seconds', ms: 'milliseconds', By: 'bytes', '%': 'percent' };
const PER: Readonly<Record<string, string>> = { s: 'second', min: 'minute', h: 'hour' };

/**
 * The family's name, by the rules of OpenTelemetry's compatibility page for Prometheus: `kn.revision.rps.stable` in
 * `{request}/s` is `kn_revision_rps_stable_per_second`. Counters end in `_total`.
 */
export function prometheusName(name: string, { type, unit }: Pick<Instrument, 'type' | 'unit'>): string {
  const words = name.split(/[^a-zA-Z0-9]+/).filter(Boolean);
  const suffix = unitOf(unit);
  if (suffix !== undefined && !words.includes(suffix)) words.push(suffix);
  if (type === 'counter') words.push('total');
  if (type === 'gauge' && unit === '1') words.push('ratio');
  return words.join('_');
}

/** The unit as it ends a name: undefined where it adds nothing. */
export function unitOf(unit: string): string | undefined {
  const [main = '', per] = unit.split('/');
  const whole = UNITS[main];
  const parts = [...(whole ? [whole] : []), ...(per !== undefined && PER[per] ? ['per', PER[per]] : [])];
  return parts.length > 0 ? parts.join('_') : undefined;
}

/** An attribute's key as a label. */
export function labelName(key: string): string {
  return key.replaceAll(/[^a-zA-Z0-9_]/g, '_');
}
