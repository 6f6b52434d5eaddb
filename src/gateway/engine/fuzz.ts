// Holds the engine against Node's strict parser over many generated requests: `node fuzz.ts [how many] [seed]`. Ends with 1 where they part.

import * as fc from 'fast-check';
import type { Difference } from './differential.fixture.ts';
import { complaint, openBench } from './differential.fixture.ts';
import { requestBytes } from './generate.fixture.ts';

export interface FuzzOutcome {
  readonly judged: number;
  /** How often the engine was stricter, by its own words. */
  readonly stricter: ReadonlyMap<string, number>;
  readonly complaints: readonly { readonly bytes: string; readonly complaint: string }[];
}

const BATCH = 1000;
const MAX_COMPLAINTS = 20;

/** Judges `count` generated connections. The same seed gives the same bytes. */
export async function fuzz(count: number, seed: number): Promise<FuzzOutcome> {
  const bench = await openBench();
  const stricter = new Map<string, number>();
  const complaints: { bytes: string; complaint: string }[] = [];
  let judged = 0;
  try {
    while (judged < count && complaints.length < MAX_COMPLAINTS) {
      const batch = fc.sample(requestBytes, { seed: seed + judged, numRuns: Math.min(BATCH, count - judged) });
      for (const bytes of batch) {
        const difference = await bench.judge(bytes);
        note(difference, stricter);
        const text = complaint(difference);
        if (text !== undefined) complaints.push({ bytes, complaint: text });
      }
      judged += batch.length;
    }
  } finally {
    await bench.close();
  }
  return { judged, stricter, complaints };
}

function note({ strict, own }: Difference, stricter: Map<string, number>): void {
  if (own.taken.length >= strict.taken.length) return;
  const why = own.why ?? 'without a word';
  stricter.set(why, (stricter.get(why) ?? 0) + 1);
}

if (import.meta.main) {
  const [count = 10_000, seed = 1] = process.argv.slice(2).map(Number);
  const { judged, stricter, complaints } = await fuzz(count, seed);
  for (const { bytes, complaint: text } of complaints) console.error(`${JSON.stringify(bytes)}\n${text}\n`);
  console.log(`${judged} judged, ${complaints.length} complaints; stricter:`, Object.fromEntries(stricter));
  process.exitCode = complaints.length > 0 ? 1 : 0;
}
