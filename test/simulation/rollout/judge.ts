// A story with a crash beside the same story without one.

import type { CrashPoint } from './crashing-disk.ts';
import { differences } from './end-state.ts';
import type { RolloutRunOptions, RolloutRunResult } from './run.ts';
import { runStory } from './run.ts';

/** What one crash came to. */
export interface Verdict {
  readonly story: string;
  readonly crash: CrashPoint;
  readonly requests: number;
  readonly longestWaitMs: number;
  /** Empty where all was as it should be. */
  readonly problems: readonly string[];
  readonly trace: readonly string[];
}

/** Every moment at which control may die: right before and right after each write. */
export function crashPoints(writes: number): CrashPoint[] {
  return Array.from({ length: writes }, (_, i) => i + 1).flatMap((write) => [
    { write, when: 'before' as const },
    { write, when: 'after' as const },
  ]);
}

/** Crashes a story that came to `calm` without a crash. */
export async function crashed(
  options: RolloutRunOptions & { readonly crash: CrashPoint },
  calm: RolloutRunResult,
): Promise<Verdict> {
  const result = await runStory(options);
  const { breaches, crashes, requests, longestWaitMs, trace, endState } = result;
  const problems = [
    ...breaches,
    ...(crashes === 1 ? [] : [`control died ${crashes} times, not once`]),
    ...(breaches.length > 0 ? [] : differences(calm.endState, endState)),
  ];
  return { story: options.story, crash: options.crash, requests, longestWaitMs, problems, trace };
}

/** What a person needs to see it again. */
export function again({ story, crash }: Verdict, seed: number): string {
  return `again: npm run simulate -- rollout --story ${story} --seed ${seed} --write ${crash.write} --when ${crash.when}`;
}
