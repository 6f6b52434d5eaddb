// Which endpoint takes the next request.

import type { Random } from '#base/mod.ts';
import type { Slot } from './slot.ts';

/** Up to this limit requests fill endpoints in order, so that few stay busy and the rest may go. */
const FIRST_AVAILABLE_LIMIT = 3;

export interface Choice {
  /** Endpoints that take requests. */
  readonly open: readonly Slot[];
  /** 0 = unlimited. */
  readonly concurrency: number;
  readonly random: Random;
  /** Where the round robin begins. */
  readonly turn: number;
  /** Taken only where there is no other. */
  readonly avoid?: Slot | undefined;
}

/** An endpoint with room, or undefined. */
export function chooseSlot(choice: Choice): Slot | undefined {
  if (choice.avoid) {
    const others = choice.open.filter((slot) => slot !== choice.avoid);
    const other = chooseSlot({ ...choice, open: others, avoid: undefined });
    if (other) return other;
  }
  if (choice.concurrency === 0) return leastOfTwo(choice);
  return firstWithRoom(choice, choice.concurrency <= FIRST_AVAILABLE_LIMIT ? 0 : choice.turn);
}

function leastOfTwo({ open, random }: Choice): Slot | undefined {
  if (open.length <= 1) return open[0];
  const one = Math.floor(random.next() * open.length);
  const step = 1 + Math.floor(random.next() * (open.length - 1));
  const a = open[one];
  const b = open[(one + step) % open.length];
  return a && b && b.inFlight < a.inFlight ? b : a;
}

function firstWithRoom({ open, concurrency }: Choice, from: number): Slot | undefined {
  for (let i = 0; i < open.length; i++) {
    const slot = open[(from + i) % open.length];
    if (slot && slot.inFlight < concurrency) return slot;
  }
  return undefined;
}
