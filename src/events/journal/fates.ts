// From attempts to how an event stands. Pure.

import type { Attempt } from '../deliver/ports.ts';
import type { Fate, FateState } from './words.ts';

/** By consumer, of the attempts of one event in their order. */
export function fatesOf(attempts: readonly Attempt[], underWay: readonly string[]): Record<string, Fate> {
  const fates: Record<string, Fate> = {};
  for (const attempt of attempts) {
    const { consumer, status } = attempt;
    const before = fates[consumer];
    fates[consumer] = {
      state: stateAfter(attempt, before?.state),
      attempts: (before?.attempts ?? 0) + 1,
      ...(status === undefined ? {} : { status }),
    };
  }
  for (const consumer of underWay) fates[consumer] = { attempts: 0, ...fates[consumer], state: 'under way' };
  return fates;
}

function stateAfter({ next, isRedrive }: Attempt, before: FateState | undefined): FateState {
  if (next.kind !== 'end') return isRedrive && before ? before : 'under way';
  return isRedrive && before && next.end !== 'delivered' ? before : next.end;
}
