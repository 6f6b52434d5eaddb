import { expect, test } from 'vitest';
import type { LogRecord } from '../log/log.ts';
import { newest, oldest } from './search.ts';

const FIRST = 500;
const LAST = 5000;

/** Records from FIRST to LAST, 300 at a read, of which every 7th is wanted. */
const ports = {
  read: async (from: number): Promise<readonly LogRecord[]> => {
    const start = Math.max(from, FIRST);
    const count = Math.max(0, Math.min(300, LAST + 1 - start));
    return Array.from({ length: count }, (_, i) => ({
      offset: start + i,
      appendedAt: 0,
      key: undefined,
      payload: new Uint8Array(),
    }));
  },
  pick: async (records: readonly LogRecord[]) => records.filter(({ offset }) => offset % 7 === 0),
};

const every7th = (from: number, until: number) =>
  Array.from({ length: until - from }, (_, i) => from + i).filter((offset) => offset % 7 === 0);

test.each([oldest, newest])('%o finds all, however they are cut', async (search) => {
  for (const limit of [1, 3, 200, 10_000]) {
    const all: number[] = [];
    let span = { from: FIRST, until: LAST + 1 };
    for (let at: number | undefined = 0; at !== undefined; ) {
      const { rows, next } = await search(span, limit, ports);
      expect(rows.length).toBeLessThanOrEqual(limit);
      const offsets = rows.map(({ offset }) => offset);
      if (search === oldest) all.push(...offsets);
      else all.unshift(...offsets);
      at = next;
      span = search === oldest ? { ...span, from: next ?? 0 } : { ...span, until: next ?? 0 };
    }
    expect(all).toEqual(every7th(FIRST, LAST + 1));
  }
});

test('the newest come first in a page, in order of arrival', async () => {
  const { rows } = await newest({ from: FIRST, until: 1000 }, 2, ports);
  expect(rows.map(({ offset }) => offset)).toEqual([987, 994]);
});

test('nothing is read of an empty span', async () => {
  expect(await oldest({ from: 9, until: 9 }, 5, ports)).toEqual({ rows: [] });
  expect(await newest({ from: 9, until: 9 }, 5, ports)).toEqual({ rows: [] });
});
