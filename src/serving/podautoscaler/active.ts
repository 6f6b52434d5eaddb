// Whether a revision counts as active: pure.

/** What the condition Active should say, and whether the initial scale has been reached. */
export interface ActiveVerdict {
  readonly initialized: boolean;
  readonly active: 'active' | 'activating' | 'inactive' | 'timed-out';
}

export interface ActiveFacts {
  /** The scale that is wanted; -1 where nothing is known. */
  readonly want: number;
  readonly ready: number;
  readonly minScale: number;
  readonly initialScale: number;
  /** Whether the initial scale was reached before now. */
  readonly initialized: boolean;
  /** Whether the core Service for requests is known. */
  readonly hasService: boolean;
  readonly wasActive: 'True' | 'False' | 'Unknown';
}

export function activeVerdict({
  want,
  ready,
  minScale,
  initialScale,
  wasActive,
  ...facts
}: ActiveFacts): ActiveVerdict {
  const needed = neededScale({ minScale, initialScale, initialized: facts.initialized });
  const initialized = facts.initialized || (ready >= needed && facts.hasService);
  if (want === 0 || needed === 0)
    return { initialized, active: wasActive === 'Unknown' && needed > 0 ? 'timed-out' : 'inactive' };
  // An initial scale of zero: nothing is known yet, and nobody has asked.
  if (want <= 0 && wasActive === 'False') return { initialized, active: 'inactive' };
  return { initialized, active: ready < needed ? 'activating' : 'active' };
}

/** How many copies must be ready for a revision to count as active. */
export function neededScale(of: Pick<ActiveFacts, 'minScale' | 'initialScale' | 'initialized'>): number {
  return of.initialized ? Math.max(of.minScale, 1) : Math.max(of.minScale, of.initialScale);
}
