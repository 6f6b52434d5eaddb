// What every part of the platform is given to begin with.

import type { Calm, Clock, Random } from '#base/mod.ts';
import type { Listening } from '../listening.ts';
import type { PlatformOptions } from '../platform-options.ts';
import type { Undo } from '../undo.ts';

export interface Site {
  readonly options: PlatformOptions;
  readonly listening: Listening;
  readonly clock: Clock;
  /** What is not waited for gives way to programs that start. */
  readonly calm: Calm;
  readonly random: Random;
  /** Each part adds its stop as soon as it has started. */
  readonly undo: Undo;
  /** Things a person should know; parts add theirs. */
  readonly notices: string[];
}
