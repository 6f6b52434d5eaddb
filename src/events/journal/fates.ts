// From attempts to how an event stands. Pure.

import type { Attempt } from '../deliver/ports.ts';
import type { Fate } from './words.ts';

/** By consumer, of the attempts of one event in their order. */
export function fatesOf(attempts: readonly Attempt[], underWay: readonly string[]): Record<string, Fate> {
  const fates: Record<string, Fate> = {};
  for (const attempt of attempts) {
    const { consumer, status, next } = attempt;
    fates[consumer] = {
      state: next.kind === 'end' ? next.end : 'under way',
      attempts: (fates[consumer]?.attempts ?? 0) + 1,
      ...(status === undefined ? {} : { status }),
    };
  }
  for (const consumer of underWay) fates[consumer] = { attempts: 0, ...fates[consumer], state: 'under way' };
  return fates;
}
