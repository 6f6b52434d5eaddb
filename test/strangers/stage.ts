// What plays on the stage: something that is built once, and then run against a platform of its own.

import type { Platform } from '../harness/platform.ts';
import type { Outcome } from './outcomes.ts';

/** Something that must be installed first, which the message names. */
export class Lacking extends Error {}

/** What brings along all that it runs against. */
export interface LoneStage {
  prepare(): Promise<void>;
  /** As a stage runs, but without a platform. */
  runAlone(log: string, only?: string): Promise<Outcome[]>;
}

export interface Stage {
  /** Flags of `ebb up` for its platform, beside those of any. */
  readonly flags?: readonly string[];
  /** Builds everything, so that a platform is started only for the run itself. */
  prepare(): Promise<void>;
  /** Runs it once, all of it or what `only` (a regular expression) fits. `log` is the file that keeps its output. */
  run(platform: Platform, log: string, only?: string): Promise<Outcome[]>;
}
