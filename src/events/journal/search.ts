// Looks through what is kept, from the oldest on or from the newest back, until there is enough.

import type { LogRecord } from '../log/log.ts';

/** Where to look: from the one offset on, before the other. */
export interface Span {
  readonly from: number;
  readonly until: number;
}

export interface SearchPorts<R extends { readonly offset: number }> {
  /** Some records from an offset on; none at the end. */
  read(from: number): Promise<readonly LogRecord[]>;
  /** What of these is wanted, in their order. */
  pick(records: readonly LogRecord[]): Promise<readonly R[]>;
}

export interface Found<R> {
  /** In order of arrival, whichever way it was looked. */
  readonly rows: readonly R[];
  /** Where to go on: from here, or looking back, up to here. Absent at the end. */
  readonly next?: number;
}

/** Records that one question looks through. */
const MAX_SCANNED = 100_000;
/** Offsets that looking back takes at a time. */
const STEP = 1000;

/** The oldest of a span that are wanted. */
export async function oldest<R extends { readonly offset: number }>(
  { from, until }: Span,
  limit: number,
  ports: SearchPorts<R>,
): Promise<Found<R>> {
  const rows: R[] = [];
  let at = from;
  for (let scanned = 0; at < until && scanned < MAX_SCANNED && rows.length < limit; ) {
    const records = (await ports.read(at)).filter(({ offset }) => offset < until);
    const last = records.at(-1);
    if (!last) return { rows };
    scanned += records.length;
    const found = (await ports.pick(records)).slice(0, limit - rows.length);
    rows.push(...found);
    at = (rows.length === limit ? (rows.at(-1) ?? last) : last).offset + 1;
  }
  return at < until ? { rows, next: at } : { rows };
}

/** The newest. */
export async function newest<R extends { readonly offset: number }>(
  { from, until }: Span,
  limit: number,
  ports: SearchPorts<R>,
): Promise<Found<R>> {
  let rows: R[] = [];
  let at = until;
  for (let scanned = 0; at > from && scanned < MAX_SCANNED && rows.length < limit; scanned += STEP) {
    const start = Math.max(from, at - STEP);
    const found = await allOf({ from: start, until: at }, ports);
    rows = [...found, ...rows].slice(-limit);
    at = rows.length === limit ? (rows[0]?.offset ?? start) : start;
  }
  return at > from ? { rows, next: at } : { rows };
}

async function allOf<R extends { readonly offset: number }>(
  { from, until }: Span,
  ports: SearchPorts<R>,
): Promise<R[]> {
  const rows: R[] = [];
  for (let at = from; at < until; ) {
    const records = (await ports.read(at)).filter(({ offset }) => offset < until);
    const last = records.at(-1);
    if (!last) break;
    rows.push(...(await ports.pick(records)));
    at = last.offset + 1;
  }
  return rows;
}
