// config-gc: when revisions that no route leads to are deleted.

import { HOUR_MS } from '#base/mod.ts';
import type { ConfigOf } from './define.ts';
import { defineConfigMap } from './define.ts';
import { durationOrDisabled, whole, wholeOrDisabled } from './settings.ts';

/** A setting that is disabled is undefined. */
export const gcConfig = defineConfigMap(
  'config-gc',
  {
    'retain-since-create-time': durationOrDisabled(
      48 * HOUR_MS,
      '48h',
      'How long a revision is kept after it was made; disabled leaves this out.',
    ),
    'retain-since-last-active-time': durationOrDisabled(
      15 * HOUR_MS,
      '15h',
      'How long a revision is kept after a route last led to it; disabled leaves this out.',
    ),
    'min-non-active-revisions': whole(20, 'How many revisions without a route are always kept.'),
    'max-non-active-revisions': wholeOrDisabled(
      1000,
      'How many revisions without a route are kept at most, however young they are; disabled is no limit.',
    ),
  },
  {
    component: 'controller',
    doc: '',
    faultPrefix: 'failed to parse data: ',
    check({ minNonActiveRevisions: min, maxNonActiveRevisions: max }) {
      if (min < 0) return `min-non-active-revisions must be non-negative, was: ${min}`;
      if (max !== undefined && min > max) {
        return `min-non-active-revisions(${min}) must be <= max-non-active-revisions(${max})`;
      }
      return undefined;
    },
  },
);
export type GcConfig = ConfigOf<typeof gcConfig>;
