// When a revision counts as active, by what is wanted, what is ready and what it was before.

import { describe, expect, it } from 'vitest';
import type { ActiveFacts, ActiveVerdict } from './active.ts';
import { activeVerdict, neededScale } from './active.ts';

const usual: ActiveFacts = {
  want: 1,
  ready: 0,
  minScale: 0,
  initialScale: 1,
  initialized: true,
  hasService: true,
  wasActive: 'True',
};
const zero = { initialScale: 0, initialized: false } as const;

describe('activeVerdict', () => {
  it.each<[why: string, change: Partial<ActiveFacts>, ActiveVerdict['active']]>([
    ['none wanted', { want: 0, ready: 1 }, 'inactive'],
    ['none wanted, and it never came up', { want: 0, wasActive: 'Unknown' }, 'timed-out'],
    ['none wanted, of an initial scale of zero', { want: 0, wasActive: 'Unknown', ...zero }, 'inactive'],
    ['more wanted than there are', { want: 1, wasActive: 'False' }, 'activating'],
    ['more needed than there are', { want: 5, ready: 4, minScale: 5 }, 'activating'],
    ['as many as are needed', { want: 5, ready: 1, wasActive: 'Unknown' }, 'active'],
    ['nothing known, too few, was inactive', { want: -1, wasActive: 'False' }, 'inactive'],
    ['nothing known, too few, was activating', { want: -1, wasActive: 'Unknown' }, 'activating'],
    ['nothing known, too few, was active', { want: -1, wasActive: 'True' }, 'activating'],
    ['nothing known, enough, was inactive', { want: -1, ready: 1, wasActive: 'False' }, 'inactive'],
    ['nothing known, none needed, was activating', { want: -1, wasActive: 'Unknown', ...zero }, 'inactive'],
    ['nothing known, none needed, was active', { want: -1, ready: 1, ...zero }, 'inactive'],
    ['nothing known, enough, was activating', { want: -1, ready: 1, wasActive: 'Unknown' }, 'active'],
    ['nothing known, enough, was active', { want: -1, ready: 1 }, 'active'],
  ])('%s', (_, change, active) => expect(activeVerdict({ ...usual, ...change }).active).toBe(active));

  it.each<[why: string, change: Partial<ActiveFacts>, initialized: boolean]>([
    ['too few', { initialized: false, initialScale: 2, ready: 1 }, false],
    ['enough', { initialized: false, initialScale: 2, ready: 2 }, true],
    ['fewer than the minimum', { initialized: false, minScale: 3, ready: 2 }, false],
    ['enough, and no Service yet', { initialized: false, ready: 1, hasService: false }, false],
    ['once reached, never taken back', { ready: 0 }, true],
    ['an initial scale of zero', { ...zero, want: -1 }, true],
  ])('initialized: %s', (_, change, initialized) =>
    expect(activeVerdict({ ...usual, ...change }).initialized).toBe(initialized),
  );
});

it.each([
  [{ minScale: 0, initialScale: 1, initialized: false }, 1],
  [{ minScale: 0, initialScale: 0, initialized: false }, 0],
  [{ minScale: 3, initialScale: 2, initialized: false }, 3],
  [{ minScale: 2, initialScale: 5, initialized: false }, 5],
  [{ minScale: 2, initialScale: 5, initialized: true }, 2],
  [{ minScale: 0, initialScale: 0, initialized: true }, 1],
])('needed of %j: %d', (of, needed) => expect(neededScale(of)).toBe(needed));
