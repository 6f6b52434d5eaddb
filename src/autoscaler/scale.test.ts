// Bounds and the way down to zero, row by row.

import { describe, expect, it } from 'vitest';
import { activatorCount, pathMode } from './burst.ts';
import type { ScaleFacts, ScaleVerdict } from './scale.ts';
import { scaleVerdict } from './scale.ts';

const idle: ScaleFacts = {
  nowMs: 1_000_000,
  desired: 0,
  minScale: 0,
  maxScale: 0,
  initialScale: 1,
  initialized: true,
  reachability: 'reachable',
  enableScaleToZero: true,
  active: { status: 'True', sinceMs: 0 },
  stableWindowMs: 60_000,
  graceMs: 30_000,
  retentionMs: 0,
  progressDeadlineMs: 600_000,
  proxiedSinceMs: undefined,
  proven: true,
};
const since = (status: 'True' | 'False' | 'Unknown', ms: number) => ({ active: { status, sinceMs: idle.nowMs - ms } });
const proxied = (ms: number) => ({ proxiedSinceMs: idle.nowMs - ms });

describe('scaleVerdict', () => {
  it.each<[string, Partial<ScaleFacts>, ScaleVerdict]>([
    ['no decision', { desired: -1 }, { scale: -1, apply: false, reason: 'Undecided' }],
    [
      'no decision, not even with a minimum',
      { desired: -1, minScale: 2 },
      { scale: -1, apply: false, reason: 'Undecided' },
    ],
    [
      'no decision while activating, with a minimum',
      { desired: -1, minScale: 2, ...since('Unknown', 5) },
      { scale: 2, apply: true, reason: 'BelowMin' },
    ],
    [
      'no decision while activating',
      { desired: -1, ...since('Unknown', 30_000) },
      { scale: -1, apply: false, reason: 'Activating', again: 600_000 },
    ],
    ['wanted', { desired: 3 }, { scale: 3, apply: true, reason: 'Wanted' }],
    ['below the minimum', { minScale: 2 }, { scale: 2, apply: true, reason: 'BelowMin' }],
    [
      'the minimum above the maximum',
      { desired: 9, minScale: 6, maxScale: 4 },
      { scale: 4, apply: true, reason: 'AboveMax' },
    ],
    ['above the maximum', { desired: 9, maxScale: 4 }, { scale: 4, apply: true, reason: 'AboveMax' }],
    [
      'unreachable has no minimum',
      { desired: 1, minScale: 5, reachability: 'unreachable' },
      { scale: 1, apply: true, reason: 'Wanted' },
    ],
    [
      'initial scale before it was reached',
      { desired: 1, initialScale: 3, initialized: false },
      { scale: 3, apply: true, reason: 'InitialScale' },
    ],
    [
      'initial scale after it was reached',
      { desired: 1, initialScale: 3 },
      { scale: 1, apply: true, reason: 'Wanted' },
    ],
    [
      'initial scale of what nobody reaches',
      { desired: 1, initialScale: 3, initialized: false, reachability: 'unreachable' },
      { scale: 1, apply: true, reason: 'Wanted' },
    ],
    [
      'a greater minimum than initial scale',
      { desired: 1, initialScale: 3, minScale: 4, initialized: false },
      { scale: 4, apply: true, reason: 'BelowMin' },
    ],
    ['scale to zero is off', { enableScaleToZero: false }, { scale: 1, apply: true, reason: 'ScaleToZeroDisabled' }],
    ['activating', since('Unknown', 1000), { scale: -1, apply: false, reason: 'Activating', again: 629_000 }],
    ['activating for too long', since('Unknown', 630_000), { scale: 0, apply: true, reason: 'ActivationTimedOut' }],
    [
      'active for less than a window',
      since('True', 20_000),
      { scale: 1, apply: true, reason: 'IdleNotLongEnough', again: 40_000 },
    ],
    ['active for a window', since('True', 60_000), { scale: 0, apply: false, reason: 'TurnInactive' }],
    [
      'active for a window, and proxied',
      { ...since('True', 60_000), ...proxied(1) },
      { scale: 0, apply: false, reason: 'TurnInactive', again: 3000 },
    ],
    [
      'inactive, not proven',
      { ...since('False', 90_000), proven: false },
      { scale: 0, apply: false, reason: 'GatewayNotProven', again: 1000 },
    ],
    ['inactive for the grace', since('False', 30_000), { scale: 0, apply: true, reason: 'GraceElapsed' }],
    [
      'proxied for the grace',
      { ...since('False', 1), ...proxied(30_000) },
      { scale: 0, apply: true, reason: 'ProxiedLongEnough' },
    ],
    [
      'proxied for less',
      { ...since('False', 1), ...proxied(10_000) },
      { scale: 0, apply: false, reason: 'GraceRuns', again: 20_000 },
    ],
    ['not proxied', since('False', 12_000), { scale: 0, apply: false, reason: 'GraceRuns', again: 18_000 }],
    [
      'retention runs',
      { ...since('False', 12_000), retentionMs: 50_000, ...proxied(90_000) },
      { scale: 0, apply: false, reason: 'RetentionRuns', again: 38_000 },
    ],
    [
      'retention is over, the grace is not',
      { ...since('False', 12_000), retentionMs: 10_000, ...proxied(15_000) },
      { scale: 0, apply: false, reason: 'GraceRuns', again: 15_000 },
    ],
    [
      'retention is over, and proxied for the grace',
      { ...since('False', 12_000), retentionMs: 10_000, ...proxied(30_000) },
      { scale: 0, apply: true, reason: 'ProxiedLongEnough' },
    ],
    [
      'a retention that is longer than the grace',
      { ...since('False', 30_000), retentionMs: 50_000, ...proxied(90_000) },
      { scale: 0, apply: false, reason: 'RetentionRuns', again: 20_000 },
    ],
    [
      'retention is over',
      { ...since('False', 50_000), retentionMs: 50_000 },
      { scale: 0, apply: true, reason: 'GraceElapsed' },
    ],
  ])('%s', (_, change, verdict) => expect(scaleVerdict({ ...idle, ...change })).toEqual(verdict));
});

describe('the path of requests', () => {
  it.each([
    [1, 0, 'Serve'],
    [0, 5, 'Proxy'],
    [1, -1, 'Proxy'],
    [3, 7, 'Serve'],
    [-1, 7, 'Proxy'],
    [-1, -1, 'Proxy'],
    [0, 0, 'Proxy'],
  ])('scale %d with room for %d: %s', (scale, excessBurstCapacity, mode) =>
    expect(pathMode({ scale, excessBurstCapacity })).toBe(mode),
  );

  it.each([
    [5, 100, 0, 2],
    [0, 100, 211, 3],
    [1, 100, 211, 4],
    [5, 100, -1, 5],
    [1, 10, -1, 2],
  ])('%d ready of %d each, burst %d: %d', (ready, total, targetBurstCapacity, count) =>
    expect(activatorCount({ ready, total, targetBurstCapacity, activatorCapacity: 100 })).toBe(count),
  );
});
