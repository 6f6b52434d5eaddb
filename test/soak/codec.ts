// Events by chance through every mode and through the log's payload: each comes back as it was, byte for byte.

import * as fc from 'fast-check';
import { anyEvent } from '../../src/events/codec/events.fixture.ts';
import { roundTripFault } from '../../src/events/codec/round-trips.fixture.ts';

export interface CodecSummary {
  readonly events: number;
  /** Each of them makes one. */
  readonly ways: readonly string[];
  readonly seconds: number;
  readonly wrong: readonly string[];
}

const WAYS = ['binary', 'structured', 'batched', 'record'];
const PARTS = 20;

/** Stops at the first part in which an event did not come back; what is wrong names the smallest such event, and its seed. */
export function soakCodec(options: {
  readonly events: number;
  readonly seed: number;
  readonly say: (text: string) => void;
}): CodecSummary {
  const begun = performance.now();
  const wrong: string[] = [];
  let events = 0;
  for (let part = 0; part < PARTS && wrong.length === 0; part++) {
    const numRuns = Math.ceil((options.events * (part + 1)) / PARTS) - events;
    const seed = options.seed + part;
    const found = fc.check(fc.property(anyEvent, holds), { numRuns, seed });
    events += found.numRuns;
    if (found.failed) wrong.push(`seed ${seed}: ${String(found.errorInstance)}`);
    options.say(`${events} events, ${wrong.length} wrong`);
  }
  return { events, ways: WAYS, seconds: Math.round((performance.now() - begun) / 1000), wrong };
}

type Event = Parameters<typeof roundTripFault>[0];

function holds(event: Event): void {
  const fault = roundTripFault(event);
  if (fault !== undefined) throw new Error(fault);
}
