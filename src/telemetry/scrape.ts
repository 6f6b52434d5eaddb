// A number from elsewhere: asked for within a time, and found in the answer, which is Prometheus' text format or the number itself.

import type { Clock } from '#base/mod.ts';

/** Gets the text at an address. Rejects in words for the user where there is none, or too much. */
export type FetchText = (url: string, signal: AbortSignal) => Promise<string>;

/** Asks once, for so long. */
export async function fetchWithin(fetch: FetchText, url: string, clock: Clock, ms: number): Promise<string> {
  const late = new AbortController();
  const timer = clock.after(ms, () => late.abort(new Error(`no answer within ${ms / 1000} s`)));
  try {
    return await fetch(url, late.signal);
  } finally {
    timer.cancel();
  }
}

interface Series {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
}

/** Throws an Error that says what was looked for and what was met. */
export function valueIn(text: string, metric: string | undefined): number {
  if (metric === undefined) return bareNumber(text);
  const wanted = seriesOf(metric);
  let found = 0;
  let sum = 0;
  for (const line of text.split('\n')) {
    const [, series, value] = LINE.exec(line) ?? [];
    if (series === undefined || !isPartOf(wanted, seriesOf(series))) continue;
    found++;
    sum += Number(value?.replace('+Inf', 'Infinity'));
  }
  if (found === 0) throw new Error(`the answer has no series ${metric}`);
  if (!Number.isFinite(sum)) throw new Error(`${metric} is no number`);
  return sum;
}

const LINE = /^([a-zA-Z_:][a-zA-Z0-9_:]*(?:\{.*\})?)\s+(\S+)(?:\s+-?\d+)?\s*$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"((?:[^"\\]|\\.)*)"/g;

/** Whoever names the address need not be one who may read what is there, so nothing of the answer is told. */
function bareNumber(text: string): number {
  const value = text.trim() === '' ? NaN : Number(text);
  if (Number.isFinite(value)) return value;
  throw new Error(`expected a number for an answer, met ${text.length} characters that are none`);
}

function seriesOf(text: string): Series {
  const at = text.indexOf('{');
  if (at < 0) return { name: text, labels: new Map() };
  const labels = [...text.slice(at).matchAll(LABEL)].map(([, key = '', value = '']) => [key, value] as const);
  return { name: text.slice(0, at), labels: new Map(labels) };
}

/** Whether a series has the name and all labels that are wanted. */
function isPartOf(wanted: Series, { name, labels }: Series): boolean {
  return name === wanted.name && [...wanted.labels].every(([key, value]) => labels.get(key) === value);
}
